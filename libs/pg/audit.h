#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/pool.h"

// The audit outbox: a change and its record are one transaction. Every schema has the table
// `audit_outbox` (Migrate makes it); a shipper hands its rows to the tenant service and deletes
// them after the answer. Rows may be sent twice, never lost; the receiver knows them by id.
namespace agentflow::pg {

struct AuditRecord {
  Uuid id;                     // nil: the database makes one
  std::string tenant;          // set by WriteAudit from the transaction
  UnixMicros time = 0;         // set by the database
  std::string principal;       // users/{id}, apiKeys/{id}, services/{name}, or empty
  std::string method;          // agentflow.api.v1.UserService.CreateUser
  std::string resource;        // users/{id}
  std::string outcome = "OK";  // canonical code
  std::string trace_id;
  std::string remote_address;
  std::string detail_json = "{}";  // what changed, without secrets
};

// Writes a record of the transaction's tenant.
absl::Status WriteAudit(TenantTx& tx, const AuditRecord& record);

// Sends rows on. `Step` is the whole of its logic; `Start` runs it on a thread of its own.
class AuditShipper {
 public:
  // Returns OK when every record is stored on the other side. May be called again with the same.
  using Send = std::function<absl::Status(const std::vector<AuditRecord>&)>;
  struct Options {
    size_t batch = 200;
    // Between looks at an empty outbox, for rows that another process left; those of this pool are
    // shipped at once.
    int idle_ms = 20'000;
    int first_backoff_ms = 200;
    int max_backoff_ms = 10'000;  // after failures
  };

  AuditShipper(Pool& pool, Send send, Options options);
  ~AuditShipper();

  // Ships one batch, oldest first. Gives the number of rows shipped.
  absl::StatusOr<size_t> Step();

  void Start();
  // Ends the thread after its current batch. Rows left stay for the next process.
  void Stop();

 private:
  struct Thread;
  void Loop();
  Pool& pool_;
  Send send_;
  Options options_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace agentflow::pg
