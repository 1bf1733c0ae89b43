#include "services/designer/store/version_store.h"

#include <utility>

#include "libs/base/status.h"
#include "services/designer/store/pattern_store.h"

namespace agentflow::designer {
namespace {

#define VERSION_COLUMNS "version, content_hash, source, document, comment, creator, create_time"

constexpr pg::Statement kFind{"version_find",
                              "SELECT " VERSION_COLUMNS
                              " FROM workflow_version WHERE tenant_id = af.tenant() "
                              "AND workflow_id = $1 AND version = $2 AND NOT hidden"};
constexpr pg::Statement kFindByHash{
    "version_find_by_hash",
    "SELECT " VERSION_COLUMNS
    " FROM workflow_version WHERE tenant_id = af.tenant() AND workflow_id = $1 "
    "AND content_hash = $2 AND NOT hidden ORDER BY version DESC LIMIT 1"};
constexpr pg::Statement kNextNumber{
    "version_next_number",
    "UPDATE workflow SET version_counter = version_counter + 1, "
    "latest_version = version_counter + 1, latest_hash = $2 "
    "WHERE tenant_id = af.tenant() AND id = $1 RETURNING version_counter"};
constexpr pg::Statement kInsert{
    "version_insert",
    "INSERT INTO workflow_version (tenant_id, workflow_id, version, content_hash, source, "
    "document, comment, creator, create_time, pattern) "
    "VALUES (af.tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr pg::Statement kInsertContent{
    "content_insert",
    "INSERT INTO content (tenant_id, content_hash, canonical) VALUES (af.tenant(), $1, $2) "
    "ON CONFLICT DO NOTHING"};
constexpr pg::Statement kSetLatest{"version_set_latest",
                                   "UPDATE workflow SET latest_version = $2, latest_hash = $3 "
                                   "WHERE tenant_id = af.tenant() AND id = $1"};
constexpr pg::Statement kList{
    "version_list",
    "SELECT version, content_hash, '', 'null', comment, creator, create_time "
    "FROM workflow_version WHERE tenant_id = af.tenant() AND workflow_id = $1 AND NOT hidden "
    "AND ($2::int = 0 OR version < $2::int) ORDER BY version DESC LIMIT $3"};
constexpr pg::Statement kFindContent{
    "content_find",
    "SELECT canonical FROM content WHERE tenant_id = af.tenant() AND content_hash = $1"};
constexpr pg::Statement kResolve{
    "version_resolve",
    "SELECT found, version, content_hash FROM resolve_versions($1::text[], $2::text[], $3::int[]) "
    "ORDER BY ordinal"};

absl::StatusOr<Version> ReadVersion(const pg::Row& row) {
  Version version;
  version.version = static_cast<int32_t>(row.Int(0));
  version.content_hash = row.Text(1);
  version.source = row.Text(2);
  AF_ASSIGN_OR_RETURN(version.document,
                      json::Parse(row.Text(3), {.depth = 64, .bytes = 64u << 20}));
  version.comment = row.Text(4);
  version.creator = row.Text(5);
  version.create_time = row.Time(6);
  return version;
}

absl::StatusOr<std::optional<Version>> ReadOne(const pg::Result& rows) {
  if (rows.empty()) return std::nullopt;
  AF_ASSIGN_OR_RETURN(Version version, ReadVersion(rows[0]));
  return version;
}

std::string ReasonFor(int64_t found) {
  switch (found) {
    case 0:
      return "WORKFLOW_NOT_FOUND";
    case 1:
      return "VERSION_NOT_FOUND";
    case 2:
      return "WORKFLOW_NOT_PUBLISHED";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<std::optional<Version>> FindVersion(pg::TenantTx& tx, std::string_view workflow,
                                                   int32_t version) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFind, workflow, version));
  return ReadOne(rows);
}

absl::StatusOr<std::optional<Version>> FindVersionByHash(pg::TenantTx& tx,
                                                         std::string_view workflow,
                                                         std::string_view content_hash) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFindByHash, workflow, content_hash));
  return ReadOne(rows);
}

absl::StatusOr<Version> InsertVersion(pg::TenantTx& tx, std::string_view workflow,
                                      const Version& version, std::string_view canonical) {
  Version stored = version;
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kNextNumber, workflow, version.content_hash));
  if (rows.empty()) return Internal("WORKFLOW_ROW_MISSING", "the locked workflow is gone");
  stored.version = static_cast<int32_t>(rows[0].Int(0));
  AF_RETURN_IF_ERROR(tx.Exec(kInsertContent, version.content_hash, pg::Bytea{canonical}).status());
  AF_RETURN_IF_ERROR(tx.Exec(kInsert, workflow, stored.version, version.content_hash,
                             version.source, json::Dump(version.document), version.comment,
                             version.creator, pg::Timestamp{version.create_time},
                             IsPattern(version.document))
                         .status());
  return stored;
}

absl::Status SetLatest(pg::TenantTx& tx, std::string_view workflow, const Version& version) {
  return tx.Exec(kSetLatest, workflow, version.version, version.content_hash).status();
}

absl::StatusOr<std::vector<Version>> ListVersions(pg::TenantTx& tx, std::string_view workflow,
                                                  int32_t before, int limit) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, workflow, before, limit));
  std::vector<Version> versions;
  for (const pg::Row& row : rows) {
    AF_ASSIGN_OR_RETURN(Version version, ReadVersion(row));
    versions.push_back(std::move(version));
  }
  return versions;
}

absl::StatusOr<std::optional<std::string>> FindContent(pg::TenantTx& tx,
                                                       std::string_view content_hash) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFindContent, content_hash));
  if (rows.empty()) return std::nullopt;
  return rows[0].Bytes(0);
}

absl::StatusOr<std::vector<ResolvedVersion>> ResolveVersions(
    pg::SystemTx& tx, const std::vector<VersionName>& names) {
  std::vector<std::string> tenants, workflows;
  std::vector<int64_t> versions;
  for (const VersionName& name : names) {
    tenants.push_back(name.tenant);
    workflows.push_back(name.workflow);
    versions.push_back(name.version);
  }
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kResolve, tenants, workflows, versions));
  std::vector<ResolvedVersion> resolved;
  for (const pg::Row& row : rows) {
    resolved.push_back(
        {ReasonFor(row.Int(0)), static_cast<int32_t>(row.Int(1)), std::string(row.Text(2))});
  }
  return resolved;
}

}  // namespace agentflow::designer
