#include "services/coordinator/registry/registry.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::coordinator {
namespace {

constexpr pg::Statement kLockAgent{
    "agent_lock",
    "INSERT INTO agent (tenant_id, id, latest_version) VALUES (af.tenant(), $1, 0)"
    " ON CONFLICT (tenant_id, id) DO UPDATE SET id = excluded.id RETURNING latest_version"};
constexpr pg::Statement kIsNewest{
    "agent_is_newest",
    "SELECT 1 FROM agent_version WHERE agent_id = $1 AND version = $2 AND title = $3"
    " AND description = $4 AND input_schema = $5 AND output_schema = $6"};
constexpr pg::Statement kAddVersion{
    "agent_version_add",
    "INSERT INTO agent_version (tenant_id, agent_id, version, title, description, input_schema,"
    " output_schema) VALUES (af.tenant(), $1, $2, $3, $4, $5, $6)"};
constexpr pg::Statement kSetLatest{
    "agent_set_latest",
    "UPDATE agent SET latest_version = $2, update_time = now() WHERE id = $1"};
constexpr pg::Statement kList{
    "agent_list",
    "SELECT a.id, v.title, v.description, v.input_schema, v.output_schema, a.latest_version,"
    " a.create_time, a.update_time FROM agent a JOIN agent_version v"
    " ON v.agent_id = a.id AND v.version = a.latest_version"
    " WHERE a.id > $1 AND ($2 = '' OR a.id = $2) ORDER BY a.id LIMIT $3"};
constexpr pg::Statement kEndpoints{
    "endpoint_list",
    "SELECT agent_id, worker_id, capacity, held, client, connect_time, last_heartbeat_time"
    " FROM endpoint WHERE agent_id = ANY($1::text[])"
    " AND refresh_time > now() - interval '30 seconds' ORDER BY agent_id, worker_id"};
constexpr pg::Statement kDeleteVersions{"agent_version_delete",
                                        "DELETE FROM agent_version WHERE agent_id = $1"};
constexpr pg::Statement kDeleteAgent{"agent_delete", "DELETE FROM agent WHERE id = $1"};
constexpr pg::Statement kForgetEndpoints{
    "endpoint_forget",
    "DELETE FROM endpoint WHERE (coordinator_id = $1 AND NOT (agent_id || ' ' || worker_id ="
    " ANY($2::text[]))) OR refresh_time < now() - interval '10 minutes'"};
constexpr pg::Statement kPutEndpoint{
    "endpoint_put",
    "INSERT INTO endpoint (tenant_id, agent_id, worker_id, coordinator_id, capacity, held, client,"
    " connect_time, last_heartbeat_time) VALUES (af.tenant(), $1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (tenant_id, agent_id, worker_id) DO UPDATE SET coordinator_id = $3,"
    " capacity = $4, held = $5, client = $6, connect_time = $7, last_heartbeat_time = $8,"
    " refresh_time = now()"};

absl::Status RegisterOne(pg::TenantTx& tx, const AgentDescription& agent) {
  AF_ASSIGN_OR_RETURN(pg::Result locked, tx.Exec(kLockAgent, agent.id));
  int64_t latest = locked[0].Int(0);
  AF_ASSIGN_OR_RETURN(pg::Result same,
                      tx.Exec(kIsNewest, agent.id, latest, agent.title, agent.description,
                              agent.input_schema, agent.output_schema));
  if (!same.empty()) return absl::OkStatus();
  AF_RETURN_IF_ERROR(tx.Exec(kAddVersion, agent.id, latest + 1, agent.title, agent.description,
                             agent.input_schema, agent.output_schema)
                         .status());
  return tx.Exec(kSetLatest, agent.id, latest + 1).status();
}

absl::StatusOr<std::vector<Agent>> Read(pg::TenantTx& tx, const std::string& after,
                                        const std::string& only, int limit) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, after, only, limit));
  std::vector<Agent> agents;
  std::vector<std::string> ids;
  for (pg::Row row : rows) {
    agents.push_back({.description = {std::string(row.Text(0)), std::string(row.Text(1)),
                                      std::string(row.Text(2)), std::string(row.Text(3)),
                                      std::string(row.Text(4))},
                      .latest_version = static_cast<int>(row.Int(5)),
                      .create_time = row.Time(6),
                      .update_time = row.Time(7)});
    ids.emplace_back(row.Text(0));
  }
  AF_ASSIGN_OR_RETURN(pg::Result endpoints, tx.Exec(kEndpoints, ids));
  for (pg::Row row : endpoints) {
    auto agent = std::find_if(agents.begin(), agents.end(), [&](const Agent& candidate) {
      return candidate.description.id == row.Text(0);
    });
    agent->endpoints.push_back({.worker_id = std::string(row.Text(1)),
                                .capacity = static_cast<int>(row.Int(2)),
                                .held = static_cast<int>(row.Int(3)),
                                .client = std::string(row.Text(4)),
                                .connect_time = row.Time(5),
                                .last_heartbeat_time = row.Time(6)});
  }
  return agents;
}

