#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/crypto/data_key.h"

// How bodies are sealed in the database: what people put into executions, under their tenant's key.
namespace agentflow::executor {

// Where a body lies. Its key follows from the scope (an execution, a payload, a document), and it
// opens in this place alone, so that no two can be exchanged.
struct Place {
  std::string_view table;  // and column; for messages too
  std::string scope;
  std::string row;  // within the scope
};

Place JournalPlace(const Uuid& execution, int64_t first_sequence);
Place SnapshotPlace(const Uuid& execution, int64_t sequence);
Place PayloadPlace(const std::string& id);
Place DocumentPlace(const std::string& content_hash);
// What a row of the feed, "<owner>/<committer>" and number, says about an execution.
Place ChangePlace(const Uuid& execution, std::string_view committer, int64_t sequence);
// What an approval asks ("asked") or got ("answered").
Place ApprovalPlace(const Uuid& execution, const Uuid& approval, std::string_view column);
// Why an execution failed.
Place FailurePlace(const Uuid& execution);

// One tenant's key. Immutable, thread-safe.
class TenantSeal {
 public:
  // `broken` counts the bodies that did not open.
  TenantSeal(std::string tenant, crypto::DataKey key, std::shared_ptr<std::atomic<int64_t>> broken)
      : tenant_(std::move(tenant)), key_(std::move(key)), broken_(std::move(broken)) {}

  std::string Seal(const Place& place, std::string_view body) const;
  // DATA_LOSS, reason SEAL_BROKEN, which names the place; logged and counted.
  absl::StatusOr<std::string> Open(const Place& place, std::string_view sealed) const;

  const crypto::DataKey& key() const { return key_; }

 private:
  const std::string tenant_;
  const crypto::DataKey key_;
  const std::shared_ptr<std::atomic<int64_t>> broken_;
};

using TenantSealPtr = std::shared_ptr<const TenantSeal>;
// Those of a batch's writes, in their order.
using TenantSeals = std::vector<TenantSealPtr>;

// Opens what may have been stored by a version that did not seal: that is given as it is, for
// which `seal` need not be there.
absl::StatusOr<std::string> OpenStored(const absl::StatusOr<TenantSealPtr>& seal,
                                       const Place& place, std::string_view stored);

}  // namespace agentflow::executor
