#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace agentflow::tenant {

inline constexpr char kAdminRole[] = "admin";

// The roles sorted and without doubles. ROLE_UNKNOWN for one that does not exist.
absl::StatusOr<std::vector<std::string>> NormalizeRoles(std::vector<std::string> roles,
                                                        const char* field);
// ROLE_NOT_GRANTABLE unless everything that `roles` give is among `permissions`: nobody gives,
// takes or touches more than they hold.
absl::Status RequireGrantable(const std::vector<std::string>& permissions,
                              const std::vector<std::string>& roles, const char* field);

}  // namespace agentflow::tenant
