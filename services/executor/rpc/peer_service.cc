#include "services/executor/rpc/peer_service.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "agentflow/internal/executor/v1/peers.pb.h"
#include "libs/base/status.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::executor::v1;

constexpr std::chrono::milliseconds kPatience{700};

absl::StatusOr<pb::TakeLanesResponse> TakeLanes(const PeerServiceParts& parts,
                                                const pb::TakeLanesRequest& request) {
  for (int lane : request.lanes()) {
    if (lane < 0 || lane >= kLaneCount) {
      return InvalidArgument("LANE_INVALID", "lanes", "A lane is a number from 0 to 255.");
    }
  }
  parts.look();
  const runtime::Deadline deadline = runtime::Deadline::After(kPatience);
  auto owned = [&] {
    return std::all_of(request.lanes().begin(), request.lanes().end(),
                       [&](int lane) { return parts.router.Owns(lane); });
  };
  while (!owned()) {
    if (deadline.Passed()) {
      return Unavailable("LANE_MOVED", "These lanes are not this executor's by now.");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return pb::TakeLanesResponse();
}

}  // namespace

void RegisterPeerService(rpc::Server& server, PeerServiceParts parts) {
  server.Unary<pb::TakeLanesRequest, pb::TakeLanesResponse>(
      "agentflow.internal.executor.v1.PeerService/TakeLanes",
      [parts](const rpc::Call&, const pb::TakeLanesRequest& request) {
        return TakeLanes(parts, request);
      });
  server.UnaryAsync<pb::PingRequest, pb::PingResponse>(
      "agentflow.internal.executor.v1.PeerService/Ping",
      [parts](rpc::CallPtr, std::unique_ptr<pb::PingRequest>,
              std::function<void(absl::StatusOr<pb::PingResponse>)> done) {
        int64_t longest = 0;
        pb::PingResponse answer;
        for (const Committer* committer : parts.router.committers()) {
          const int64_t since = committer->unanswered_since();
          if (since != 0) longest = std::max(longest, parts.clock.Monotonic() - since);
          if (committer->Slow()) answer.set_slow(true);
        }
        answer.set_unanswered_ms(longest / 1000);
        done(std::move(answer));
      });
  server.UnaryAsync<pb::MailRequest, pb::MailResponse>(
      "agentflow.internal.executor.v1.PeerService/Mail",
      [parts](rpc::CallPtr, std::unique_ptr<pb::MailRequest> request,
              std::function<void(absl::StatusOr<pb::MailResponse>)> done) {
        for (int lane : request->lanes()) {
          if (lane >= 0 && lane < kLaneCount) parts.router.MailCame({lane});
        }
        done(pb::MailResponse());
      });
  server.UnaryAsync<pb::LookForMigrationsRequest, pb::LookForMigrationsResponse>(
      "agentflow.internal.executor.v1.PeerService/LookForMigrations",
      [parts](rpc::CallPtr, std::unique_ptr<pb::LookForMigrationsRequest>,
              std::function<void(absl::StatusOr<pb::LookForMigrationsResponse>)> done) {
        parts.migrate();
        done(pb::LookForMigrationsResponse());
      });
}

}  // namespace agentflow::executor
