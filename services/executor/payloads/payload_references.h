#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/pg/pipeline.h"
#include "services/executor/store/batch.h"

// What executions name is kept as long as they are.
namespace agentflow::executor {

inline constexpr std::string_view kPayloadPrefix = "payloads/";
inline constexpr size_t kPayloadIdSize = 64;  // hex digits of a SHA-256

// Whether it is an id as PayloadStore gives them.
bool IsPayloadId(std::string_view id);

// Ids of the payloads named anywhere in bytes that hold texts as they are, such as encoded events.
// What only looks like a name is found too: it keeps too much rather than too little.
std::set<std::string> PayloadsNamedIn(std::string_view bytes);

// Rows are locked in one order, since several committers may name the same payload.
inline constexpr pg::Statement kKeepPayloads = {
    "keep_payloads",
    "WITH named AS (SELECT tenant_id, payload_id, max(until) AS until "
    "FROM unnest($1::text[], $2::text[], $3::int[]) AS d(tenant_id, payload_id, until) GROUP BY "
    "1, 2), due AS (SELECT p.tenant_id, p.payload_id, n.until FROM named n JOIN payload p "
    "ON p.tenant_id = n.tenant_id AND p.payload_id = n.payload_id WHERE p.kept_until < n.until "
    "ORDER BY 1, 2 FOR NO KEY UPDATE OF p) "
    "UPDATE payload p SET kept_until = greatest(p.kept_until, d.until) FROM due d "
    "WHERE p.tenant_id = d.tenant_id AND p.payload_id = d.payload_id"};

// Adds the statement where a journal row of `writes` names payloads: they are kept until that row
// is dropped. `statement` is its place among the pipeline's statements.
void KeepReferencedPayloads(pg::Pipeline& db, size_t statement,
                            const std::vector<WritePtr>& writes);

}  // namespace agentflow::executor
