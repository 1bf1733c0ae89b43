#pragma once

#include <optional>
#include <string>
#include <utility>

#include "services/executor/reads/execution_reader.h"

namespace agentflow::executor {

// ListExecutions' filter and order as a query. Fields: state, workflow, version, mode,
// labels.<key> (all with =) and start_time (with < <= > >=).
absl::StatusOr<ListQuery> ToListQuery(const std::string& filter, const std::string& order_by);

// The position of a row, for page tokens.
std::string FormatPosition(UnixMicros start_time, const Uuid& id);
absl::StatusOr<std::optional<std::pair<UnixMicros, Uuid>>> ParsePosition(
    const std::string& position);

}  // namespace agentflow::executor
