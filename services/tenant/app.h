#pragma once

#include <memory>

#include "libs/rpc/service.h"

namespace agentflow::tenant {

enum class Mode {
  kServe,
  kBootstrap,        // make the first tenant, administrator and key, print them, exit
  kBootstrapNewKey,  // the same with another key although there is one
};

// The tenant service: tenants, users, keys, sessions, identities and the audit trail.
std::unique_ptr<rpc::Service> MakeTenantService(Mode mode);

}  // namespace agentflow::tenant
