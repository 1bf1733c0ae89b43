#include "services/designer/store/workflow_store.h"

#include <utility>

#include "libs/base/status.h"
#include "services/designer/store/labels_json.h"

namespace agentflow::designer {
namespace {

constexpr int64_t kDay = 86'400'000'000;

// Columns of every statement that gives drafts, in the order of ReadDraft.
#define DRAFT_COLUMNS                                                                   \
  "id, title, labels::text, source, document, content_hash, revision, latest_version, " \
  "latest_hash, create_time, update_time"

constexpr pg::Statement kFind{"workflow_find",
                              "SELECT " DRAFT_COLUMNS
                              " FROM workflow WHERE tenant_id = af.tenant() AND id = $1 "
                              "AND delete_time IS NULL"};
constexpr pg::Statement kFindLocked{"workflow_find_locked",
                                    "SELECT " DRAFT_COLUMNS
                                    " FROM workflow WHERE tenant_id = af.tenant() AND id = $1 "
                                    "AND delete_time IS NULL FOR UPDATE"};
constexpr pg::Statement kInsert{
    "workflow_insert",
    "INSERT INTO workflow (tenant_id, id, title, labels, source, document, content_hash, revision, "
    "create_time, update_time) "
    "VALUES (af.tenant(), $1, $2, $3::jsonb, $4, $5, $6, 1, $7, $7) "
    "ON CONFLICT (tenant_id, id) DO UPDATE SET title = excluded.title, labels = excluded.labels, "
    "source = excluded.source, document = excluded.document, "
    "content_hash = excluded.content_hash, revision = workflow.revision + 1, "
    "create_time = excluded.create_time, update_time = excluded.update_time, delete_time = NULL "
    "WHERE workflow.delete_time IS NOT NULL "
    "RETURNING " DRAFT_COLUMNS};
constexpr pg::Statement kUpdate{
    "workflow_update",
    "UPDATE workflow SET title = $2, labels = $3::jsonb, source = $4, document = $5, "
    "content_hash = $6, revision = revision + 1, update_time = greatest($7, update_time) "
    "WHERE tenant_id = af.tenant() AND id = $1 RETURNING " DRAFT_COLUMNS};
constexpr pg::Statement kDelete{
    "workflow_delete",
    "UPDATE workflow SET delete_time = $2, revision = revision + 1, latest_version = 0, "
    "latest_hash = '' WHERE tenant_id = af.tenant() AND id = $1"};
constexpr pg::Statement kHideVersions{
    "version_hide",
    "UPDATE workflow_version SET hidden = true "
    "WHERE tenant_id = af.tenant() AND workflow_id = $1 AND NOT hidden"};
constexpr pg::Statement kLockCount{
    "workflow_count_lock",
    "SELECT pg_advisory_xact_lock(hashtextextended('designer.workflows/' || af.tenant(), 0))"};
constexpr pg::Statement kCount{
    "workflow_count",
    "SELECT count(*) FROM workflow WHERE tenant_id = af.tenant() AND delete_time IS NULL"};

// Texts are left out unless $8 says otherwise: they may be megabytes each.
#define LISTED                                                                     \
  "SELECT id, title, labels::text, CASE WHEN $8 THEN source ELSE '' END, "         \
  "CASE WHEN $8 THEN document ELSE 'null' END, content_hash, revision, "           \
  "latest_version, latest_hash, create_time, update_time, key FROM (SELECT w.*, "  \
  "coalesce(field_of(w, $4), '') COLLATE \"C\" AS key FROM workflow w "            \
  "WHERE tenant_id = af.tenant() AND delete_time IS NULL AND NOT EXISTS ("         \
  "SELECT FROM unnest($1::text[], $2::text[], $3::text[]) AS t(field, op, value) " \
  "WHERE NOT compares(field_of(w, t.field), t.op, t.value))) AS listed "
constexpr pg::Statement kList{
    "workflow_list", LISTED
    "WHERE $5::text IS NULL OR (key, id COLLATE \"C\") > ($5::text, $6::text) "
    "ORDER BY key, id COLLATE \"C\" LIMIT $7"};
constexpr pg::Statement kListDescending{
    "workflow_list_descending", LISTED
    "WHERE $5::text IS NULL OR (key, id COLLATE \"C\") < ($5::text, $6::text) "
    "ORDER BY key DESC, id COLLATE \"C\" DESC LIMIT $7"};

constexpr pg::Statement kLockRequest{
    "request_lock",
    "SELECT pg_advisory_xact_lock(hashtextextended('designer.request/' || af.tenant() || '/' || "
    "$1::text, 0))"};
constexpr pg::Statement kFindRequest{
    "request_find",
    "SELECT request_hash, response FROM request WHERE tenant_id = af.tenant() AND request_id = $1"};
constexpr pg::Statement kForgetRequests{
    "request_forget", "DELETE FROM request WHERE tenant_id = af.tenant() AND create_time < $1"};
constexpr pg::Statement kInsertRequest{
    "request_insert",
    "INSERT INTO request (tenant_id, request_id, request_hash, response, create_time) "
    "VALUES (af.tenant(), $1, $2, $3, $4)"};

absl::StatusOr<Draft> ReadDraft(const pg::Row& row) {
  Draft draft;
  draft.id = row.Text(0);
  draft.title = row.Text(1);
  AF_ASSIGN_OR_RETURN(draft.labels, LabelsFromJson(row.Text(2)));
  draft.text.source = row.Text(3);
  // What was stored was within the limits; beneath them nothing has to be refused again.
  AF_ASSIGN_OR_RETURN(draft.text.document,
                      json::Parse(row.Text(4), {.depth = 64, .bytes = 64u << 20}));
  draft.text.content_hash = row.Text(5);
  draft.revision = row.Int(6);
  draft.latest_version = static_cast<int32_t>(row.Int(7));
  draft.latest_hash = row.Text(8);
  draft.create_time = row.Time(9);
  draft.update_time = row.Time(10);
  return draft;
}

absl::StatusOr<std::optional<Draft>> ReadOne(const pg::Result& rows) {
  if (rows.empty()) return std::nullopt;
  AF_ASSIGN_OR_RETURN(Draft draft, ReadDraft(rows[0]));
  return draft;
}

}  // namespace

absl::StatusOr<std::optional<Draft>> FindDraft(pg::TenantTx& tx, std::string_view id, bool lock) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(lock ? kFindLocked : kFind, id));
  return ReadOne(rows);
}

