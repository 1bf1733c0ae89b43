#pragma once

#include "absl/status/statusor.h"
#include "libs/json/value.h"
#include "libs/pg/pool.h"
#include "libs/workflow/node_type.h"

// Published workflows that are used like nodes: custom.NAME@VERSION.
namespace agentflow::designer {

// How many of a tenant's are known, by name and the newest first.
inline constexpr int kMaxPatterns = 500;

// Whether a document says so: metadata.pattern.
bool IsPattern(const json::Value& document);

// `builtin` and the tenant's patterns.
absl::StatusOr<workflow::NodeTypes> TypesOfTenant(pg::TenantTx& tx,
                                                  const workflow::NodeTypes& builtin);

}  // namespace agentflow::designer
