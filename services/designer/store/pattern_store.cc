#include "services/designer/store/pattern_store.h"

#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace agentflow::designer {
namespace {

constexpr pg::Statement kList{
    "pattern_list",
    "SELECT workflow_id, version, document FROM workflow_version WHERE tenant_id = af.tenant() "
    "AND pattern AND NOT hidden ORDER BY workflow_id, version DESC LIMIT $1"};

const json::Value& Metadata(const json::Value& document) {
  static const json::Value kNone = json::Object{};
  const json::Value* metadata = document.Find("metadata");
  return metadata != nullptr && metadata->is_object() ? *metadata : kNone;
}

}  // namespace

bool IsPattern(const json::Value& document) {
  return Metadata(document).BoolOr("pattern", false);
}

absl::StatusOr<workflow::NodeTypes> TypesOfTenant(pg::TenantTx& tx,
                                                  const workflow::NodeTypes& builtin) {
  AF_ASSIGN_OR_RETURN(pg::Result rows, tx.Exec(kList, kMaxPatterns));
  std::vector<workflow::NodeType> patterns;
  for (const pg::Row& row : rows) {
    AF_ASSIGN_OR_RETURN(json::Value document,
                        json::Parse(row.Text(2), {.depth = 64, .bytes = 64u << 20}));
    const json::Value& metadata = Metadata(document);
    std::string id(row.Text(0));
    const json::Value* inputs = document.Find("inputs");
    patterns.push_back(workflow::CustomNodeType(
        id, static_cast<int32_t>(row.Int(1)), metadata.StringOr("title", id),
        metadata.StringOr("description"), inputs == nullptr ? json::Value(true) : *inputs));
  }
  return builtin.With(std::move(patterns));
}

}  // namespace agentflow::designer
