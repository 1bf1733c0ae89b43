#include "libs/auth/roles.h"

#include <algorithm>

namespace agentflow::auth {

const std::vector<BuiltinRole>& BuiltinRoles() {
  static const std::vector<std::string> viewer = {
      "agents.get",        "agents.list",          "approvals.get",  "approvals.list",
      "calendars.get",     "calendars.list",       "executions.get", "executions.list",
      "expressions.check", "expressions.evaluate", "nodeTypes.list", "payloads.get",
      "schedules.get",     "schedules.list",       "templates.get",  "templates.list",
      "workflows.get",     "workflows.list"};
  static const std::vector<BuiltinRole> roles = [] {
    auto with = [](std::vector<std::string> base, const std::vector<std::string>& more) {
      base.insert(base.end(), more.begin(), more.end());
      std::sort(base.begin(), base.end());
      return base;
    };
    std::vector<std::string> operates =
        with(viewer, {"agents.delete", "alertRules.*", "alerts.*", "approvals.*", "executions.*",
                      "payloads.*", "schedules.*"});
    std::vector<std::string> edits =
        with(operates, {"calendars.*", "connections.*", "templates.*", "workflows.*"});
    return std::vector<BuiltinRole>{
        {"admin", "Administrator of the tenant", {"*"}},
        {"editor", "Builds, publishes and runs workflows", edits},
        {"operator", "Runs and watches executions", operates},
        {"viewer", "Sees, changes nothing", viewer},
        {"worker", "Does tasks", {"payloads.create", "payloads.get", "tasks.work"}},
        {"platform-worker", "Does tasks of every tenant", {"tasks.work", "tenants.work"}},
        {"platform-admin", "Administrator of the platform's tenants", {"tenants.*"}},
    };
  }();
  return roles;
}

const BuiltinRole* FindBuiltinRole(std::string_view id) {
  for (const BuiltinRole& role : BuiltinRoles()) {
    if (role.id == id) return &role;
  }
  return nullptr;
}

std::vector<std::string> PermissionsOf(const std::vector<std::string>& roles) {
  std::vector<std::string> all;
  for (const std::string& id : roles) {
    const BuiltinRole* role = FindBuiltinRole(id);
    if (role != nullptr) all.insert(all.end(), role->permissions.begin(), role->permissions.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace agentflow::auth
