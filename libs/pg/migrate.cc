#include "libs/pg/migrate.h"

#include <map>
#include <memory>
#include <vector>

#include "libs/pg/audit_outbox.h"
#include "libs/pg/connection.h"
#include "libs/pg/error.h"

namespace agentflow::pg {
namespace {

struct Step {
  std::string name;
  std::string sql;
};

constexpr char kOwnPrefix[] = "pg_";

std::string ForSchema(std::string text, const std::string& schema) {
  static constexpr std::string_view kMark = "{svc}";
  for (size_t at = 0; (at = text.find(kMark, at)) != std::string::npos;) {
    text.replace(at, kMark.size(), schema);
  }
  return text;
}

std::vector<Step> StepsOf(const MigrationSet& set) {
  std::vector<Step> steps;
  steps.push_back({"pg_0001_audit_outbox", ForSchema(kAuditOutboxMigration, set.schema)});
  steps.push_back({"pg_0002_erase_tenant", ForSchema(kEraseTenantMigration, set.schema)});
  for (const Migration& migration : set.migrations) {
    AF_CHECK(!std::string_view(migration.name).starts_with(kOwnPrefix));
    steps.push_back({migration.name, migration.sql});
  }
  return steps;
}

class Migrator {
 public:
  Migrator(Connection& connection, const MigrationSet& set)
      : connection_(connection), set_(set), steps_(StepsOf(set)) {}

  absl::Status Run() {
    const std::string schema = set_.schema;
    // Held until the connection closes.
    AF_RETURN_IF_ERROR(Do("SELECT pg_advisory_lock(7221002, hashtext('" + schema + "'))"));
    AF_RETURN_IF_ERROR(Do("SET search_path = " + schema + ", pg_temp"));
    AF_RETURN_IF_ERROR(Do("CREATE TABLE IF NOT EXISTS " + schema +
                          ".schema_migrations (name text PRIMARY KEY, hash text NOT NULL, "
                          "applied_at timestamptz NOT NULL DEFAULT now())"));
    AF_RETURN_IF_ERROR(ReadApplied());
    AF_RETURN_IF_ERROR(CheckUnknown());
    for (const Step& step : steps_) AF_RETURN_IF_ERROR(Apply(step));
    return absl::OkStatus();
  }

 private:
  absl::Status Do(const std::string& sql) { return connection_.Script(sql, "migrate").status(); }

  absl::Status ReadApplied() {
    AF_ASSIGN_OR_RETURN(Result rows,
                        connection_.Script("SELECT name, hash FROM schema_migrations", "migrate"));
    for (Row row : rows) applied_[std::string(row.Text(0))] = row.Text(1);
    return absl::OkStatus();
  }

  // A newer binary may have added migrations after ours; between ours is a fork.
  absl::Status CheckUnknown() const {
    std::map<std::string, bool> known;
    for (const Step& step : steps_) known[step.name] = true;
    for (const auto& [name, hash] : applied_) {
      bool newer = set_.migrations.empty() || name > set_.migrations.back().name;
      if (known.contains(name) || name.starts_with(kOwnPrefix) || newer) continue;
      return FailedPrecondition(
          "MIGRATION_UNKNOWN", "schema " + std::string(set_.schema) + " has migration " + name +
                                   ", which this binary does not know; start the matching version");
    }
    return absl::OkStatus();
  }

  absl::Status Apply(const Step& step) {
    AF_ASSIGN_OR_RETURN(std::string hash, HashOf(step.sql));
    if (auto found = applied_.find(step.name); found != applied_.end()) {
      if (found->second == hash) return absl::OkStatus();
      return FailedPrecondition("MIGRATION_EDITED",
                                "migration " + std::string(set_.schema) + "/" + step.name +
                                    " was applied with another text; restore it and write the "
                                    "change as a new migration");
    }
    std::string record = "INSERT INTO " + std::string(set_.schema) +
                         ".schema_migrations (name, hash) VALUES (" + connection_.Quote(step.name) +
                         ", " + connection_.Quote(hash) + ")";
    AF_RETURN_IF_ERROR(Do("BEGIN"));
    absl::Status status = Do(step.sql);
    if (status.ok()) status = Do(record);
    if (status.ok()) status = Do("COMMIT");
    if (status.ok()) return status;
    (void)connection_.Script("ROLLBACK", "migrate");
    if (connection_.lost()) return status;
    return FailedPrecondition("MIGRATION_FAILED", "migration " + std::string(set_.schema) + "/" +
                                                      step.name + ": " + MessageOf(status));
  }

  absl::StatusOr<std::string> HashOf(const std::string& sql) {
    AF_ASSIGN_OR_RETURN(Result rows,
                        connection_.Script("SELECT encode(sha256(convert_to(" +
                                               connection_.Quote(sql) + ", 'UTF8')), 'hex')",
                                           "migrate"));
    return std::string(rows[0].Text(0));
  }

  Connection& connection_;
  const MigrationSet& set_;
  std::vector<Step> steps_;
  std::map<std::string, std::string> applied_;
};

}  // namespace

absl::Status Migrate(const std::string& owner_url, const MigrationSet& set) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                      Connection::Open({owner_url, "agentflow-migrate"}));
  return Migrator(*connection, set).Run();
}

}  // namespace agentflow::pg
