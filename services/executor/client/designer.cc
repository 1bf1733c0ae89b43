#include "services/executor/client/designer.h"

#include "agentflow/internal/designer/v1/versions.pb.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

namespace pb = agentflow::internal::designer::v1;

// For the longest class, and some days more: housekeeping says so again for what stays in memory.
#define KEPT_UNTIL "(extract(epoch FROM now()) / 86400)::int + 410"
constexpr pg::Statement kKeepDocument = {
    "document_keep", "UPDATE document SET kept_until = " KEPT_UNTIL
                     " WHERE content_hash = $1 AND kept_until < " KEPT_UNTIL};
constexpr pg::Statement kFindDocument = {"document_find",
                                         "SELECT body FROM document WHERE content_hash = $1"};
constexpr pg::Statement kInsertDocument = {
    "document_insert",
    "INSERT INTO document (tenant_id, content_hash, body, kept_until) "
    "VALUES ($1, $2, $3::bytea, " KEPT_UNTIL ") ON CONFLICT DO NOTHING"};
#undef KEPT_UNTIL

VersionAnswer ToAnswer(const pb::VersionAnswer& answer) {
  if (answer.error_reason().empty()) {
    return ResolvedVersion{.version = answer.version(), .content_hash = answer.content_hash()};
  }
  if (answer.error_reason() == "WORKFLOW_NOT_PUBLISHED") {
    return FailedPrecondition(answer.error_reason(),
                              "The workflow has no published version. Publish it first.");
  }
  if (answer.error_reason() == "VERSION_NOT_FOUND") {
    return NotFound(answer.error_reason(), "The workflow has no such version; list those it has.");
  }
  return NotFound(answer.error_reason(), "There is no such workflow.");
}

// Empty: not kept, or it does not open, which is logged.
absl::StatusOr<std::string> FindDocument(pg::Pool& database, TenantKeys& keys,
                                         const std::string& tenant, const std::string& hash) {
  std::string body;
  AF_RETURN_IF_ERROR(database.InTenant(tenant, [&](pg::TenantTx& tx) -> absl::Status {
    // First: what is deleted at the same time is then either kept or not found.
    AF_RETURN_IF_ERROR(tx.Exec(kKeepDocument, hash).status());
    AF_ASSIGN_OR_RETURN(const pg::Result rows, tx.Exec(kFindDocument, hash));
    if (!rows.empty()) body = rows[0].Bytes(0);
    return absl::OkStatus();
  }));
  if (body.empty()) return body;
  absl::StatusOr<std::string> opened =
      OpenStored(keys.Open(tenant), DocumentPlace(hash), body);
  if (ReasonOf(opened.status()) == "SEAL_BROKEN") return "";  // the designer may have it still
  return opened;
}

absl::StatusOr<CompiledPtr> Load(rpc::Channel& designer, pg::Pool& database, TenantKeys& keys,
                                 const std::string& tenant, const std::string& hash) {
  AF_ASSIGN_OR_RETURN(std::string body, FindDocument(database, keys, tenant, hash));
  if (!body.empty()) return CompileDocument(hash, body);
  pb::GetDocumentRequest request;
  request.set_tenant(tenant);
  request.set_content_hash(hash);
  AF_ASSIGN_OR_RETURN(const pb::GetDocumentResponse response,
                      (designer.Unary<pb::GetDocumentRequest, pb::GetDocumentResponse>(
                          "agentflow.internal.designer.v1.VersionService/GetDocument", request)));
  AF_ASSIGN_OR_RETURN(CompiledPtr compiled, CompileDocument(hash, response.document_json()));
  AF_ASSIGN_OR_RETURN(const TenantSealPtr seal, keys.Get(tenant));
  body = seal->Seal(DocumentPlace(hash), response.document_json());
  // Kept before anything runs on it; without it there is no start.
  AF_RETURN_IF_ERROR(database.InTenant(tenant, [&](pg::TenantTx& tx) {
    return tx.Exec(kInsertDocument, tenant, hash, pg::Bytea{body}).status();
  }));
  return compiled;
}

}  // namespace

VersionResolver::Ask AskDesigner(rpc::ChannelPtr designer) {
  return [designer](std::vector<VersionQuestion> questions, auto done) {
    pb::ResolveVersionsRequest request;
    for (const VersionQuestion& question : questions) {
      pb::VersionQuestion* out = request.add_questions();
      out->set_tenant(question.tenant);
      out->set_workflow(question.workflow);
      out->set_version(question.version);
    }
    rpc::CallOptions options;
    options.deadline = runtime::Deadline::After(std::chrono::seconds(5));
    designer->UnaryAsync<pb::ResolveVersionsRequest, pb::ResolveVersionsResponse>(
        "agentflow.internal.designer.v1.VersionService/ResolveVersions", request, options,
        [done = std::move(done)](absl::StatusOr<pb::ResolveVersionsResponse> response) {
          if (!response.ok()) return done(response.status());
          std::vector<VersionAnswer> answers;
          for (const pb::VersionAnswer& answer : response->answers()) {
            answers.push_back(ToAnswer(answer));
          }
          done(std::move(answers));
        });
  };
}

PlanCache::Load LoadPlans(rpc::ChannelPtr designer, pg::Pool& database, TenantKeys& keys,
                          runtime::ThreadPool& pool) {
  return [designer, &database, &keys, &pool](const std::string& tenant, const std::string& hash,
                                      PlanCache::Done done) {
    const bool taken = pool.TrySubmit([designer, &database, &keys, tenant, hash, done] {
      absl::StatusOr<CompiledPtr> compiled = Load(*designer, database, keys, tenant, hash);
      if (!compiled.ok()) {
        obs::Warn("a version cannot be loaded",
                  {{"tenant", tenant}, {"hash", hash}, {"error", MessageOf(compiled.status())}});
      }
      done(std::move(compiled));
    });
    if (!taken) done(Unavailable("EXECUTOR_BUSY", "Too many versions are being loaded."));
  };
}

}  // namespace agentflow::executor
