#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace agentflow::auth {

// Whoever calls. Immutable once shared.
struct Principal {
  // Slug of the tenant; empty for calls without one (sign-in, service to service).
  std::string tenant;
  // users/{id}, apiKeys/{id}, serviceAccounts/{id}; services/{name} for a service of its own
  // accord; empty for nobody.
  std::string name;
  std::string email;
  std::string display_name;
  std::vector<std::string> roles;
  // Sorted. "*", "<collection>.*" and "<collection>.<verb>"; see Permits.
  std::vector<std::string> permissions;
  // True where a service acts in the principal's name (service context). Such a principal has no
  // permissions here: ask IdentityService.Authorize for those it has now.
  bool by_service = false;

  bool authenticated() const { return !name.empty(); }
};

using PrincipalPtr = std::shared_ptr<const Principal>;

// The principal of calls without a credential.
PrincipalPtr Nobody();

// Whether `granted` gives `permission` ("workflows.update"). "*" gives everything except
// "tenants.*", which is the platform's own and is only given by name.
bool Permits(const std::vector<std::string>& granted, std::string_view permission);
// Whether `granted` gives everything that `wanted` (which may hold wildcards) gives.
bool PermitsAll(const std::vector<std::string>& granted, const std::vector<std::string>& wanted);

// OK, or PERMISSION_DENIED with reason PERMISSION_MISSING and metadata `permission`.
absl::Status RequirePermission(const Principal& principal, std::string_view permission);

}  // namespace agentflow::auth
