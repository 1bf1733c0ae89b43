#pragma once

#include <optional>
#include <string>

#include "libs/rpc/server.h"
#include "services/gateway/backends.h"
#include "services/gateway/chain.h"
#include "services/gateway/delivery.h"
#include "services/gateway/live_streams.h"
#include "services/gateway/method_table.h"

namespace agentflow::gateway {

// The public gRPC port: every call passes the chain and goes on as bytes, streams included.
class GrpcFront {
 public:
  // All must outlive the server.
  GrpcFront(const MethodTable* methods, Chain* chain, Backends* backends, Delivery* delivery,
            LiveStreams* live, const Clock* clock, std::chrono::milliseconds default_timeout,
            std::chrono::milliseconds max_timeout)
      : methods_(methods),
        chain_(chain),
        backends_(backends),
        delivery_(delivery),
        live_(live),
        clock_(clock),
        default_timeout_(default_timeout),
        max_timeout_(max_timeout) {}

  // For rpc::Server::Fallback.
  void Decide(rpc::CallPtr call, std::optional<std::string> first_message,
              rpc::Server::ForwardDone done);

 private:
  absl::StatusOr<rpc::Forward> ForwardOf(const rpc::Call& call, const Incoming& incoming,
                                         const CallerPtr& caller,
                                         const std::optional<std::string>& first);

  const MethodTable* const methods_;
  Chain* const chain_;
  Backends* const backends_;
  Delivery* const delivery_;
  LiveStreams* const live_;
  const Clock* const clock_;
  const std::chrono::milliseconds default_timeout_;
  const std::chrono::milliseconds max_timeout_;
};

// "ipv4:127.0.0.1:50312" -> "127.0.0.1"; "ipv6:%5B::1%5D:5" -> "::1".
std::string AddressOfPeer(std::string_view peer);

}  // namespace agentflow::gateway
