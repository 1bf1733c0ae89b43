#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/channel.h"
#include "services/gateway/backends.h"
#include "services/gateway/method_table.h"

namespace agentflow::gateway {

struct DeliveryOptions {
  // How long a call looks for somebody who can answer it before it is refused.
  std::chrono::milliseconds patience{2'500};
  // Before the second try; twice as long before each further one, up to 100 ms.
  std::chrono::milliseconds pause{50};
  // A call that may be made twice and is not answered after this long is asked of another
  // executor too, where there is one.
  std::chrono::milliseconds ask_another{300};
  // So many calls may be asked of another at once, and then one in `ask_another_every`: what is
  // slow because there is too much of it must not become twice as much.
  int ask_another_burst = 200;
  int ask_another_every = 10;
};

// Brings unary calls to a service that can answer them, while services die, stop and hand lanes
// over: tries again what was certainly not done (LANE_MOVED), and, of what may be done twice
// (reads, methods that their proto calls idempotent, requests with a request id), also what was
// lost on the way. Thread-safe; never blocks.
class Delivery {
 public:
  struct Call {
    const Method* method = nullptr;
    std::string tenant;
    std::shared_ptr<const google::protobuf::Message> message;  // finds the lane; null: any
    std::string bytes;                                         // the same in wire format
    rpc::CallOptions options;
  };
  using Done = std::function<void(absl::StatusOr<std::string>)>;

  // `backends` must outlive all calls.
  explicit Delivery(Backends* backends, DeliveryOptions options = {});

  // `done` comes once. Errors are the service's own. When nobody could answer: UNAVAILABLE with
  // retryAfterMs, reason LANE_MOVED or PEER_UNAVAILABLE, without addresses of the inside.
  void Bring(Call call, Done done);

 private:
  class Budget;
  class Bringing;

  Backends* const backends_;
  const DeliveryOptions options_;
  const std::shared_ptr<Budget> budget_;
};

}  // namespace agentflow::gateway
