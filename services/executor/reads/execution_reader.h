#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/engine/engine.h"
#include "libs/pg/pool.h"
#include "services/executor/client/plan_cache.h"
#include "services/executor/lanes/claim_board.h"
#include "services/executor/lanes/execution_view.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

// One line of a list.
struct ExecutionSummary {
  Uuid id;
  UnixMicros start_time = 0;
  UnixMicros end_time = 0;  // 0: not over
  engine::Phase phase = engine::Phase::kRunning;
  engine::Mode mode = engine::Mode::kLive;
  int32_t priority = 3;
  int32_t version = 0;
  std::string workflow;
  std::string labels;  // JSON; empty: none
  std::string principal;
  std::string trace_id;
  std::string business_key;  // empty: none
  int16_t retention_days = 0;
  engine::Error error;
};

struct ListQuery {
  std::vector<int64_t> states;  // engine::Phase; empty: all
  std::vector<int64_t> modes;   // engine::Mode; empty: all
  std::optional<std::string> workflow;
  std::optional<int> version;
  std::optional<std::string> business_key;  // not empty
  std::string labels;    // JSON object that must be contained; empty: none
  UnixMicros from = 0;   // start_time >= from
  UnixMicros until = 0;  // start_time < until; 0: no bound
  bool ascending = false;
  // After this row; nullopt: from the beginning.
  std::optional<std::pair<UnixMicros, Uuid>> after;
  int limit = 50;
};

// What requests read: committed rows under the tenant's row security, whoever owns the lane.
// Blocking, thread-safe.
class ExecutionReader {
 public:
  ExecutionReader(pg::Pool& pool, TenantKeys& keys, PlanCache& plans, const ClaimBoard& board)
      : pool_(pool), keys_(keys), plans_(plans), board_(board) {}

  // The whole journal, with the plan that its end needs. The same error as Read.
  struct History {
    std::vector<engine::Event> events;
    CompiledPtr compiled;
    int16_t retention_days = 0;
  };
  absl::StatusOr<History> ReadHistory(const std::string& tenant, const Uuid& id);
  // The state as the journal tells it, with the claims that this executor knows of.
  // NOT_FOUND, reason EXECUTION_NOT_FOUND: unknown, or another tenant's. DATA_LOSS: what is stored
  // does not open.
  // `children`, where given: what each step that starts executions has started last.
  absl::StatusOr<engine::ExecutionState> Read(const std::string& tenant, const Uuid& id,
                                              std::map<engine::StepRef, Uuid>* children = nullptr);
  // What is answered of that state.
  absl::StatusOr<ExecutionView> View(const std::string& tenant, const Uuid& id);
  // The same error where Read would give it, for less.
  absl::Status CheckExists(const std::string& tenant, const Uuid& id);
  // Events that follow each other and are by the numbers of one plan, with the state that they led
  // to, which has the names for these numbers.
  struct Chapter {
    engine::ExecutionState state;
    std::vector<engine::Event> events;
  };
  // The journal's events after `sequence`, at most `limit`. Plans change where the execution was
  // moved to another version.
  struct Page {
    std::vector<Chapter> chapters;
    bool more = false;
  };
  absl::StatusOr<Page> Events(const std::string& tenant, const Uuid& id, uint64_t sequence,
                              int limit);
  // One more than asked for, where there are more. An error's texts that do not open, which is
  // logged, are empty.
  absl::StatusOr<std::vector<ExecutionSummary>> List(const std::string& tenant,
                                                     const ListQuery& query);

 private:
  absl::Status OpenFailures(const std::string& tenant, const std::vector<std::string>& stored,
                            std::vector<ExecutionSummary>* list);
  struct Journal {
    std::vector<std::string> records;
    int16_t retention_days = 0;
  };
  absl::StatusOr<Journal> ReadJournal(const std::string& tenant, const Uuid& id,
                                      const pg::Statement& statement);
  absl::StatusOr<engine::ExecutionState> Fold(const Uuid& id, const History& history) const;

  pg::Pool& pool_;
  TenantKeys& keys_;
  PlanCache& plans_;
  const ClaimBoard& board_;
};

}  // namespace agentflow::executor
