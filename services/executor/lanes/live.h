#pragma once

#include "services/executor/lanes/committer.h"

// What a committer keeps in memory; for its own .cc files.
namespace agentflow::executor {

struct Committer::LiveTask {
  enum class State {
    kUncommitted,  // its offer is not durable yet
    kDelayed,      // in delayed_, until its time
    kOffered,      // in the queue
    kHeld,         // a coordinator has it
  };
  uint32_t attempt = 0;
  std::shared_ptr<const engine::Offer> offer;
  UnixMicros ready_at = 0;
  UnixMicros deadline = 0;
  UnixMicros delayed_until = 0;  // its place in delayed_
  State state = State::kUncommitted;
  std::string holder;
};

struct Committer::Live {
  engine::ExecutionState state;
  std::shared_ptr<const ExecutionFacts> facts;
  TenantLoad::Place place = TenantLoad::Place::kRunning;  // where it counts
  std::map<engine::StepRef, LiveTask> tasks;
  std::set<std::pair<UnixMicros, std::string>> timers;
  std::map<engine::StepRef, Uuid> approvals;  // open ones
  std::map<std::string, std::string> keys;    // asked for, not given back: key by ticket's step
  std::string body_hash;                      // until the start is sealed
  bool reloaded = false;                      // its plan was exchanged: the batch needs a snapshot
  bool rehomed = false;                       // its journal lies on another day from here on
  bool row = false;  // there is a live row, once everything sealed is committed
  int16_t row_state = 0;
  engine::Phase published = engine::Phase::kNone;
  size_t tail_bytes = 0;  // journal after the newest snapshot
  uint64_t batch = 0;     // the forming batch that has an entry for it
  size_t entry = 0;
};

struct Committer::Answer {
  Uuid execution;
  std::function<void(absl::StatusOr<ExecutionView>)> done;
  ExecutionView view;
  // Of a start that is answered so because of who has its business key, as it seems.
  std::shared_ptr<StartItem> start;
};

// What a batch does to one execution.
struct Committer::BatchEntry {
  struct Attempt {
    engine::StepRef step;
    uint32_t attempt = 0;
  };

  Uuid id;
  std::shared_ptr<ExecutionWrite> write = std::make_shared<ExecutionWrite>();
  ChangedSteps steps;
  std::string earlier_steps;  // EncodeSteps: of steps as another plan numbered them
  // To be begun after the commit.
  std::vector<Attempt> offers;
  std::vector<Attempt> in_process;
  std::vector<Attempt> children;
  bool dropped = false;
  bool ended = false;
};

struct Committer::Batch {
  using Entry = BatchEntry;
  using Attempt = BatchEntry::Attempt;

  uint64_t number = 0;
  std::vector<Entry> entries;
  std::vector<size_t> written;  // entries behind the writes that were sent
  std::vector<Answer> answers;
  std::vector<std::function<void()>> effects;
  std::vector<LaneMove> moves;
  std::vector<KeyChange> keys;
  std::vector<OutboxRow> messages;
  std::vector<Mail> taken;
  std::set<int> mail_for;  // lanes whose owners have something in the outbox after the commit
  size_t items = 0;
  size_t bytes = 0;
  bool urgent = false;  // false: only things that may wait for the next commit
  int64_t sealed_at = 0;
};

// With the new owner's address, where it is known.
absl::Status LaneMoved(const std::string& owner = "");

// Where a start counts as long as there is nothing else to say so.
inline TenantLoad::Place PlaceOf(const engine::StartInfo& info) {
  return info.queued ? TenantLoad::Place::kQueued : TenantLoad::Place::kRunning;
}

}  // namespace agentflow::executor
