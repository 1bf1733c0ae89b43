#include "libs/rpc/call.h"

#include "libs/rpc/channel.h"

namespace agentflow::rpc {

CallOptions CallOptions::ForUser(const Call& call) {
  CallOptions options;
  options.deadline = call.deadline;
  options.user_context = call.user_context;
  options.trace = call.trace;
  options.request_id = call.request_id;
  return options;
}

CallOptions CallOptions::ForService(const Call& call) {
  CallOptions options = ForUser(call);
  options.user_context.clear();
  options.tenant = call.tenant();
  options.principal = call.principal().name;
  return options;
}

CallOptions CallOptions::ForService(std::string tenant, std::string principal,
                                    obs::TraceContext trace) {
  CallOptions options;
  options.tenant = std::move(tenant);
  options.principal = std::move(principal);
  options.trace = std::move(trace);
  return options;
}

}  // namespace agentflow::rpc
