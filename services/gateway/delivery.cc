#include "services/gateway/delivery.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "google/protobuf/descriptor.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/alarm.h"

namespace agentflow::gateway {
namespace {

namespace pb = google::protobuf;

constexpr std::chrono::milliseconds kLongestPause{100};
// Between looks for another one to ask, once a call has waited for too long.
constexpr std::chrono::milliseconds kLookAgain{50};
// Executors among which one is looked for that is to be asked.
constexpr size_t kMostAsked = 4;

bool HasRequestId(const pb::Message* message) {
  if (message == nullptr) return false;
  const pb::FieldDescriptor* field = message->GetDescriptor()->FindFieldByName("request_id");
  return field != nullptr && !field->is_repeated() &&
         field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING &&
         !message->GetReflection()->GetString(*message, field).empty();
}

// As its proto says.
bool IsIdempotent(const Method& method) {
  return method.descriptor->options().idempotency_level() == pb::MethodOptions::IDEMPOTENT;
}

// Addresses of the inside are no business of users; when to come again is.
absl::Status ForUsers(const absl::Status& status, const Method& method) {
  const std::string reason = ReasonOf(status);
  if (reason != "PEER_UNAVAILABLE" && reason != "LANE_MOVED") return status;
  return Error(absl::StatusCode::kUnavailable, reason,
               reason == "LANE_MOVED"
                   ? "the execution is being handed over to another executor; try again"
                   : "the " + method.backend + " service cannot be reached now; try again",
               {{kErrorRetryAfterMs, "1000"}});
}

}  // namespace

// How many calls may still be asked of another executor. Thread-safe.
class Delivery::Budget {
 public:
  Budget(int burst, int every) : every_(every), most_(int64_t{burst} * every), left_(most_) {}

  bool Spend() {
    std::lock_guard lock(mutex_);
    if (left_ < every_) return false;
    left_ -= every_;
    return true;
  }
  void Answered() {
    std::lock_guard lock(mutex_);
    left_ = std::min(most_, left_ + 1);
  }

 private:
  const int64_t every_;
  const int64_t most_;
  std::mutex mutex_;
  int64_t left_;  // a second ask costs `every_`, an answer gives one back
};

// One call under way, asked of one or more.
class Delivery::Bringing : public std::enable_shared_from_this<Bringing> {
 public:
  Bringing(Backends* backends, const DeliveryOptions& options, std::shared_ptr<Budget> budget,
           Delivery::Call call, Delivery::Done done)
      : backends_(backends),
        options_(options),
        budget_(std::move(budget)),
        call_(std::move(call)),
        read_(IsRead(*call_.method)),
        twice_(read_ || IsIdempotent(*call_.method) || HasRequestId(call_.message.get())),
        until_(runtime::Deadline::After(options.patience)),
        pause_(options.pause),
        done_(std::move(done)) {}

  void Begin() {
    Ask(backends_->For(*call_.method, call_.tenant, call_.message.get()));
    if (twice_ && backends_->Routed(*call_.method)) LookAgain(options_.ask_another);
  }

 private:
  void Ask(const rpc::ChannelPtr& channel) {
    {
      std::lock_guard lock(mutex_);
      ++asked_[channel];
      ++under_way_;
    }
    channel->UnaryBytes(call_.method->path, call_.bytes, call_.options,
                        [self = shared_from_this(), channel](absl::StatusOr<std::string> answer) {
                          self->Answered(channel, std::move(answer));
                        });
  }

  bool MayTryAgain(const absl::Status& status) const {
    const std::string reason = ReasonOf(status);
    if (reason == "LANE_MOVED") return true;
    return twice_ && (reason == "PEER_UNAVAILABLE" || reason == "DATABASE_UNAVAILABLE" ||
                      reason == "DATABASE_COMMIT_UNKNOWN");
  }

  // When to try again; called once for each try.
  std::chrono::milliseconds NextPause() {
    std::lock_guard lock(mutex_);
    return std::exchange(pause_, std::min(2 * pause_, kLongestPause));
  }

  void Answered(const rpc::ChannelPtr& channel, absl::StatusOr<std::string> answer) {
    Delivery::Done done;
    {
      std::lock_guard lock(mutex_);
      --under_way_;
      --asked_[channel];
      if (!done_) return;
      if (!MayTryAgain(answer.status())) {
        done = std::exchange(done_, nullptr);
      } else if (until_.Left() <= pause_ || call_.options.deadline.Passed()) {
        if (under_way_ > 0) return;  // another one may still answer
        done = std::exchange(done_, nullptr);
      }
    }
    if (done) {
      budget_->Answered();
      if (answer.ok()) return done(std::move(answer));
      return done(ForUsers(answer.status(), *call_.method));
    }
    rpc::After(NextPause(), [self = shared_from_this()] { self->TryAgain(); });
  }

  // Of somebody who has not to answer already: one who keeps silent must not be all that is left
  // when the others have refused for a moment.
  void TryAgain() {
    rpc::ChannelPtr free;
    for (size_t i = 0; i < kMostAsked && free == nullptr; ++i) {
      size_t attempt;
      {
        std::lock_guard lock(mutex_);
        if (!done_) return;
        attempt = ++attempt_;
      }
      rpc::ChannelPtr channel =
          backends_->For(*call_.method, call_.tenant, call_.message.get(), attempt);
      std::lock_guard lock(mutex_);
      if (asked_[channel] == 0) free = std::move(channel);
    }
    if (free != nullptr) return Ask(free);
    // Whoever is asked answers in the end.
  }

  // A read may be asked of anybody else; a request that may be made twice, of the lane's owner,
  // once that is another one than those who were asked.
  void LookAgain(std::chrono::milliseconds after) {
    rpc::After(after, [self = shared_from_this()] {
      rpc::ChannelPtr other;
      {
        std::lock_guard lock(self->mutex_);
        if (!self->done_ || self->call_.options.deadline.Passed()) return;
      }
      const Delivery::Call& call = self->call_;
      const size_t most = self->read_ ? kMostAsked : 1;
      for (size_t attempt = 0; attempt < most && other == nullptr; ++attempt) {
        rpc::ChannelPtr channel =
            self->backends_->For(*call.method, call.tenant, call.message.get(), attempt);
        std::lock_guard lock(self->mutex_);
        if (!self->asked_.contains(channel)) other = std::move(channel);
      }
      if (other != nullptr && self->budget_->Spend()) self->Ask(other);
      self->LookAgain(std::min(kLookAgain, self->options_.ask_another));
    });
  }

  Backends* const backends_;
  const DeliveryOptions options_;
  const std::shared_ptr<Budget> budget_;
  const Delivery::Call call_;
  const bool read_;
  const bool twice_;  // may be made twice
  const runtime::Deadline until_;
  std::mutex mutex_;
  std::chrono::milliseconds pause_;
  Delivery::Done done_;  // null once the call is over
  size_t attempt_ = 0;
  int under_way_ = 0;
  std::map<rpc::ChannelPtr, int> asked_;  // and how many answers each owes
};

Delivery::Delivery(Backends* backends, DeliveryOptions options)
    : backends_(backends),
      options_(options),
      budget_(std::make_shared<Budget>(options.ask_another_burst, options.ask_another_every)) {}

void Delivery::Bring(Call call, Done done) {
  std::make_shared<Bringing>(backends_, options_, budget_, std::move(call), std::move(done))
      ->Begin();
}

}  // namespace agentflow::gateway
