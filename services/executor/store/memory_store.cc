#include "services/executor/store/memory_store.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"

namespace agentflow::executor {
namespace {

using Live = ExecutionWrite::Live;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

CommitOutcome Ended(CommitOutcome::Kind kind, absl::Status status) {
  return {.kind = kind, .status = std::move(status)};
}

absl::Status LanesLost() {
  return FailedPrecondition("LANES_LOST", "Another owner has raised the epoch.");
}

}  // namespace

void MemoryStore::BeginCommit(const Fence& expected, Transaction transaction) {
  AF_CHECK(!commit_ && !question_);
  commit_ = {expected, std::move(transaction)};
}

void MemoryStore::Expect(bool holds, const std::string& what) {
  if (holds) return;
  AF_CHECK(database_.broken != nullptr);
  database_.broken(what);
}

bool MemoryStore::Owns(int lane) const {
  auto it = database_.lanes.find(lane);
  return it != database_.lanes.end() && it->second == std::make_pair(owner_, committer_);
}

CommitOutcome MemoryStore::Carry(const Fence& expected, const Transaction& transaction) {
  const std::vector<WritePtr>& writes = transaction.writes;
  auto owner = database_.owners.find({owner_, committer_});
  if (owner == database_.owners.end() || owner->second.fence != expected) {
    return Ended(CommitOutcome::Kind::kFenced, LanesLost());
  }
  for (const WritePtr& write : writes) {
    const Uuid& id = write->facts->id;
    const auto& rows = database_.journal[id];
    const bool gap = !write->events.empty() &&
                     write->first_sequence != (rows.empty() ? 1 : rows.back().last + 1);
    const bool key_taken =
        write->live == Live::kInsert && !write->facts->business_key.empty() &&
        std::any_of(database_.live.begin(), database_.live.end(), [&](const auto& row) {
          return row.second.facts.tenant == write->facts->tenant &&
                 row.second.facts.workflow == write->facts->workflow &&
                 row.second.facts.business_key == write->facts->business_key &&
                 std::none_of(writes.begin(), writes.end(), [&](const WritePtr& other) {
                   return other->facts->id == row.first && other->live == Live::kDelete;
                 });
        });
    if (key_taken) {
      return Ended(CommitOutcome::Kind::kRefused,
                   Error(absl::StatusCode::kAlreadyExists, kBusinessKeyRefused, ""));
    }
    const bool twice = (!write->body_hash.empty() && database_.start_keys.contains(id)) ||
                       (write->live == Live::kInsert && database_.live.contains(id)) ||
                       (write->end && database_.closed.contains(id));
    const bool his = Owns(LaneOf(id));
    const bool changes_row = write->live == Live::kUpdate || write->live == Live::kDelete;
    const char* wrong = !his  ? "a write to a lane that is not the writer's"
                        : gap ? "a journal row that does not follow the last one"
                        : changes_row && !database_.live.contains(id)
                            ? "a change of a live row that is not there"
                            : nullptr;
    if (wrong != nullptr) {
      Expect(false, wrong + std::string(": ") + id.ToString());
      return Ended(CommitOutcome::Kind::kRefused, Internal("DATABASE_BROKEN", wrong));
    }
    if (twice || database_.poisoned.contains(id)) {
      return Ended(CommitOutcome::Kind::kRefused,
                   InvalidArgument("DATABASE_VALUE_REFUSED", "", ""));
    }
  }
  ++owner->second.fence.seq;
  owner->second.lease_until = database_.now + database_.lease;
  ++database_.commits;
  MemoryDatabase::FeedRow feed{.fence = owner->second.fence};
  for (const WritePtr& write : writes) {
    const Uuid& id = write->facts->id;
    if (!write->events.empty()) {
      database_.journal[id].push_back({write->first_sequence, write->last_sequence, write->events});
    }
    if (write->live == Live::kInsert) {
      database_.live[id] = {.facts = *write->facts, .state = write->state};
    }
    if (write->live == Live::kUpdate) {
      database_.live.at(id).state = write->state;
      database_.live.at(id).facts = *write->facts;
    }
    if (write->snapshot) {
      database_.live.at(id).snapshot = *write->snapshot;
      database_.live.at(id).snapshot_sequence = write->last_sequence;
    }
    if (write->live == Live::kDelete) database_.live.erase(id);
    if (write->end) database_.closed[id] = {*write->facts, write->state};
    if (!write->body_hash.empty()) database_.start_keys[id] = write->body_hash;
    for (const Approval& opened : write->opened_approvals) database_.approvals[opened.id] = opened;
    for (const Approval& closed : write->closed_approvals) {
      auto row = database_.approvals.find(closed.id);
      if (row == database_.approvals.end()) continue;
      row->second.state = closed.state;
      row->second.end_time = closed.end_time;
      row->second.decider = closed.decider;
      row->second.comment = closed.comment;
      row->second.values = closed.values;
    }
    if (!write->change.empty()) feed.changes.push_back(write->change);
  }
  if (!feed.changes.empty()) {
    database_.feed[owner_ + "/" + std::to_string(committer_)].push_back(std::move(feed));
  }
  auto post = [this](const OutboxRow& row) {
    const int64_t number = ++database_.last_mail;
    database_.outbox[number] = {row.to_lane, number, row.body};
  };
  for (const WritePtr& write : writes) {
    for (const OutboxRow& row : write->messages) post(row);
  }
  for (const OutboxRow& row : transaction.messages) post(row);
  for (const Mail& mail : transaction.taken) {
    Expect(Owns(mail.lane), "a message of a lane that is not the taker's");
    Expect(database_.outbox.erase(mail.number) == 1, "a message is taken twice");
  }
  for (const KeyChange& change : transaction.keys) {
    Expect(Owns(change.row.lane), "a key of a lane that is not the writer's");
    const auto name = std::make_tuple(change.row.tenant, change.row.key, change.row.ticket);
    if (change.gone) {
      database_.keys.erase(name);
    } else {
      database_.keys[name] = change.row;
    }
  }
  for (const LaneMove& move : transaction.moves) {
    auto lane = database_.lanes.find(move.lane);
    auto to = database_.owners.find({move.to, 0});
    if (lane == database_.lanes.end() || lane->second != std::make_pair(owner_, committer_) ||
        to == database_.owners.end()) {
      continue;
    }
    lane->second = {move.to, move.lane % to->second.committers};
  }
  return {.kind = CommitOutcome::Kind::kCommitted, .database_time = database_.now};
}

std::optional<CommitOutcome> MemoryStore::TakeCommit() {
  if (unanswered_ && !answers_stalled) return std::exchange(unanswered_, std::nullopt);
  if (!commit_ || stalled) return std::nullopt;
  if (answers_stalled) {
    const auto [expected, transaction] = *std::exchange(commit_, std::nullopt);
    unanswered_ = Carry(expected, transaction);
    return std::nullopt;
  }
  const auto [expected, transaction] = *std::exchange(commit_, std::nullopt);
  CommitFault fault = CommitFault::kNone;
  if (!faults.empty()) {
    fault = faults.front();
    faults.pop_front();
  }
  if (on_commit) on_commit(transaction.writes);
  switch (fault) {
    case CommitFault::kNotDone:
      return Ended(CommitOutcome::Kind::kNotDone, Unavailable("DATABASE_UNAVAILABLE", "fault"));
    case CommitFault::kLostBeforeCommit:
      return Ended(CommitOutcome::Kind::kUnknown, Unavailable("DATABASE_COMMIT_UNKNOWN", "fault"));
    case CommitFault::kLostAfterCommit: {
      CommitOutcome outcome = Carry(expected, transaction);
      if (outcome.kind != CommitOutcome::Kind::kCommitted) return outcome;
      return Ended(CommitOutcome::Kind::kUnknown, Unavailable("DATABASE_COMMIT_UNKNOWN", "fault"));
    }
    case CommitFault::kNone:
      break;
  }
  return Carry(expected, transaction);
}

void MemoryStore::BeginAskFence(int64_t epoch) {
  AF_CHECK(!commit_ && !question_);
  question_ = epoch;
}

std::optional<absl::StatusOr<FenceAnswer>> MemoryStore::TakeFence() {
  if (!question_ || stalled) return std::nullopt;
  const int64_t epoch = *std::exchange(question_, std::nullopt);
  auto owner = database_.owners.find({owner_, committer_});
  if (owner == database_.owners.end() || (epoch != 0 && owner->second.fence.epoch != epoch)) {
    return LanesLost();
  }
  owner->second.lease_until = database_.now + database_.lease;
  return FenceAnswer{owner->second.fence, database_.now};
}

void MemoryStore::BeginRead(ReadRequest request) {
  AF_CHECK(!read_);
  read_ = std::move(request);
}

std::optional<absl::StatusOr<ReadResult>> MemoryStore::TakeRead() {
  if (!read_ || reads_stalled) return std::nullopt;
  const ReadRequest request = *std::exchange(read_, std::nullopt);
  ReadResult result;
  for (const Uuid& id : request.start_keys) {
    auto it = database_.start_keys.find(id);
    if (it != database_.start_keys.end()) result.starts.push_back({id, it->second});
  }
  auto in = [](const auto& list, const auto& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  for (const auto& [number, mail] : database_.outbox) {
    if (in(request.lanes, mail.lane) || in(request.mail, mail.lane)) result.mail.push_back(mail);
  }
  for (const auto& [name, row] : database_.keys) {
    if (in(request.lanes, row.lane)) result.keys.push_back(row);
  }
  for (const auto& [id, row] : database_.live) {
    if (in(request.business_keys, std::make_pair(row.facts.tenant, row.facts.business_key))) {
      result.holders.push_back(
          {row.facts.tenant, row.facts.workflow, row.facts.business_key, id});
    }
    if (!in(request.lanes, LaneOf(id)) && !in(request.executions, id)) continue;
    StoredExecution stored{.facts = row.facts, .state = row.state, .snapshot = row.snapshot};
    for (const auto& record : database_.journal[id]) {
      if (record.first > row.snapshot_sequence) stored.records.push_back(record.events);
    }
    result.executions.push_back(std::move(stored));
  }
  return result;
}

absl::StatusOr<std::vector<int64_t>> MemoryLaneTable::Join() {
  for (auto& [key, owner] : database_.owners) {
    if (key.first == owner_) ++owner.fence.epoch;
  }
  std::vector<int64_t> epochs;
  for (int committer = 0; committer < committers_; ++committer) {
    auto [owner, fresh] = database_.owners.try_emplace({owner_, committer});
    if (fresh) owner->second.fence = {.epoch = 1};
    owner->second.address = address_;
    owner->second.committers = committers_;
    owner->second.connected = true;
    owner->second.leaving = false;
    owner->second.lease_until = database_.now + database_.lease;
    epochs.push_back(owner->second.fence.epoch);
  }
  for (auto& [lane, owner] : database_.lanes) {
    if (owner.first == owner_) owner.second = lane % committers_;
  }
  return epochs;
}

absl::StatusOr<LaneView> MemoryLaneTable::Look(bool take, const Suspects& suspects) {
  const int64_t left_at = database_.now + database_.suspect_left;
  const bool heard =
      std::none_of(database_.owners.begin(), database_.owners.end(), [&](const auto& owner) {
        return owner.first.first == owner_ && owner.first.second < committers_ &&
               owner.second.lease_until < left_at;
      });
  for (auto& [key, owner] : database_.owners) {
    const bool missed = !owner.connected || (heard && owner.lease_until < left_at);
    const bool gone = (missed && Contains(suspects.silent, key.first)) ||
                      (heard && Contains(suspects.slow, key.first));
    if (key.first == owner_ || (owner.lease_until >= database_.now && !gone)) continue;
    const bool holds = std::any_of(database_.lanes.begin(), database_.lanes.end(),
                                   [&](const auto& lane) { return lane.second == key; });
    if (!holds) continue;
    ++owner.fence.epoch;
    owner.lease_until = 0;
    std::erase_if(database_.lanes, [&](const auto& lane) { return lane.second == key; });
  }
  for (auto& [key, owner] : database_.owners) {
    if (key.first == owner_) owner.leaving = !take;
  }
  LaneView view{.time = database_.now};
  for (int lane = 0; lane < kLaneCount; ++lane) {
    if (take) database_.lanes.try_emplace(lane, owner_, lane % committers_);
    auto it = database_.lanes.find(lane);
    if (it == database_.lanes.end()) continue;
    view.lanes[static_cast<size_t>(lane)] = {it->second.first, it->second.second};
  }
  for (const auto& [key, owner] : database_.owners) {
    if (owner.lease_until < database_.now) continue;
    LaneView::Owner& seen = view.owners[key.first];
    seen = {owner.address, owner.committers,
            std::max(seen.lease_left, owner.lease_until - database_.now), owner.leaving};
  }
  return view;
}

absl::Status MemoryLaneTable::Release() {
  for (auto& [key, owner] : database_.owners) {
    if (key.first == owner_) {
      ++owner.fence.epoch;
      owner.lease_until = 0;
    }
  }
  std::erase_if(database_.lanes, [&](const auto& lane) { return lane.second.first == owner_; });
  return absl::OkStatus();
}

}  // namespace agentflow::executor
