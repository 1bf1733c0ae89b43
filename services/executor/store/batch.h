#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "services/executor/approvals/approval.h"

// What one transaction of a committer writes. Payloads are bytes that the store does not read.
namespace agentflow::executor {

// What its rows hold about an execution. A migration changes version and
// content_hash, a new home start_day.
struct ExecutionFacts {
  Uuid id;
  std::string tenant;
  int32_t start_day = 0;  // days since 1970-01-01, UTC
  int16_t retention_days = 30;
  UnixMicros start_time = 0;
  int16_t mode = 1;
  int16_t priority = 3;
  int32_t version = 0;
  std::string workflow;
  std::string content_hash;
  std::string labels;  // a JSON object; empty: none
  std::string principal;
  std::string trace_id;
  std::string business_key;  // empty: none
};

// A message for another lane, whose owner finds it in the outbox.
struct OutboxRow {
  int to_lane = 0;
  int from_lane = 0;
  std::string body;

  bool operator==(const OutboxRow&) const = default;
};

// Everything that one batch writes about one execution.
struct ExecutionWrite {
  enum class Live {
    kKeep,    // the live row stays as it is
    kInsert,  // a new execution that outlives the batch
    kUpdate,  // state, version or plan changed, or there is a new snapshot
    kDelete,  // over
    kNone,    // new and over within the batch: there never is a live row
  };
  struct End {
    UnixMicros time = 0;
    std::string error_reason, error_message, error_node;
  };

  std::shared_ptr<const ExecutionFacts> facts;
  // Who waits for it, and of a start: who knows of it by a write of the same batch, without which
  // this one must not happen; nil: nobody.
  Uuid parent;
  // One journal row; none where `events` is empty.
  int64_t first_sequence = 0;
  int64_t last_sequence = 0;
  std::string events;
  Live live = Live::kKeep;
  int16_t state = 0;                    // as users see it, after the batch
  std::optional<std::string> snapshot;  // after last_sequence; replaces an older one
  std::optional<End> end;               // set: a closed row is written
  std::vector<Approval> opened_approvals;
  std::vector<Approval> closed_approvals;  // id, state and what follows it in the struct
  std::string body_hash;                   // of a start with a request id; empty: no start_key row
  std::vector<OutboxRow> messages;         // sent by what the execution did
  bool rehomed = false;  // from this row on its journal lies on another day than that of its id
  std::string change;    // for the feed: agentflow.internal.executor.v1.ExecutionChange
};

using WritePtr = std::shared_ptr<const ExecutionWrite>;

// Identifies the right to write: one row of the table `owner`.
struct Fence {
  int64_t epoch = 0;
  int64_t seq = 0;  // of the last batch

  bool operator==(const Fence&) const = default;
};

// The day partition of an execution: from the time in its id (UUIDv7), else from its start.
int32_t StartDayOf(const Uuid& id, UnixMicros start_time);

}  // namespace agentflow::executor
