#pragma once

#include <string>

#include "libs/pg/pool.h"
#include "services/tenant/keys/api_keys.h"
#include "services/tenant/tenants/tenants.h"

namespace agentflow::tenant {

struct BootstrapRequest {
  std::string tenant = "default";
  std::string email;
  std::string password;
  bool new_key = false;  // make another key although there is one
};

struct BootstrapResult {
  std::string tenant;
  std::string email;
  std::string api_key;  // empty: there was one already, which nobody can show again
};

// The first installation: the tenant with an administrator of tenant and platform, and an API key
// of the same rights. What is there already stays as it is, so running it again changes nothing.
absl::StatusOr<BootstrapResult> Bootstrap(Tenants& tenants, ApiKeys& keys,
                                          const BootstrapRequest& request);

}  // namespace agentflow::tenant
