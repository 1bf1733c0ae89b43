#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/crypto/seal.h"
#include "libs/pg/pipeline.h"
#include "services/executor/sealing/tenant_seal.h"

namespace agentflow::executor {

// Settings `encryption.keys` and `encryption.current` as a key ring. INVALID_ARGUMENT, reason
// CONFIG_INVALID, names the setting and says how to make a key.
absl::StatusOr<crypto::KeyRing> MasterKeys(const crypto::Secret& keys, const std::string& current);

struct TenantKeysOptions {
  std::string url;  // role executor_engine
  // A key in memory is looked at this often, and is not used without a look in three times as long:
  // so long after it was destroyed no executor has it.
  int check_ms = 5'000;
};

// The tenants' keys: made when first needed, kept in memory, destroyed with their tenant.
// Thread-safe.
class TenantKeys {
 public:
  TenantKeys(TenantKeysOptions options, crypto::KeyRing master, const Clock& clock);
  ~TenantKeys();

  // Where it is in memory; null: ask Get, which may wait for the database.
  TenantSealPtr Find(const std::string& tenant);
  // Blocking. For sealing: made where there is none yet. NOT_FOUND, reason TENANT_KEY_DESTROYED,
  // while the tenant is being erased; FAILED_PRECONDITION, reason MASTER_KEY_UNKNOWN; DATA_LOSS,
  // reason TENANT_KEY_BROKEN.
  absl::StatusOr<TenantSealPtr> Get(const std::string& tenant);
  // Blocking. For opening: DATA_LOSS, reason TENANT_KEY_MISSING, where there is none; else as Get.
  absl::StatusOr<TenantSealPtr> Open(const std::string& tenant);
  // The same for many, in one question; fails as a whole only where the database does.
  absl::StatusOr<std::map<std::string, absl::StatusOr<TenantSealPtr>>> OpenAll(
      const std::set<std::string>& tenants);

  // Blocking. Destroys the tenant's key, if it has one; true once nobody has it in memory either.
  absl::StatusOr<bool> Destroy(const std::string& tenant);

  // Every check_ms, from one thread: forgets what was destroyed, and seals anew, some at a time,
  // what is sealed under a master key that is not the current one.
  absl::Status Check();
  // Whether the master keys are those that the stored ones are sealed under; at the start.
  absl::Status CheckMaster();

  // Bodies that did not open, so far.
  int64_t broken() const { return *broken_; }
  int check_ms() const { return options_.check_ms; }

 private:
  struct Cached {
    TenantSealPtr seal;
    std::string sealed;         // the row it came from
    int64_t trusted_until = 0;  // monotonic
  };
  using Row = absl::StatusOr<TenantSealPtr>;

  absl::StatusOr<pg::BinaryResult> Query(size_t statement, const pg::BinaryParams& params);
  absl::Status CheckCached();
  absl::Status ResealSome();
  // Opens a row; seals it anew where its master key is not the current one.
  Row Unwrap(const std::string& tenant, const std::string& sealed);
  int64_t TrustMicros() const { return 3'000 * int64_t{options_.check_ms}; }
  TenantSealPtr FindAt(const std::string& tenant, int64_t monotonic);

  const TenantKeysOptions options_;
  const crypto::KeyRing master_;
  const Clock& clock_;
  const std::shared_ptr<std::atomic<int64_t>> broken_ = std::make_shared<std::atomic<int64_t>>(0);
  std::atomic<int> reseal_in_{0};  // checks until the next look for what older master keys seal

  // Held while one is read, so that the many who want the same key at first ask once.
  std::mutex opening_;
  std::mutex db_mutex_;
  std::unique_ptr<pg::Pipeline> db_;

  std::mutex mutex_;
  std::map<std::string, Cached> cached_;
};

}  // namespace agentflow::executor
