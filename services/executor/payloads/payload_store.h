#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

struct PayloadLimits {
  size_t bytes = 8 << 20;
  int unused_days = 7;  // kept after an upload while no execution names it
};

struct StoredPayload {
  std::string id;  // SHA-256 of type and content, in hex
  std::string content_type;
  std::string data;
  int64_t size_bytes = 0;
  UnixMicros create_time = 0;
  std::string creator;
};

// Contents under the tenant's row security, sealed under its key. Blocking, thread-safe.
class PayloadStore {
 public:
  PayloadStore(pg::Pool& pool, TenantKeys& keys, const PayloadLimits& limits)
      : pool_(pool), keys_(keys), limits_(limits) {}

  // Gives what is stored, without the content. The same content of the same type is stored once and
  // kept on from now. INVALID_ARGUMENT, reason PAYLOAD_TOO_LARGE or CONTENT_TYPE_INVALID.
  absl::StatusOr<StoredPayload> Put(const std::string& tenant, const std::string& creator,
                                    std::string content_type, const std::string& data);
  // NOT_FOUND, reason PAYLOAD_NOT_FOUND: unknown, no longer kept, or another tenant's.
  // DATA_LOSS, reason SEAL_BROKEN: what is stored does not open.
  absl::StatusOr<StoredPayload> Get(const std::string& tenant, const std::string& id);

 private:
  pg::Pool& pool_;
  TenantKeys& keys_;
  const PayloadLimits limits_;
};

}  // namespace agentflow::executor
