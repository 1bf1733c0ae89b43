#include "services/tenant/users/roles.h"

#include <algorithm>

#include "libs/auth/principal.h"
#include "libs/auth/roles.h"

namespace agentflow::tenant {

absl::StatusOr<std::vector<std::string>> NormalizeRoles(std::vector<std::string> roles,
                                                        const char* field) {
  std::sort(roles.begin(), roles.end());
  roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
  for (const std::string& role : roles) {
    if (auth::FindBuiltinRole(role) != nullptr) continue;
    std::string known;
    for (const auth::BuiltinRole& builtin : auth::BuiltinRoles()) {
      known += (known.empty() ? "" : ", ") + std::string(builtin.id);
    }
    return InvalidArgument("ROLE_UNKNOWN", field,
                           "there is no role \"" + role + "\"; choose from " + known);
  }
  return roles;
}

absl::Status RequireGrantable(const std::vector<std::string>& permissions,
                              const std::vector<std::string>& roles, const char* field) {
  for (const std::string& role : roles) {
    if (auth::PermitsAll(permissions, auth::PermissionsOf({role}))) continue;
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_GRANTABLE",
                 "the role \"" + role + "\" is above your own; ask somebody who holds it",
                 {{kErrorField, field}, {"role", role}});
  }
  return absl::OkStatus();
}

}  // namespace agentflow::tenant
