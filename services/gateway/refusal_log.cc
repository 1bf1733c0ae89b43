#include "services/gateway/refusal_log.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/uuid.h"

namespace agentflow::gateway {
namespace {

constexpr size_t kBatch = 500;

bool IsRefusal(absl::StatusCode code) {
  return code == absl::StatusCode::kUnauthenticated ||
         code == absl::StatusCode::kPermissionDenied ||
         code == absl::StatusCode::kResourceExhausted;
}

}  // namespace

void RefusalLog::Add(std::string_view method, std::string_view resource,
                     std::string_view remote_address, std::string_view trace_id,
                     const auth::Principal& principal, const absl::Status& status) {
  if (!IsRefusal(status.code()) || principal.tenant.empty()) return;
  Refusal refusal;
  refusal.time = clock_->Now();
  refusal.tenant = principal.tenant;
  refusal.principal = principal.name;
  refusal.method = std::string(method);
  std::replace(refusal.method.begin(), refusal.method.end(), '/', '.');
  refusal.resource = std::string(resource);
  refusal.outcome = absl::StatusCodeToString(status.code());
  refusal.reason = ReasonOf(status);
  refusal.trace_id = std::string(trace_id);
  refusal.remote_address = std::string(remote_address);
  std::lock_guard lock(mutex_);
  if (queue_.size() >= limit_) {
    ++dropped_;
    return;
  }
  refusal.id = Uuid::MakeOrdered(refusal.time / 1000, *random_).ToString();
  queue_.push_back(std::move(refusal));
}

void RefusalLog::Flush() {
  std::vector<Refusal> batch;
  {
    std::lock_guard lock(mutex_);
    if (sending_ || queue_.empty()) return;
    sending_ = true;
    size_t count = std::min(kBatch, queue_.size());
    batch.assign(std::make_move_iterator(queue_.begin()),
                 std::make_move_iterator(queue_.begin() + static_cast<ptrdiff_t>(count)));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
  }
  auto kept = std::make_shared<std::vector<Refusal>>(batch);
  sender_(std::move(batch), [this, kept](bool ok) { Sent(std::move(*kept), ok); });
}

void RefusalLog::Sent(std::vector<Refusal> batch, bool ok) {
  std::lock_guard lock(mutex_);
  sending_ = false;
  if (ok) return;
  // The sink skips what it has already, so the same ids may go again.
  batch.insert(batch.end(), std::make_move_iterator(queue_.begin()),
               std::make_move_iterator(queue_.end()));
  if (batch.size() > limit_) {
    dropped_ += static_cast<int64_t>(batch.size() - limit_);
    batch.resize(limit_);
  }
  queue_ = std::move(batch);
}

}  // namespace agentflow::gateway