absl::StatusOr<std::optional<Draft>> InsertDraft(pg::TenantTx& tx, const Draft& draft) {
  AF_ASSIGN_OR_RETURN(pg::Result rows,
                      tx.Exec(kInsert, draft.id, draft.title, LabelsToJson(draft.labels),
                              draft.text.source, json::Dump(draft.text.document),
                              draft.text.content_hash, pg::Timestamp{draft.create_time}));
  return ReadOne(rows);
}

absl::Status UpdateDraft(pg::TenantTx& tx, UnixMicros now, Draft& draft) {
  AF_ASSIGN_OR_RETURN(
      pg::Result rows,
      tx.Exec(kUpdate, draft.id, draft.title, LabelsToJson(draft.labels), draft.text.source,
              json::Dump(draft.text.document), draft.text.content_hash, pg::Timestamp{now}));
  if (rows.empty()) return Internal("WORKFLOW_ROW_MISSING", "the locked workflow is gone");
  AF_ASSIGN_OR_RETURN(draft, ReadDraft(rows[0]));
  return absl::OkStatus();
}

absl::Status DeleteDraft(pg::TenantTx& tx, std::string_view id, UnixMicros now) {
  AF_RETURN_IF_ERROR(tx.Exec(kDelete, id, pg::Timestamp{now}).status());
  return tx.Exec(kHideVersions, id).status();
}

absl::StatusOr<int64_t> CountForInsert(pg::TenantTx& tx) {
  AF_RETURN_IF_ERROR(tx.Exec(kLockCount).status());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kCount));
  return rows[0].Int(0);
}

absl::StatusOr<std::vector<ListedDraft>> ListDrafts(pg::TenantTx& tx, const ListQuery& query) {
  std::vector<std::string> fields, ops, values;
  for (const ListQuery::Term& term : query.terms) {
    fields.push_back(term.field);
    ops.push_back(term.op);
    values.push_back(term.value);
  }
  std::optional<std::string> key, id;
  if (query.after) std::tie(key, id) = *query.after;
  AF_ASSIGN_OR_RETURN(pg::Result rows,
                      tx.Exec(query.descending ? kListDescending : kList, fields, ops, values,
                              query.order_field, key, id, query.limit, query.with_text));
  std::vector<ListedDraft> drafts;
  for (const pg::Row& row : rows) {
    AF_ASSIGN_OR_RETURN(Draft draft, ReadDraft(row));
    drafts.push_back({std::move(draft), std::string(row.Text(11))});
  }
  return drafts;
}

absl::StatusOr<std::optional<StoredAnswer>> FindAnswer(pg::TenantTx& tx,
                                                       std::string_view request_id) {
  AF_RETURN_IF_ERROR(tx.Exec(kLockRequest, request_id).status());
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kFindRequest, request_id));
  if (rows.empty()) return std::nullopt;
  return StoredAnswer{std::string(rows[0].Text(0)), rows[0].Bytes(1)};
}

absl::Status StoreAnswer(pg::TenantTx& tx, std::string_view request_id, const StoredAnswer& answer,
                         UnixMicros now) {
  AF_RETURN_IF_ERROR(tx.Exec(kForgetRequests, pg::Timestamp{now - kDay}).status());
  return tx
      .Exec(kInsertRequest, request_id, answer.request_hash, pg::Bytea{answer.response},
            pg::Timestamp{now})
      .status();
}

}  // namespace agentflow::designer
