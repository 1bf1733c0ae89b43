#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/pg/audit.h"
#include "libs/pg/pool.h"
#include "services/coordinator/tasks/hub.h"

namespace agentflow::coordinator {

// How a worker describes one of its agents. Schemas are JSON text; empty: anything.
struct AgentDescription {
  std::string id;
  std::string title;
  std::string description;
  std::string input_schema;
  std::string output_schema;
};

struct Endpoint {
  std::string worker_id;
  int capacity = 0;
  int held = 0;
  std::string client;
  UnixMicros connect_time = 0;
  UnixMicros last_heartbeat_time = 0;
};

struct Agent {
  AgentDescription description;
  int latest_version = 0;
  UnixMicros create_time = 0;
  UnixMicros update_time = 0;
  std::vector<Endpoint> endpoints;
};

// The agents of all tenants, in PostgreSQL. Thread-safe; calls block.
class Registry {
 public:
  Registry(pg::Pool& pool, std::string coordinator_id);

  // Takes descriptions in; one that differs from the newest makes a new version.
  absl::Status Register(const std::string& tenant, const std::vector<AgentDescription>& agents);
  // NOT_FOUND, reason AGENT_NOT_FOUND.
  absl::StatusOr<Agent> Get(const std::string& tenant, const std::string& id);
  // By id, after `after`, at most `limit`.
  absl::StatusOr<std::vector<Agent>> List(const std::string& tenant, const std::string& after,
                                          int limit);
  // FAILED_PRECONDITION, reason AGENT_CONNECTED, while an endpoint serves it.
  absl::Status Delete(const std::string& tenant, const std::string& id,
                      const pg::AuditRecord& audit);

  // Makes the stored endpoints of this coordinator what `endpoints` says. One caller at a time.
  absl::Status SyncEndpoints(const std::vector<EndpointView>& endpoints);

 private:
  absl::Status SyncTenant(const std::string& tenant, const std::vector<EndpointView>& endpoints);

  pg::Pool& pool_;
  const std::string coordinator_id_;
  std::vector<std::string> synced_tenants_;
};

// A slug: [a-z][a-z0-9_-]{0,62}
bool IsAgentId(std::string_view id);

}  // namespace agentflow::coordinator
