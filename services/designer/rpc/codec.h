#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "agentflow/api/v1/node_type.pb.h"
#include "agentflow/api/v1/workflow.pb.h"
#include "libs/workflow/node_type.h"
#include "libs/workflow/problem.h"
#include "services/designer/workflows/draft.h"

// Between protos and plain structs.
namespace agentflow::designer {

namespace api = ::agentflow::api::v1;

// "workflows/{id}". Errors: NAME_INVALID, and WORKFLOW_NOT_FOUND for what can be no id.
absl::StatusOr<std::string> WorkflowId(std::string_view name, std::string_view field);
struct VersionId {
  std::string workflow;
  int32_t version = 0;
};
// "workflows/{id}/versions/{number}"
absl::StatusOr<VersionId> ParseVersionName(std::string_view name, std::string_view field);

absl::StatusOr<api::Workflow> ToProto(const Draft& draft, bool full);
absl::StatusOr<api::WorkflowVersion> ToProto(std::string_view workflow, const Version& version,
                                             bool full);
api::Problem ToProto(const workflow::Problem& problem);
absl::StatusOr<api::NodeType> ToProto(const workflow::NodeType& type);

// From `source`, else `document`. Errors: DOCUMENT_TWICE where both are set, and those of
// DraftFromSource. REQUIRES: one is set.
absl::StatusOr<DraftText> TextFrom(const api::Workflow& workflow);
bool HasText(const api::Workflow& workflow);

// Checks keys, values and their number. Errors: LABEL_INVALID, TITLE_INVALID.
absl::Status CheckLabels(const Labels& labels);
absl::Status CheckTitle(std::string_view title);
Labels LabelsFrom(const api::Workflow& workflow);

absl::Status WorkflowNotFound(std::string_view id);
absl::Status VersionNotFound(std::string_view id, int32_t version);
absl::Status EtagMismatch(const Draft& draft);

}  // namespace agentflow::designer
