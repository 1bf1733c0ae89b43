#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/auth/principal.h"
#include "libs/obs/trace.h"
#include "libs/runtime/deadline.h"

namespace agentflow::rpc {

// Keys of the metadata on internal hops.
inline constexpr char kContextKey[] = "af-context";      // user context (libs/auth)
inline constexpr char kTenantKey[] = "af-tenant";        // service context: tenant's slug
inline constexpr char kPrincipalKey[] = "af-principal";  // service context: principal's name
inline constexpr char kRequestIdKey[] = "af-request-id";
inline constexpr char kTraceparentKey[] = "traceparent";
inline constexpr char kRemoteAddressKey[] = "af-remote-address";  // believed from the gateway only

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Everything a handler knows about the call besides the request. Made by the server; tests make
// their own:  rpc::Call call; call.identity = std::make_shared<auth::Principal>(...);
struct Call {
  // "agentflow.api.v1.WorkflowService/GetWorkflow"
  std::string method;
  // Never null.
  auth::PrincipalPtr identity = auth::Nobody();
  // The user context as it came, to be handed on. Empty under a service context.
  std::string user_context;
  // Name in the peer's certificate: the service that sent the call. Empty on plain ports.
  std::string caller;
  runtime::Deadline deadline;
  obs::TraceContext trace;
  std::string request_id;
  // "ipv4:127.0.0.1:50312"; for calls through the gateway the user's address, "203.0.113.7".
  std::string peer;
  // As received; filled for fallback calls only.
  Metadata metadata;
  // Set once nobody waits for the answer any more.
  std::atomic<bool> cancelled{false};

  const auth::Principal& principal() const { return *identity; }
  const std::string& tenant() const { return identity->tenant; }
  // First value of `key` (lower case) in `metadata`; empty where there is none.
  std::string_view Find(std::string_view key) const {
    for (const auto& [name, value] : metadata) {
      if (name == key) return value;
    }
    return {};
  }
};

using CallPtr = std::shared_ptr<const Call>;

}  // namespace agentflow::rpc