absl::Status AgentNotFound(const std::string& id) {
  return NotFound("AGENT_NOT_FOUND",
                  "there is no agent '" + id + "'; connect a worker that offers it");
}

}  // namespace

bool IsAgentId(std::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] < 'a' || id[0] > 'z') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Registry::Registry(pg::Pool& pool, std::string coordinator_id)
    : pool_(pool), coordinator_id_(std::move(coordinator_id)) {}

absl::Status Registry::Register(const std::string& tenant,
                                const std::vector<AgentDescription>& agents) {
  std::vector<AgentDescription> ordered = agents;  // one order for all, so that none deadlock
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    for (const AgentDescription& agent : ordered) AF_RETURN_IF_ERROR(RegisterOne(tx, agent));
    return absl::OkStatus();
  });
}

absl::StatusOr<Agent> Registry::Get(const std::string& tenant, const std::string& id) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  AF_ASSIGN_OR_RETURN(std::vector<Agent> agents, Read(tx, "", id, 1));
  if (agents.empty()) return AgentNotFound(id);
  return std::move(agents[0]);
}

absl::StatusOr<std::vector<Agent>> Registry::List(const std::string& tenant,
                                                  const std::string& after, int limit) {
  AF_ASSIGN_OR_RETURN(pg::TenantTx tx, pool_.Begin(tenant));
  return Read(tx, after, "", limit);
}

absl::Status Registry::Delete(const std::string& tenant, const std::string& id,
                              const pg::AuditRecord& audit) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    AF_ASSIGN_OR_RETURN(std::vector<Agent> agents, Read(tx, "", id, 1));
    if (agents.empty()) return AgentNotFound(id);
    if (!agents[0].endpoints.empty()) {
      return FailedPrecondition("AGENT_CONNECTED", "agent '" + id + "' is served by " +
                                                       agents[0].endpoints[0].worker_id +
                                                       "; stop its workers first");
    }
    AF_RETURN_IF_ERROR(tx.Exec(kDeleteVersions, id).status());
    AF_RETURN_IF_ERROR(tx.Exec(kDeleteAgent, id).status());
    return pg::WriteAudit(tx, audit);
  });
}

absl::Status Registry::SyncEndpoints(const std::vector<EndpointView>& endpoints) {
  std::map<std::string, std::vector<EndpointView>> by_tenant;
  for (const std::string& tenant : synced_tenants_) by_tenant[tenant];
  for (const EndpointView& endpoint : endpoints) by_tenant[endpoint.tenant].push_back(endpoint);
  for (const auto& [tenant, own] : by_tenant) AF_RETURN_IF_ERROR(SyncTenant(tenant, own));
  synced_tenants_.clear();
  for (const auto& [tenant, own] : by_tenant) {
    if (!own.empty()) synced_tenants_.push_back(tenant);
  }
  return absl::OkStatus();
}

absl::Status Registry::SyncTenant(const std::string& tenant,
                                  const std::vector<EndpointView>& endpoints) {
  return pool_.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    std::vector<std::string> kept;
    for (const EndpointView& endpoint : endpoints) {
      for (const std::string& agent : endpoint.agents) {
        kept.push_back(agent + " " + endpoint.worker_id);
      }
    }
    AF_RETURN_IF_ERROR(tx.Exec(kForgetEndpoints, coordinator_id_, kept).status());
    for (const EndpointView& endpoint : endpoints) {
      for (const std::string& agent : endpoint.agents) {
        AF_RETURN_IF_ERROR(
            tx.Exec(kPutEndpoint, agent, endpoint.worker_id, coordinator_id_, endpoint.capacity,
                    endpoint.held, endpoint.client, pg::Timestamp{endpoint.connect_time_ms * 1000},
                    pg::Timestamp{endpoint.last_heartbeat_ms * 1000})
                .status());
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace agentflow::coordinator
