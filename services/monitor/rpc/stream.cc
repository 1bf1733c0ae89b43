#include "services/monitor/rpc/stream.h"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "agentflow/api/v1/stream.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/uuid.h"
#include "libs/json/value.h"
#include "libs/rpc/json_value.h"

namespace agentflow::monitor {
namespace {

using api::v1::ClientFrame;
using api::v1::ServerFrame;
using google::protobuf::util::TimeUtil;
using Stream = rpc::ServerStream<ClientFrame, ServerFrame>;

constexpr char kAll[] = "executions";
constexpr char kOnePrefix[] = "executions/";
constexpr size_t kIdMax = 64;

template <typename State, typename Parse>
State StateOf(const std::string& name, Parse parse) {
  State state{};
  parse(name, &state);
  return state;
}

void FillExecution(const ExecutionChange& change, api::v1::Execution* out) {
  out->set_name(kOnePrefix + change.execution_id);
  out->set_workflow(change.workflow);
  out->set_version(change.version);
  out->set_mode(StateOf<api::v1::Execution::Mode>(change.mode, api::v1::Execution::Mode_Parse));
  out->set_state(StateOf<api::v1::Execution::State>(change.state, api::v1::Execution::State_Parse));
  *out->mutable_start_time() = TimeUtil::MillisecondsToTimestamp(change.start_time_ms);
  if (change.end_time_ms > 0) {
    *out->mutable_end_time() = TimeUtil::MillisecondsToTimestamp(change.end_time_ms);
  }
  if (!change.error_reason.empty()) {
    out->mutable_error()->set_reason(change.error_reason);
    out->mutable_error()->set_message(change.error_message);
    out->mutable_error()->set_node(change.error_node);
  }
  if (auto output = json::Parse(change.output_json); output.ok()) {
    rpc::ToProto(*output, out->mutable_output());
  }
  out->mutable_labels()->insert(change.labels.begin(), change.labels.end());
  out->set_business_key(change.business_key);
}

void FillStep(const ExecutionChange& change, const StepChange& step, api::v1::Step* out) {
  std::string path = step.node + (step.iteration.empty() ? "" : "." + step.iteration);
  out->set_name(kOnePrefix + change.execution_id + "/steps/" + path);
  out->set_node(step.node);
  out->set_iteration(step.iteration);
  out->set_type(step.type);
  out->set_state(StateOf<api::v1::Step::State>(step.state, api::v1::Step::State_Parse));
  out->set_attempt(step.attempt);
  if (step.start_time_ms > 0) {
    *out->mutable_start_time() = TimeUtil::MillisecondsToTimestamp(step.start_time_ms);
  }
  if (step.end_time_ms > 0) {
    *out->mutable_end_time() = TimeUtil::MillisecondsToTimestamp(step.end_time_ms);
  }
  if (!step.error_reason.empty()) {
    out->mutable_error()->set_reason(step.error_reason);
    out->mutable_error()->set_message(step.error_message);
  }
}

// One connection with its subscriptions. Frames come one at a time.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Stream stream, StreamHub& hub, int subscriptions_max)
      : stream_(std::move(stream)), hub_(hub), subscriptions_max_(subscriptions_max) {}

  void Begin() {
    auto self = shared_from_this();
    stream_.OnEnd([self](const absl::Status&) { self->End(); });
    stream_.Start([self](ClientFrame frame) { self->Receive(frame); },
                  [self] { self->stream_.Finish(); });
  }

 private:
  void Receive(const ClientFrame& frame) {
    ServerFrame answer;
    switch (frame.body_case()) {
      case ClientFrame::kSubscribe: return Subscribe(frame.subscribe());
      case ClientFrame::kUnsubscribe: return Unsubscribe(frame.unsubscribe().id());
      case ClientFrame::kPing:
        answer.mutable_pong();
        stream_.Write(answer);
        return;
      case ClientFrame::BODY_NOT_SET:
        return Fail("", "FRAME_EMPTY", "a frame holds one of subscribe, unsubscribe and ping");
    }
  }

