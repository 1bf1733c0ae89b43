#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/pg/result.h"

namespace agentflow::pg {

// Runs SQL text, possibly many statements, on a connection of its own and gives the last result.
// For installation and tests; a service's requests use named statements in a transaction.
absl::StatusOr<Result> RunScript(const std::string& url, std::string_view sql);

}  // namespace agentflow::pg
