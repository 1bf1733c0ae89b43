#include "services/executor/rpc/dispatch_service.h"

#include "agentflow/internal/executor/v1/dispatch.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

using LinkStream = rpc::ServerStream<pb::CoordinatorReports, pb::ExecutorOrders>;

// False: no attempt can have this name.
bool ToName(const pb::AttemptRef& ref, AttemptName* name) {
  const std::optional<Uuid> id = Uuid::Parse(ref.execution_id());
  if (!id || ref.attempt() <= 0) return false;
  *name = {.tenant = ref.tenant(),
           .execution = *id,
           .step = ref.step(),
           .attempt = static_cast<uint32_t>(ref.attempt())};
  return true;
}

void ToRef(const AttemptName& name, pb::AttemptRef* ref) {
  ref->set_tenant(name.tenant);
  ref->set_execution_id(name.execution.ToString());
  ref->set_step(name.step);
  ref->set_attempt(static_cast<int32_t>(name.attempt));
}

pb::ExecutorOrders ToOrders(const Orders& orders) {
  pb::ExecutorOrders out;
  for (const AttemptName& name : orders.drop) ToRef(name, out.add_drop());
  for (const auto& [name, number] : orders.claimed) {
    pb::Claim* claim = out.add_claimed();
    ToRef(name, claim->mutable_ref());
    claim->set_number(number);
  }
  for (const AttemptName& name : orders.acknowledged) ToRef(name, out.add_acknowledged());
  for (const AttemptName& name : orders.late) ToRef(name, out.add_late());
  for (const Orders::Cancel& cancel : orders.cancel) {
    ToRef(cancel.attempt, out.add_cancel()->mutable_ref());
    out.mutable_cancel(out.cancel_size() - 1)->set_reason(cancel.reason);
  }
  for (const auto& [name, token] : orders.refused) {
    pb::RefusedResult* refused = out.add_refused();
    ToRef(name, refused->mutable_ref());
    refused->set_token(token);
  }
  for (int lane : orders.lanes_moved) out.add_lanes_moved(lane);
  return out;
}

ResultItem ToResult(const pb::AttemptResult& result, AttemptName name,
                    const std::string& coordinator) {
  ResultItem item{.attempt = std::move(name), .coordinator = coordinator};
  if (result.outcome_case() == pb::AttemptResult::kFailure) {
    item.failed = true;
    item.reason = result.failure().reason();
    item.message = result.failure().message();
    item.retryable = result.failure().retryable();
    return item;
  }
  absl::StatusOr<json::Value> output =
      result.output_json().empty() ? json::Value() : json::Parse(result.output_json());
  if (output.ok()) {
    item.output = *std::move(output);
    return item;
  }
  // The worker's fault, and the same again would be refused again.
  item.failed = true;
  item.reason = "OUTPUT_INVALID";
  item.message = MessageOf(output.status());
  item.retryable = false;
  return item;
}

// One coordinator's stream.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(DispatchServiceParts parts, LinkStream stream) : parts_(parts), stream_(stream) {}

  void Open() {
    auto self = shared_from_this();
    opened_ = parts_.links.Open([stream = stream_] {
      stream.Finish(Unavailable("LANE_MOVED", "This executor is going away."));
    });
    stream_.OnEnd([self](const absl::Status&) {
      self->parts_.links.Ended(self->opened_);
      if (self->number_ != 0) self->parts_.links.Remove(self->coordinator_, self->number_);
    });
    pb::ExecutorOrders hello;
    hello.set_lease_ms(parts_.lease_ms);
    hello.set_heartbeat_interval_ms(parts_.heartbeat_interval_ms);
    stream_.Write(hello);
    stream_.Start([self](pb::CoordinatorReports reports) { self->Take(reports); },
                  [self] { self->stream_.Finish(); });
  }

 private:
  void Take(const pb::CoordinatorReports& reports) {
    if (number_ == 0) {
      if (reports.coordinator_id().empty()) {
        return stream_.Finish(InvalidArgument("FIELD_REQUIRED", "coordinatorId",
                                              "The first report names its coordinator."));
      }
      coordinator_ = reports.coordinator_id();
      number_ = parts_.links.Add(coordinator_, [stream = stream_](const Orders& orders) {
        stream.Write(ToOrders(orders));
      });
    }
    for (const pb::Claim& claim : reports.claimed()) Post(claim.ref(), claim.number(), nullptr);
    for (const pb::AttemptRef& ref : reports.held()) Post(ref, 0, nullptr);
    for (const pb::AttemptResult& result : reports.results()) Post(result.ref(), 0, &result);
    parts_.links.Flush();
  }

  void Post(const pb::AttemptRef& ref, int64_t claim, const pb::AttemptResult* result) {
    AttemptName name;
    if (!ToName(ref, &name)) {
      obs::Warn("a report names an impossible attempt", {{"step", ref.step()}});
      return;
    }
    if (result != nullptr && !parts_.tokens.Check(name, result->token())) {
      // Whoever sent it never had the task. Who had it may have to say something still.
      obs::Warn("a result with a wrong task token", {{"tenant", name.tenant},
                                                     {"execution", name.execution.ToString()},
                                                     {"step", name.step},
                                                     {"attempt", name.attempt}});
      parts_.links.Collect(coordinator_, [&](Orders& orders) {
        orders.refused.emplace_back(name, result->token());
      });
      return;
    }
    Item item = result == nullptr ? Item(HeldItem{name, coordinator_, claim})
                                  : Item(ToResult(*result, name, coordinator_));
    const absl::Status posted = parts_.router.Post(std::move(item));
    // When too much waits the coordinator hears nothing and sends it again.
    if (ReasonOf(posted) == "LANE_MOVED") {
      const int lane = LaneOf(name.execution);
      parts_.links.Collect(coordinator_, [&](Orders& orders) { orders.lanes_moved.insert(lane); });
    }
  }

  const DispatchServiceParts parts_;
  const LinkStream stream_;
  std::string coordinator_;
  uint64_t number_ = 0;
  uint64_t opened_ = 0;
};

}  // namespace

void RegisterDispatchService(rpc::Server& server, DispatchServiceParts parts) {
  server.BidiStreaming<pb::CoordinatorReports, pb::ExecutorOrders>(
      "agentflow.internal.executor.v1.DispatchService/Link",
      [parts](LinkStream stream) { std::make_shared<Link>(parts, std::move(stream))->Open(); });
  server.ServerStreaming<pb::WatchLanesRequest, pb::LaneMap>(
      "agentflow.internal.executor.v1.DispatchService/WatchLanes",
      [parts](LaneWatchers::Stream stream, const pb::WatchLanesRequest&) {
        if (stream.call().caller == "executor") parts.peer_came();
        parts.watchers.Add(std::move(stream));
      });
}

}  // namespace agentflow::executor
