#include "services/designer/workflows/draft.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/workflow/analyze.h"

namespace agentflow::designer {
namespace {

absl::Status CheckKind(const workflow::SourceText& text) {
  const json::Value& document = text.value;
  std::string wrong;
  if (!document.is_object()) {
    wrong = "The text is no workflow document but a JSON " +
            std::string(json::KindName(document.kind()));
  } else if (document.StringOr("apiVersion") != "agentflow/v1") {
    wrong = "`apiVersion` is not agentflow/v1";
  } else if (document.StringOr("kind") != "Workflow") {
    wrong = "`kind` is not Workflow";
  }
  if (wrong.empty()) return absl::OkStatus();
  workflow::Position at =
      text.positions.Find(document.is_object() && wrong[1] == 'k' ? "/kind" : "/apiVersion");
  ErrorMetadata metadata = {{kErrorField, "source"}};
  if (at.line != 0) {
    metadata["line"] = std::to_string(at.line);
    metadata["column"] = std::to_string(at.column);
  }
  return Error(absl::StatusCode::kInvalidArgument, "DOCUMENT_KIND_UNKNOWN",
               wrong + ". A workflow begins with `apiVersion: agentflow/v1` and `kind: Workflow`.",
               std::move(metadata));
}

const json::Value* Metadata(const json::Value& document) {
  return document.Find("metadata");
}

}  // namespace

std::string ContentHash(const json::Value& document) {
  return "sha256:" + crypto::Sha256Hex(workflow::CanonicalContent(document));
}

absl::StatusOr<DraftText> DraftFromSource(std::string_view source) {
  AF_ASSIGN_OR_RETURN(workflow::SourceText text, workflow::ParseText(source));
  AF_RETURN_IF_ERROR(CheckKind(text));
  return DraftText{std::string(source), text.value, ContentHash(text.value)};
}

absl::StatusOr<DraftText> DraftFromDocument(const json::Value& document) {
  // Through the text, so that its limits hold for every way in.
  return DraftFromSource(workflow::FormatYaml(document));
}

DraftText EmptyDraft(std::string_view id, std::string_view title) {
  json::Object metadata{{"name", id}};
  if (!title.empty()) metadata.Set("title", title);
  json::Value document = json::Object{{"apiVersion", "agentflow/v1"},
                                      {"kind", "Workflow"},
                                      {"metadata", metadata},
                                      {"nodes", json::Object{}},
                                      {"edges", json::Array{}}};
  return {workflow::FormatYaml(document), document, ContentHash(document)};
}

std::string TitleOf(const json::Value& document) {
  const json::Value* metadata = Metadata(document);
  return metadata == nullptr ? "" : metadata->StringOr("title");
}

Labels LabelsOf(const json::Value& document) {
  Labels labels;
  const json::Value* metadata = Metadata(document);
  const json::Value* found = metadata == nullptr ? nullptr : metadata->Find("labels");
  if (found == nullptr || !found->is_object()) return labels;
  for (const auto& [key, value] : found->as_object()) {
    if (value.is_string()) labels[key] = value.as_string();
  }
  return labels;
}

}  // namespace agentflow::designer
