#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace agentflow::auth {

// A role that every tenant has. This table is the only place where they are written down.
struct BuiltinRole {
  std::string_view id;
  std::string_view title;
  std::vector<std::string> permissions;
};

// admin, editor, operator, viewer, worker, platform-admin.
const std::vector<BuiltinRole>& BuiltinRoles();
// Null for an unknown id.
const BuiltinRole* FindBuiltinRole(std::string_view id);
// The union over `roles`, sorted, without doubles; unknown ones add nothing.
std::vector<std::string> PermissionsOf(const std::vector<std::string>& roles);

}  // namespace agentflow::auth
