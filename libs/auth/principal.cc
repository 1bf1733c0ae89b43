#include "libs/auth/principal.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::auth {
namespace {

constexpr std::string_view kPlatformOnly = "tenants.";

bool Gives(std::string_view grant, std::string_view permission) {
  if (grant == permission) return true;
  if (grant == "*") return !permission.starts_with(kPlatformOnly);
  if (!grant.ends_with(".*")) return false;
  grant.remove_suffix(1);
  return permission.size() > grant.size() && permission.starts_with(grant);
}

}  // namespace

PrincipalPtr Nobody() {
  static const PrincipalPtr nobody = std::make_shared<const Principal>();
  return nobody;
}

bool Permits(const std::vector<std::string>& granted, std::string_view permission) {
  return std::any_of(granted.begin(), granted.end(),
                     [&](const std::string& grant) { return Gives(grant, permission); });
}

bool PermitsAll(const std::vector<std::string>& granted, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& permission) { return Permits(granted, permission); });
}

absl::Status RequirePermission(const Principal& principal, std::string_view permission) {
  if (Permits(principal.permissions, permission)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "PERMISSION_MISSING",
               "this needs the permission \"" + std::string(permission) +
                   "\"; ask an administrator of the tenant for a role that has it",
               {{"permission", std::string(permission)}});
}

}  // namespace agentflow::auth
