#include "services/designer/rpc/codec.h"

#include <charconv>

#include "google/protobuf/timestamp.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "libs/workflow/names.h"

namespace agentflow::designer {
namespace {

constexpr std::string_view kPrefix = "workflows/";
constexpr size_t kMaxLabels = 64;
constexpr size_t kMaxLabelKey = 63;
constexpr size_t kMaxLabelValue = 256;
constexpr size_t kMaxTitle = 200;

void SetTime(UnixMicros micros, google::protobuf::Timestamp* out) {
  out->set_seconds(micros / 1'000'000);
  out->set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
}

absl::Status SetSchema(const schema::Schema& schema, google::protobuf::Struct* out) {
  if (!schema.document().is_object()) return absl::OkStatus();  // `true`: no promise
  return rpc::ToProto(schema.document(), out);
}

}  // namespace

absl::StatusOr<std::string> WorkflowId(std::string_view name, std::string_view field) {
  if (name.substr(0, kPrefix.size()) != kPrefix || name.size() == kPrefix.size() ||
      name.find('/', kPrefix.size()) != name.npos) {
    return InvalidArgument(
        "NAME_INVALID", field,
        "`" + std::string(name.substr(0, 100)) + "` is no workflow's name. Write workflows/{id}.");
  }
  std::string id(name.substr(kPrefix.size()));
  // No workflow can have such an id, so nobody has to look.
  if (!workflow::IsResourceId(id)) return WorkflowNotFound(id);
  return id;
}

absl::StatusOr<VersionId> ParseVersionName(std::string_view name, std::string_view field) {
  constexpr std::string_view kVersions = "/versions/";
  size_t at = name.find(kVersions);
  VersionId id;
  if (at != name.npos) {
    std::string_view number = name.substr(at + kVersions.size());
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), id.version);
    if (error == std::errc() && end == number.data() + number.size() && id.version > 0) {
      AF_ASSIGN_OR_RETURN(id.workflow, WorkflowId(name.substr(0, at), field));
      return id;
    }
  }
  return InvalidArgument("NAME_INVALID", field,
                         "`" + std::string(name.substr(0, 100)) +
                             "` is no version's name. Write workflows/{id}/versions/{number}.");
}

absl::StatusOr<api::Workflow> ToProto(const Draft& draft, bool full) {
  api::Workflow out;
  out.set_name(std::string(kPrefix) + draft.id);
  out.set_title(draft.title);
  if (full) {
    AF_RETURN_IF_ERROR(rpc::ToProto(draft.text.document, out.mutable_document()));
    out.set_source(draft.text.source);
  }
  out.set_etag(draft.etag());
  for (const auto& [key, value] : draft.labels) (*out.mutable_labels())[key] = value;
  out.set_latest_version(draft.latest_version);
  SetTime(draft.create_time, out.mutable_create_time());
  SetTime(draft.update_time, out.mutable_update_time());
  out.set_draft_changed(draft.changed());
  return out;
}

absl::StatusOr<api::WorkflowVersion> ToProto(std::string_view workflow, const Version& version,
                                             bool full) {
  api::WorkflowVersion out;
  out.set_name(std::string(kPrefix) + std::string(workflow) + "/versions/" +
               std::to_string(version.version));
  out.set_version(version.version);
  out.set_content_hash(version.content_hash);
  if (full) AF_RETURN_IF_ERROR(rpc::ToProto(version.document, out.mutable_document()));
  SetTime(version.create_time, out.mutable_create_time());
  out.set_creator(version.creator);
  out.set_comment(version.comment);
  return out;
}

api::Problem ToProto(const workflow::Problem& problem) {
  api::Problem out;
  out.set_severity(problem.severity == workflow::Severity::kError ? api::Problem::ERROR
                                                                  : api::Problem::WARNING);
  out.set_reason(problem.reason);
  out.set_message(problem.message);
  out.set_node(problem.node);
  out.set_field(problem.pointer);
  out.set_line(problem.position.line);
  out.set_column(problem.position.column);
  return out;
}

