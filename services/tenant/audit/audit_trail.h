#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/audit.h"
#include "libs/pg/pool.h"

namespace agentflow::tenant {

struct AuditEvent {
  int64_t sequence = 0;
  UnixMicros time = 0;
  std::string principal;
  std::string method;
  std::string resource;
  std::string outcome;
  std::string trace_id;
  std::string remote_address;
  std::string detail_json;
  std::string hash;           // 32 bytes
  std::string previous_hash;  // 32 bytes; zeros for the first
};

// One condition; all must hold.
struct AuditCondition {
  enum class Field { kPrincipal, kMethod, kResource, kOutcome, kTime };
  enum class Op { kEqual, kBefore, kAfter };  // kEqual for texts, the others for kTime
  Field field = Field::kPrincipal;
  Op op = Op::kEqual;
  std::string text;
  UnixMicros time = 0;
};

// The record of who did what: per tenant a chain, numbered from 1 without gaps, in which each
// event holds SHA-256 over the one before it and its own content. An edited, removed or inserted
// event is found by Verify. (A chain cut at its end and given an older head is not: that needs
// the head's hash kept elsewhere.)
class AuditTrail {
 public:
  explicit AuditTrail(pg::Pool& pool) : pool_(pool) {}

  // Appends records to their tenants' chains, in the order given. One that is there already
  // (same service and id) is skipped, so senders may repeat.
  absl::Status Append(const std::string& service, const std::vector<pg::AuditRecord>& records);

  // Newest first; `before` is the sequence to go on below (0: from the newest).
  absl::StatusOr<std::vector<AuditEvent>> List(const std::string& tenant,
                                               const std::vector<AuditCondition>& conditions,
                                               int64_t before, int limit);

  struct Verification {
    int64_t events = 0;
    // The first event whose hash, number or link is wrong; nullopt when the chain holds.
    std::optional<int64_t> broken_at;
  };
  absl::StatusOr<Verification> Verify(const std::string& tenant);

 private:
  absl::Status AppendToTenant(const std::string& tenant, const std::string& service,
                              const std::vector<const pg::AuditRecord*>& records);

  pg::Pool& pool_;
};

}  // namespace agentflow::tenant
