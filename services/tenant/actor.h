#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/pg/audit.h"

namespace agentflow::tenant {

// On whose behalf something happens, for rules and for the audit trail.
struct Actor {
  std::string tenant;
  std::string principal;  // users/{id}, apiKeys/{id}, or empty before sign-in
  std::vector<std::string> permissions;
  std::string method;  // agentflow.api.v1.UserService.CreateUser
  std::string trace_id;
  std::string remote_address;
};

// The record of a change of `resource`. `detail_json` is a JSON object without secrets.
inline pg::AuditRecord AuditOf(const Actor& actor, std::string resource,
                               std::string detail_json = "{}") {
  pg::AuditRecord record;
  record.principal = actor.principal;
  record.method = actor.method;
  record.resource = std::move(resource);
  record.trace_id = actor.trace_id;
  record.remote_address = actor.remote_address;
  record.detail_json = std::move(detail_json);
  return record;
}

}  // namespace agentflow::tenant
