#include "services/executor/rpc/migration_service.h"

#include <algorithm>

#include "agentflow/api/v1/migration.pb.h"
#include "libs/base/status.h"
#include "libs/crypto/random.h"
#include "libs/rpc/paging.h"
#include "services/executor/rpc/convert.h"
#include "services/executor/rpc/list_query.h"
#include "services/executor/rpc/starter.h"

namespace agentflow::executor {
namespace {

constexpr std::string_view kMigrations = "/migrations/";
constexpr int kMaxMapping = 10'000;

std::string MigrationName(const Migration& migration) {
  return migration.workflow + std::string(kMigrations) + migration.id.ToString();
}

absl::Status CheckWorkflow(const std::string& name, const char* field) {
  if (name.starts_with("workflows/") && name.size() > 10 && name.find('/', 10) == name.npos) {
    return absl::OkStatus();
  }
  return InvalidArgument("NAME_INVALID", field, "A workflow's name is workflows/{id}.");
}

absl::StatusOr<std::pair<std::string, Uuid>> ParseName(const std::string& name) {
  const size_t at = name.find(kMigrations);
  if (at != std::string::npos) {
    std::optional<Uuid> id = Uuid::Parse(std::string_view(name).substr(at + kMigrations.size()));
    if (id && CheckWorkflow(name.substr(0, at), "name").ok()) {
      return std::make_pair(name.substr(0, at), *id);
    }
  }
  return InvalidArgument("NAME_INVALID", "name",
                         "A migration's name is workflows/{id}/migrations/ and a UUID.");
}

void ToProto(const Migration& m, const MigrationProgress& progress, api::Migration* out) {
  out->set_name(MigrationName(m));
  out->set_from_version(m.from_version);
  out->set_to_version(m.to_version);
  for (const auto& [from, to] : m.mapping) (*out->mutable_mapping())[from] = to;
  out->set_validate_only(m.validate_only);
  out->set_state(m.end_time == 0 ? api::Migration::RUNNING : api::Migration::DONE);
  out->set_migrated_count(progress.moved);
  out->set_refused_count(progress.refused);
  out->set_pending_count(progress.pending);
  for (const MigrationProgress::Refusal& refusal : progress.refusals) {
    api::MigrationRefusal* each = out->add_refusals();
    each->set_reason(refusal.reason);
    each->set_message(refusal.message);
    each->set_execution_count(refusal.executions);
    for (const Uuid& example : refusal.examples) each->add_examples(ExecutionName(example));
  }
  Set(m.create_time, out->mutable_create_time());
  if (m.end_time != 0) Set(m.end_time, out->mutable_end_time());
  out->set_creator(m.creator);
}

absl::StatusOr<api::Migration> Answer(MigrationStore& store, const Migration& migration) {
  AF_ASSIGN_OR_RETURN(const MigrationProgress progress, store.Progress(migration));
  api::Migration answer;
  ToProto(migration, progress, &answer);
  return answer;
}

absl::Status CheckPath(const workflow::Plan& plan, int version, const std::string& path,
                       const std::string& field) {
  const bool known = std::any_of(plan.nodes.begin(), plan.nodes.end(),
                                 [&](const workflow::Node& node) { return node.path == path; });
  if (known) return absl::OkStatus();
  return InvalidArgument("MAPPING_INVALID", field,
                         "Version " + std::to_string(version) + " has no node " + path +
                             "; a node is named by its path, as in outer.inner.");
}

absl::StatusOr<Migration> ToMigration(const MigrationServiceParts& parts, const rpc::Call& call,
                                      const api::CreateMigrationRequest& request) {
  const api::Migration& asked = request.migration();
  AF_RETURN_IF_ERROR(CheckWorkflow(request.parent(), "parent"));
  AF_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  Migration m{.tenant = call.tenant(),
              .workflow = request.parent(),
              .from_version = asked.from_version(),
              .to_version = asked.to_version(),
              .mapping = {asked.mapping().begin(), asked.mapping().end()},
              .validate_only = asked.validate_only(),
              .creator = call.principal().name};
  if (asked.mapping_size() > kMaxMapping) {
    return InvalidArgument("MAPPING_INVALID", "migration.mapping",
                           "A mapping has at most 10000 entries.");
  }
  if (m.from_version < 1 || m.to_version < 1) {
    return InvalidArgument("VERSION_INVALID",
                           m.from_version < 1 ? "migration.fromVersion" : "migration.toVersion",
                           "A version is a positive number.");
  }
  AF_ASSIGN_OR_RETURN(const ResolvedVersion from,
                      parts.versions.ResolveBlocking({m.tenant, m.workflow, m.from_version}));
  AF_ASSIGN_OR_RETURN(const ResolvedVersion to,
                      parts.versions.ResolveBlocking({m.tenant, m.workflow, m.to_version}));
  m.to_hash = to.content_hash;
  if (m.from_version == m.to_version) {
    return InvalidArgument("VERSION_INVALID", "migration.toVersion",
                           "It is the version that they have.");
  }
  AF_ASSIGN_OR_RETURN(const CompiledPtr old_plan,
                      parts.plans.GetBlocking(m.tenant, from.content_hash));
  AF_ASSIGN_OR_RETURN(const CompiledPtr new_plan, parts.plans.GetBlocking(m.tenant, m.to_hash));
  for (const auto& [old_path, new_path] : m.mapping) {
    const std::string field = "migration.mapping." + old_path;
    AF_RETURN_IF_ERROR(CheckPath(*old_plan->plan, m.from_version, old_path, field));
    AF_RETURN_IF_ERROR(CheckPath(*new_plan->plan, m.to_version, new_path, field));
  }
  static crypto::SecureRandom random;
  // The tenant's slug and the workflow's name hold no newline.
  m.id = request.request_id().empty()
             ? Uuid::Make(random)
             : Uuid::MakeNamed(ExecutionIdForRequest(m.tenant, request.request_id()),
                               "migration\n" + m.workflow);
  return m;
}

bool SameRequest(const Migration& a, const Migration& b) {
  return a.workflow == b.workflow && a.from_version == b.from_version &&
         a.to_version == b.to_version && a.mapping == b.mapping &&
         a.validate_only == b.validate_only;
}

absl::StatusOr<api::Migration> CreateMigration(const MigrationServiceParts& parts,
                                               const rpc::Call& call,
                                               const api::CreateMigrationRequest& request) {
  AF_ASSIGN_OR_RETURN(const Migration asked, ToMigration(parts, call, request));
  AF_ASSIGN_OR_RETURN(const Migration stored, parts.store.Create(asked));
  if (!SameRequest(asked, stored)) {
    return Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                 "This request id was used before for another request. Use a new one.");
  }
  parts.created();
  return Answer(parts.store, stored);
}

absl::StatusOr<api::Migration> GetMigration(const MigrationServiceParts& parts,
                                            const rpc::Call& call,
                                            const api::GetMigrationRequest& request) {
  AF_ASSIGN_OR_RETURN(const auto name, ParseName(request.name()));
  AF_ASSIGN_OR_RETURN(const Migration migration, parts.store.Get(call.tenant(), name.second));
  if (migration.workflow != name.first) {
    return NotFound("MIGRATION_NOT_FOUND", "There is no such migration.");
  }
  return Answer(parts.store, migration);
}

absl::StatusOr<api::ListMigrationsResponse> ListMigrations(
    const MigrationServiceParts& parts, const rpc::Call& call,
    const api::ListMigrationsRequest& request) {
  AF_RETURN_IF_ERROR(CheckWorkflow(request.parent(), "parent"));
  AF_RETURN_IF_ERROR(
      parts.versions.ResolveBlocking({call.tenant(), request.parent(), /*version=*/0}).status());
  AF_ASSIGN_OR_RETURN(const int limit, rpc::PageSize(request.page_size()));
  const rpc::PageQuery page{
      .tenant = call.tenant(), .method = "ListMigrations", .parent = request.parent()};
  AF_ASSIGN_OR_RETURN(const std::string position, rpc::ReadPageToken(page, request.page_token()));
  AF_ASSIGN_OR_RETURN(const auto after, ParsePosition(position));
  AF_ASSIGN_OR_RETURN(std::vector<Migration> list,
                      parts.store.List(call.tenant(), request.parent(), after, limit));
  const bool more = list.size() > static_cast<size_t>(limit);
  if (more) list.resize(static_cast<size_t>(limit));
  api::ListMigrationsResponse response;
  for (const Migration& each : list) {
    AF_ASSIGN_OR_RETURN(const MigrationProgress progress, parts.store.Progress(each));
    ToProto(each, progress, response.add_migrations());
  }
  if (more) {
    response.set_next_page_token(
        rpc::MakePageToken(page, FormatPosition(list.back().create_time, list.back().id)));
  }
  return response;
}

}  // namespace

void RegisterMigrationService(rpc::Server& server, MigrationServiceParts given) {
  const std::string service = "agentflow.api.v1.MigrationService/";
  auto parts = std::make_shared<const MigrationServiceParts>(std::move(given));
  server.Unary<api::CreateMigrationRequest, api::Migration>(
      service + "CreateMigration", [parts](const auto& call, const auto& request) {
        return CreateMigration(*parts, call, request);
      });
  server.Unary<api::GetMigrationRequest, api::Migration>(
      service + "GetMigration", [parts](const auto& call, const auto& request) {
        return GetMigration(*parts, call, request);
      });
  server.Unary<api::ListMigrationsRequest, api::ListMigrationsResponse>(
      service + "ListMigrations", [parts](const auto& call, const auto& request) {
        return ListMigrations(*parts, call, request);
      });
}

}  // namespace agentflow::executor
