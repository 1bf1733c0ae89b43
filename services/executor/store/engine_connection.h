#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pipeline.h"

// How the store's connections are made.
namespace agentflow::executor {

// The engine's connections never scan a table whole, whatever the planner believes about its size
// (these tables grow from empty to large between two ANALYZE), and plan a statement once.
inline constexpr pg::Statement kConfigure = {
    "configure",
    "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', "
    "false),"
    " set_config('enable_mergejoin', 'off', false),"
    " set_config('enable_memoize', 'off', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false)"};

// Joins each row `d` with where the row of `table` is that `condition` on `k` finds. A subquery
// with a LIMIT stays what it is: a look into an index for each. A plain join could be turned round,
// into a walk through the table past all that is dead in it, once ANALYZE has seen it nearly empty.
#define AF_ROW_OF(table, condition) \
  "CROSS JOIN LATERAL (SELECT k.ctid FROM " table " k WHERE " condition " LIMIT 1) AS found "

// An answer must come in time for another try before the lease ends.
constexpr int ShortestAnswer(int lease_ms) {
  return std::max(lease_ms / 2, 500);
}

// `statements` begin with kConfigure.
inline absl::StatusOr<std::unique_ptr<pg::Pipeline>> ConnectEngine(
    const std::string& url, const std::string& name, std::vector<pg::Statement> statements,
    int answer_timeout_ms) {
  AF_ASSIGN_OR_RETURN(
      std::unique_ptr<pg::Pipeline> db,
      pg::Pipeline::Connect({.url = url,
                             .name = name,
                             .statements = std::move(statements),
                             .answer_timeout_ms = answer_timeout_ms}));
  AF_RETURN_IF_ERROR(db->Query(0).status());
  return db;
}

}  // namespace agentflow::executor