absl::StatusOr<api::NodeType> ToProto(const workflow::NodeType& type) {
  api::NodeType out;
  out.set_name("nodeTypes/" + type.type);
  out.set_type(type.type);
  out.set_title(type.title);
  out.set_summary(type.summary);
  out.set_category(type.category);
  AF_RETURN_IF_ERROR(SetSchema(type.config, out.mutable_config_schema()));
  AF_RETURN_IF_ERROR(SetSchema(type.output, out.mutable_output_schema()));
  for (const auto& [ports, add] : {std::pair(&type.inputs, &api::NodeType::add_inputs),
                                   std::pair(&type.outputs, &api::NodeType::add_outputs)}) {
    for (const workflow::PortInfo& port : *ports) {
      api::Port* added = (out.*add)();
      added->set_id(port.id);
      added->set_title(port.title);
    }
  }
  out.set_dynamic_ports(type.dynamic_ports);
  out.set_container(type.container);
  out.set_example(type.example);
  return out;
}

bool HasText(const api::Workflow& workflow) {
  return workflow.has_document() || !workflow.source().empty();
}

absl::StatusOr<DraftText> TextFrom(const api::Workflow& workflow) {
  if (workflow.has_document() && !workflow.source().empty()) {
    return InvalidArgument("DOCUMENT_TWICE", "workflow.source",
                           "Both `document` and `source` are set. Send one of them.");
  }
  if (!workflow.has_document()) return DraftFromSource(workflow.source());
  AF_ASSIGN_OR_RETURN(json::Value document, rpc::ToJson(workflow.document()));
  return DraftFromDocument(document);
}

absl::Status CheckTitle(std::string_view title) {
  if (title.size() <= 4 * kMaxTitle && title.find('\0') == title.npos) return absl::OkStatus();
  return InvalidArgument(
      "TITLE_INVALID", "workflow.title",
      "The title has more than " + std::to_string(kMaxTitle) + " characters or a NUL. Shorten it.");
}

absl::Status CheckLabels(const Labels& labels) {
  auto refuse = [](std::string_view what) {
    return InvalidArgument("LABEL_INVALID", "workflow.labels",
                           std::string(what) +
                               ". Keys have 1 to 63 characters of a-z, A-Z, 0-9, _, "
                               "-, . and /; values at most 256; there are at most 64.");
  };
  if (labels.size() > kMaxLabels) return refuse("Too many labels");
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
  for (const auto& [key, value] : labels) {
    if (key.empty() || key.size() > kMaxLabelKey || key.find_first_not_of(kAllowed) != key.npos) {
      return refuse("`" + key.substr(0, 100) + "` is no key of a label");
    }
    if (value.size() > kMaxLabelValue || value.find('\0') != value.npos) {
      return refuse("The value of the label `" + key + "` is too long or contains a NUL");
    }
  }
  return absl::OkStatus();
}

Labels LabelsFrom(const api::Workflow& workflow) {
  Labels labels;
  for (const auto& [key, value] : workflow.labels()) labels[key] = value;
  return labels;
}

absl::Status WorkflowNotFound(std::string_view id) {
  return NotFound("WORKFLOW_NOT_FOUND", "There is no workflow `" + std::string(id.substr(0, 100)) +
                                            "`. List those there are with GET /v1/workflows.");
}

absl::Status VersionNotFound(std::string_view id, int32_t version) {
  return NotFound("VERSION_NOT_FOUND", "The workflow `" + std::string(id) + "` has no version " +
                                           std::to_string(version) +
                                           ". List them with GET /v1/workflows/{id}/versions.");
}

absl::Status EtagMismatch(const Draft& draft) {
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               "The draft was changed by someone else meanwhile. Get it again, apply your change "
               "to what is there now, and send it with the new etag.",
               {{"etag", draft.etag()}});
}

}  // namespace agentflow::designer
