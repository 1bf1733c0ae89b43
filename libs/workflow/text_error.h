#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "libs/workflow/source_text.h"

namespace agentflow::workflow {

// INVALID_ARGUMENT whose message begins with the position and whose metadata has it too.
absl::Status TextError(std::string_view reason, Position position, std::string_view message);

}  // namespace agentflow::workflow
