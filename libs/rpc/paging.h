#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace agentflow::rpc {

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;

// 0 is the default size, more than the most is the most (AIP-158). INVALID_ARGUMENT, reason
// PAGE_SIZE_INVALID, for a negative one.
absl::StatusOr<int> PageSize(int32_t requested, int default_size = kDefaultPageSize,
                             int max_size = kMaxPageSize);

// What a page token belongs to: everything that decides which rows come in which order.
struct PageQuery {
  std::string_view tenant;
  // "ListWorkflows" or the collection.
  std::string_view method;
  std::string_view parent;
  std::string_view filter;
  std::string_view order_by;
};

// An opaque token that says "continue after `position`" (any bytes, for example the last row's
// sort key and id as JSON).
std::string MakePageToken(const PageQuery& query, std::string_view position);
// The position, or "" for an empty token (the first page). INVALID_ARGUMENT, reason
// PAGE_TOKEN_INVALID, for a token of another query or a damaged one. A position is no secret
// and no proof: read it with care and only ever under the caller's tenant.
absl::StatusOr<std::string> ReadPageToken(const PageQuery& query, std::string_view token);

}  // namespace agentflow::rpc
