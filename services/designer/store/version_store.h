#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pg/pool.h"
#include "services/designer/workflows/draft.h"

// SQL of published versions.
namespace agentflow::designer {

// Only versions that are not hidden.
absl::StatusOr<std::optional<Version>> FindVersion(pg::TenantTx& tx, std::string_view workflow,
                                                   int32_t version);
absl::StatusOr<std::optional<Version>> FindVersionByHash(pg::TenantTx& tx,
                                                         std::string_view workflow,
                                                         std::string_view content_hash);

// Stores the version under the workflow's next number and makes it the newest one.
// REQUIRES: the draft is locked.
absl::StatusOr<Version> InsertVersion(pg::TenantTx& tx, std::string_view workflow,
                                      const Version& version, std::string_view canonical);

// Makes an existing version the newest one again.
absl::Status SetLatest(pg::TenantTx& tx, std::string_view workflow, const Version& version);

// Newest first, below `before` (0: from the newest), without source and document.
absl::StatusOr<std::vector<Version>> ListVersions(pg::TenantTx& tx, std::string_view workflow,
                                                  int32_t before, int limit);

// Canonical bytes, also of hidden versions; nothing for an unknown hash.
absl::StatusOr<std::optional<std::string>> FindContent(pg::TenantTx& tx,
                                                       std::string_view content_hash);

struct VersionName {
  std::string tenant;
  std::string workflow;  // id
  int32_t version = 0;   // 0: the newest
};
struct ResolvedVersion {
  std::string error_reason;  // empty when found
  int32_t version = 0;
  std::string content_hash;
};
// All in one query, in the order of the names.
absl::StatusOr<std::vector<ResolvedVersion>> ResolveVersions(pg::SystemTx& tx,
                                                             const std::vector<VersionName>& names);

}  // namespace agentflow::designer
