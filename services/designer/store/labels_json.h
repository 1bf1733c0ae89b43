#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/designer/workflows/draft.h"

namespace agentflow::designer {

// Labels as the jsonb column holds them: an object of strings.
std::string LabelsToJson(const Labels& labels);
absl::StatusOr<Labels> LabelsFromJson(std::string_view text);

}  // namespace agentflow::designer
