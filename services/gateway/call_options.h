#pragma once

#include "libs/rpc/channel.h"
#include "services/gateway/chain.h"

namespace agentflow::gateway {

// What goes along with an admitted call.
inline rpc::CallOptions OptionsFor(const Incoming& incoming, const Caller& caller,
                                   runtime::Deadline deadline) {
  rpc::CallOptions options;
  options.deadline = deadline;
  options.wait_for_ready = false;
  options.user_context = caller.context;
  options.trace = incoming.trace;
  options.request_id = incoming.request_id;
  options.metadata = {{rpc::kRemoteAddressKey, incoming.remote_address}};
  return options;
}

}  // namespace agentflow::gateway