  void Subscribe(const api::v1::Subscribe& request) {
    const std::string& id = request.id();
    if (id.empty() || id.size() > kIdMax) {
      return Fail(id, "FIELD_INVALID", "id must have 1 to 64 characters");
    }
    std::string execution;
    if (request.topic() != kAll) {
      if (request.topic().rfind(kOnePrefix, 0) != 0 ||
          !Uuid::Parse(request.topic().substr(sizeof(kOnePrefix) - 1))) {
        return Fail(id, "TOPIC_UNKNOWN", "topic must be 'executions' or 'executions/{id}'");
      }
      execution = request.topic().substr(sizeof(kOnePrefix) - 1);
    }
    {
      std::lock_guard lock(mutex_);
      if (ended_) return;
      if (subscriptions_.contains(id)) {
        return Fail(id, "SUBSCRIPTION_EXISTS", "'" + id + "' is in use; unsubscribe it first");
      }
      if (static_cast<int>(subscriptions_.size()) >= subscriptions_max_) {
        return Fail(id, "SUBSCRIPTIONS_TOO_MANY",
                    "a connection has at most " + std::to_string(subscriptions_max_));
      }
      subscriptions_[id] = 0;
    }
    Stream stream = stream_;  // what the hub keeps must not keep this connection
    int64_t subscription = hub_.Subscribe(
        stream_.call().tenant(), execution, request.position(),
        {.subscribed = [stream, id](std::string_view position,
                                    bool reset) { Greet(stream, id, position, reset); },
         .happened = [stream, id](const Happening& happening, std::string_view position) {
           Tell(stream, id, happening, position);
         }});
    std::lock_guard lock(mutex_);
    if (ended_) return hub_.Unsubscribe(subscription);
    subscriptions_[id] = subscription;
  }

  static void Greet(const Stream& stream, const std::string& id, std::string_view position,
                    bool reset) {
    ServerFrame frame;
    if (reset) {
      frame.mutable_reset()->set_id(id);
      frame.mutable_reset()->set_position(std::string(position));
    } else {
      frame.mutable_subscribed()->set_id(id);
      frame.mutable_subscribed()->set_position(std::string(position));
    }
    stream.Write(frame);
  }

  static void Tell(const Stream& stream, const std::string& id, const Happening& happening,
                   std::string_view position) {
    ServerFrame frame;
    auto* event = frame.mutable_event();
    event->set_id(id);
    event->set_position(std::string(position));
    const ExecutionChange& change = *happening.change;
    if (happening.step < 0) {
      FillExecution(change, event->mutable_execution());
    } else {
      FillStep(change, change.steps[static_cast<size_t>(happening.step)], event->mutable_step());
    }
    stream.Write(frame);
  }

  void Unsubscribe(const std::string& id) {
    std::lock_guard lock(mutex_);
    auto it = subscriptions_.find(id);
    if (it == subscriptions_.end()) return;
    hub_.Unsubscribe(it->second);
    subscriptions_.erase(it);
  }

  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    for (const auto& [id, subscription] : subscriptions_) hub_.Unsubscribe(subscription);
    subscriptions_.clear();
  }

  void Fail(const std::string& id, const char* reason, const std::string& message) {
    ServerFrame frame;
    frame.mutable_failed()->set_id(id);
    frame.mutable_failed()->set_reason(reason);
    frame.mutable_failed()->set_message(message);
    stream_.Write(frame);
  }

  Stream stream_;
  StreamHub& hub_;
  const int subscriptions_max_;
  std::mutex mutex_;
  bool ended_ = false;
  std::map<std::string, int64_t> subscriptions_;
};

}  // namespace

void RegisterStreamService(rpc::Server& server, StreamHub& hub, int subscriptions_max) {
  server.BidiStreaming<ClientFrame, ServerFrame>(
      "agentflow.api.v1.StreamService/Stream", [&hub, subscriptions_max](Stream stream) {
        std::make_shared<Connection>(std::move(stream), hub, subscriptions_max)->Begin();
      });
}

}  // namespace agentflow::monitor
