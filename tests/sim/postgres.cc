#include "tests/sim/postgres.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "services/executor/lanes/lane_message.h"
#include "tests/sim/oracle.h"

namespace agentflow::sim {
namespace {

using executor::CommitOutcome;
using executor::ExecutionWrite;
using executor::Fence;
using executor::WritePtr;
using Kind = CommitOutcome::Kind;

absl::Status Away() {
  return Unavailable("DATABASE_UNAVAILABLE", "the connection broke");
}

std::vector<WritePtr> Edited(const std::vector<WritePtr>& writes,
                             const std::function<void(ExecutionWrite&)>& edit) {
  std::vector<WritePtr> edited;
  for (const WritePtr& write : writes) {
    auto copy = std::make_shared<ExecutionWrite>(*write);
    edit(*copy);
    edited.push_back(std::move(copy));
  }
  return edited;
}

constexpr const char* kKinds[] = {"", "acquire", "release", "granted", "refused", "cancel"};

// What a transaction says about keys and lanes, for the story.
void TellRest(World& world, const std::string& writer, const executor::Transaction& transaction) {
  if (!world.settings.tell) return;
  const std::string head = "db: " + writer + " ";
  auto post = [&](const executor::OutboxRow& row) {
    const std::optional<executor::LaneMessage> m = executor::DecodeLaneMessage(row.body);
    if (!m) return world.Broken("a message between lanes cannot be read");
    world.Tell(head, "posts ", kKinds[static_cast<size_t>(m->kind)], " ", m->key, " of ",
               world.NameOf(m->ticket.execution), "/", m->ticket.step, " to lane ", row.to_lane);
  };
  for (const WritePtr& write : transaction.writes) {
    for (const executor::OutboxRow& row : write->messages) post(row);
  }
  for (const executor::OutboxRow& row : transaction.messages) post(row);
  for (const executor::Mail& mail : transaction.taken) {
    world.Tell(head, "takes message ", mail.number, " of lane ", mail.lane);
  }
  for (const executor::KeyChange& key : transaction.keys) {
    world.Tell(head, "key ", key.row.key, " in lane ", key.row.lane, ": ",
               world.NameOf(key.row.ticket.execution), "/", key.row.ticket.step,
               key.gone ? " gone" : key.row.held ? " held" : " waits");
  }
  std::map<std::string, std::string> moves;
  for (const executor::LaneMove& move : transaction.moves) {
    absl::StrAppend(&moves[move.to], " ", move.lane);
  }
  for (const auto& [to, lanes] : moves) world.Tell(head, "moves to ", to, ":", lanes);
}

std::string WithoutFailures(World& world, const ExecutionWrite& write) {
  const engine::PlanPtr plan = world.oracle->PlanOf(write.facts->content_hash);
  absl::StatusOr<engine::ExecutionState> state = engine::DecodeState(plan, *write.snapshot);
  if (!state.ok()) return *write.snapshot;
  for (engine::Activation& activation : state->activations) {
    for (engine::Step& step : activation.steps) step.failures.clear();
  }
  return engine::EncodeState(*state);
}

std::vector<WritePtr> WithBugs(World& world, const std::vector<WritePtr>& writes) {
  if (world.Has(Bug::kFeedRowDropped) && world.dice.Chance(0.05)) {
    return Edited(writes, [](ExecutionWrite& write) { write.change.clear(); });
  }
  if (world.Has(Bug::kJournalRowDropped) && world.dice.Chance(0.05)) {
    return Edited(writes, [](ExecutionWrite& write) { write.events.clear(); });
  }
  if (world.Has(Bug::kSnapshotFieldMissing)) {
    return Edited(writes, [&](ExecutionWrite& write) {
      if (write.snapshot) write.snapshot = WithoutFailures(world, write);
    });
  }
  return writes;
}

void AddMessageBugs(World& world, executor::Transaction* transaction) {
  if (world.Has(Bug::kOutboxRowDropped) && world.dice.Chance(0.3)) {
    transaction->messages.clear();
    transaction->writes =
        Edited(transaction->writes, [](ExecutionWrite& write) { write.messages.clear(); });
  }
  if (world.Has(Bug::kMessageNotDeleted) && world.dice.Chance(0.1)) transaction->taken.clear();
  if (world.Has(Bug::kKeyRowDropped) && world.dice.Chance(0.3)) transaction->keys.clear();
}

}  // namespace

Postgres::Postgres(World& world) : world_(world) {
  rows_.broken = [this](const std::string& what) { world_.Broken(what); };
  const int64_t silence = world_.profile.peer_silence;
  if (silence > 0) rows_.suspect_left = rows_.lease - silence;
}

CommitOutcome Postgres::Commit(const std::string& owner, int committer, Fence expected,
                               const executor::Transaction& transaction, bool again) {
  const std::vector<WritePtr>& writes = transaction.writes;
  executor::MemoryDatabase& rows = this->rows();
  rows.poisoned.clear();
  for (const WritePtr& write : writes) {
    auto refusals = refusals_.find(write->facts->id);
    if (refusals != refusals_.end()) rows.poisoned.insert(write->facts->id);
  }
  const auto key = std::make_pair(owner, committer);
  if (world_.Has(Bug::kRedoWithoutFence) && again && rows.owners.contains(key)) {
    expected = rows.owners[key].fence;
  }
  executor::MemoryStore door(rows, owner, committer);
  door.BeginCommit(expected, transaction);
  const CommitOutcome outcome = *door.TakeCommit();
  switch (outcome.kind) {
    case Kind::kCommitted:
      world_.Tell("db: ", owner, "/", committer, " committed ", expected.epoch, ":",
                  expected.seq + 1, ", ", writes.size(), " writes");
      if (!transaction.moves.empty()) world_.Count("lanes given away");
      for (const executor::LaneMove& move : transaction.moves) taken_.erase(move.lane);
      TellRest(world_, absl::StrCat(owner, "/", committer), transaction);
      world_.oracle->Committed(owner, writes, Now());
      for (const WritePtr& write : writes) {
        if (!write->rehomed) continue;
        // The day on which it lay is dropped, whatever else it held.
        auto& journal = rows.journal[write->facts->id];
        journal.erase(journal.begin(), journal.end() - 1);
      }
      break;
    case Kind::kFenced:
      world_.Count("commit fenced");
      world_.Tell("db: ", owner, "/", committer, " is fenced at ", expected.epoch, ":",
                  expected.seq);
      break;
    default:
      world_.Count("commit refused");
      refused_any_ = true;
      world_.Tell("db: ", owner, "/", committer, " refused ", writes.size(), " writes");
      if (writes.size() == 1) {
        const Uuid& id = writes[0]->facts->id;
        if (!refusals_.contains(id)) {
          world_.Broken("a write was refused for no fault of its data: " + world_.NameOf(id));
        } else if (--refusals_[id] == 0) {
          refusals_.erase(id);
        }
        refused_.insert(id);
      }
  }
  return outcome;
}

absl::StatusOr<executor::FenceAnswer> Postgres::AskFence(const std::string& owner, int committer,
                                                         int64_t epoch) {
  executor::MemoryStore door(rows(), owner, committer);
  door.BeginAskFence(epoch);
  return *door.TakeFence();
}

executor::ReadResult Postgres::Read(const executor::ReadRequest& request) {
  executor::MemoryStore door(rows(), "", 0);
  door.BeginRead(request);
  executor::ReadResult result = *std::move(*door.TakeRead());
  if (world_.Has(Bug::kStartKeyNotLookedUp)) result.starts.clear();
  if (world_.Has(Bug::kJournalTailForgotten)) {
    for (executor::StoredExecution& stored : result.executions) {
      if (stored.records.size() > 1) stored.records.pop_back();
    }
  }
  return result;
}

void Postgres::LanesSeen(const std::map<int, std::pair<std::string, int>>& before) {
  for (const auto& [lane, owner] : before) {
    auto now = rows_.lanes.find(lane);
    if (now == rows_.lanes.end() || now->second.first != owner.first) taken_[lane] = owner.first;
  }
  for (const auto& [lane, owner] : rows_.lanes) {
    if (TakenFrom(lane, owner.first)) taken_.erase(lane);
  }
}

std::string Postgres::AtRest() const {
  if (!rows_.keys.empty()) {
    const executor::KeyRow& row = rows_.keys.begin()->second;
    return absl::StrCat(row.ticket.execution.ToString(), "/", row.ticket.step,
                        " still has a ticket of key ", row.key);
  }
  if (!rows_.outbox.empty()) {
    return absl::StrCat("a message waits for lane ", rows_.outbox.begin()->second.lane);
  }
  return "";
}

void Postgres::Restart() {
  world_.Count("database restart");
  ++incarnation_;
  away_until_ = world_.schedule.now() + world_.dice.Between(100, 4000) * 1000;
  world_.Tell("db: restarts");
}

void Postgres::JumpClock() {
  world_.Count("database clock jump");
  const int64_t by = world_.dice.Between(-3000, 3000) * 1000;
  clock_went_back_ |= by < 0;
  offset_ += by;
  world_.Tell("db: clock jumps by ", by / 1000, " ms");
}

void SimStore::After(int64_t micros, std::function<void()> run) {
  world_.schedule.After(micros, [alive = std::weak_ptr<int>(alive_), run = std::move(run)] {
    if (!alive.expired()) run();
  });
}

void SimStore::Answer(int64_t after, CommitOutcome outcome) {
  After(after, [this, outcome = std::move(outcome)] {
    commit_ = outcome;
    wake_();
  });
}

// The transaction reaches the server `after` and is carried out there, whatever becomes of the
// process that sent it. `answered`: and the process hears how it ended.
void SimStore::Send(int64_t after, const Fence& expected, const executor::Transaction& transaction,
                    bool answered) {
  auto carry = [&world = world_, store = this, alive = std::weak_ptr<int>(alive_), owner = owner_,
                committer = committer_, expected, transaction, answered, again = again_,
                incarnation = world_.postgres->incarnation(), now = connection_,
                connection = *connection_, back = world_.Delay(200)] {
    CommitOutcome outcome{.kind = Kind::kUnknown, .status = Away()};
    if (world.postgres->incarnation() == incarnation && *now == connection) {
      outcome = world.postgres->Commit(owner, committer, expected, transaction, again);
    }
    if (answered && !alive.expired()) store->Answer(back, std::move(outcome));
  };
  world_.schedule.After(after, std::move(carry));
}

void SimStore::BeginCommit(const Fence& expected, executor::Transaction transaction) {
  AF_CHECK(!commit_);
  const Profile& p = world_.profile;
  std::vector<WritePtr>& writes = transaction.writes;
  writes = WithBugs(world_, writes);
  AddMessageBugs(world_, &transaction);
  int64_t takes = world_.Delay(world_.calm() ? 2000 : p.commit_micros);
  if (world_.Happens(p.commit_slow)) takes += world_.dice.Between(100, 4000) * 1000;
  if (world_.Has(Bug::kAnsweredBeforeCommit) && !writes.empty()) {
    Answer(10, {.kind = Kind::kCommitted});
    Send(takes, expected, transaction, false);
    return;
  }
  auto unknown = [&](const char* what) {
    world_.Count(what);
    world_.Tell("db: ", owner_, "/", committer_, " ", what, " of ", writes.size(), " writes");
    Answer(takes, {.kind = Kind::kUnknown, .status = Away()});
  };
  const bool again = std::exchange(again_, false);
  if (world_.postgres->away() || world_.Happens(p.commit_fails)) {
    world_.Count("commit not done");
    again_ = again;
    return Answer(takes, {.kind = Kind::kNotDone, .status = Away()});
  }
  again_ = again;
  if (world_.Happens(p.commit_lost_before)) {
    unknown("commit lost before");
  } else if (world_.Happens(p.commit_lost_after)) {
    Send(takes / 2, expected, transaction, false);
    unknown("commit lost after");
  } else if (world_.Happens(p.commit_late)) {
    const int64_t late = takes + world_.dice.Between(1, 3000) * 1000;
    locked_until_ = world_.schedule.now() + late;
    Send(late, expected, transaction, false);
    unknown("commit late");
  } else if (world_.Happens(p.commit_stale)) {
    Send(takes + world_.dice.Between(1, 6000) * 1000, expected, transaction, false);
    unknown("commit stale");
  } else {
    Send(takes, expected, transaction, true);
    again_ = false;
    return;
  }
  again_ = true;
}

std::optional<CommitOutcome> SimStore::TakeCommit() {
  return std::exchange(commit_, std::nullopt);
}

// Waits for the row's lock as the statement does.
void SimStore::AskLater(int64_t after, int64_t epoch) {
  After(after, [this, epoch] {
    const int64_t wait = locked_until_ - world_.schedule.now();
    if (wait >= 0 && !world_.calm()) return AskLater(wait + 1, epoch);
    if (world_.postgres->away() || world_.Happens(world_.profile.fence_fails)) {
      world_.Count("fence not asked");
      fence_ = Away();
    } else {
      ++*connection_;
      fence_ = world_.postgres->AskFence(owner_, committer_, epoch);
      world_.Tell("db: ", owner_, "/", committer_, " asks the fence: ",
                  fence_->ok() ? absl::StrCat((*fence_)->fence.epoch, ":", (*fence_)->fence.seq)
                               : ReasonOf(fence_->status()));
    }
    wake_();
  });
}

void SimStore::BeginAskFence(int64_t epoch) {
  AF_CHECK(!fence_);
  AskLater(world_.Delay(1000), epoch);
}

std::optional<absl::StatusOr<executor::FenceAnswer>> SimStore::TakeFence() {
  return std::exchange(fence_, std::nullopt);
}

void SimStore::BeginRead(executor::ReadRequest request) {
  int64_t takes = world_.Delay(1500);
  if (world_.Happens(world_.profile.read_slow)) takes += world_.dice.Between(50, 3000) * 1000;
  const int64_t looks = world_.dice.Between(0, takes);
  After(looks, [this, request = std::move(request), left = takes - looks] {
    absl::StatusOr<executor::ReadResult> result = Away();
    if (world_.postgres->away() || world_.Happens(world_.profile.read_fails)) {
      world_.Count("read failed");
    } else {
      result = world_.postgres->Read(request);
    }
    After(left, [this, result = std::move(result)] {
      read_ = result;
      wake_();
    });
  });
}

std::optional<absl::StatusOr<executor::ReadResult>> SimStore::TakeRead() {
  return std::exchange(read_, std::nullopt);
}

SimLaneTable::SimLaneTable(World& world, std::string owner, int committers, std::string address)
    : world_(world),
      table_(world.postgres->rows(), owner, committers, std::move(address)),
      owner_(std::move(owner)) {}

absl::Status SimLaneTable::Trouble() {
  world_.postgres->rows();  // its clock
  if (!world_.postgres->away() && !world_.Happens(world_.profile.lane_table_fails)) {
    return absl::OkStatus();
  }
  world_.Count("lane table away");
  return Away();
}

absl::StatusOr<std::vector<int64_t>> SimLaneTable::Join() {
  AF_RETURN_IF_ERROR(Trouble());
  AF_ASSIGN_OR_RETURN(const std::vector<int64_t> epochs, table_.Join());
  world_.Tell("db: ", owner_, " joins");
  AF_RETURN_IF_ERROR(Trouble());
  return epochs;
}

absl::StatusOr<executor::LaneView> SimLaneTable::Look(bool take,
                                                      const executor::Suspects& suspects) {
  AF_RETURN_IF_ERROR(Trouble());
  executor::MemoryDatabase& rows = world_.postgres->rows();
  const auto owners = rows.owners;
  const auto lanes = rows.lanes;
  absl::StatusOr<executor::LaneView> view = table_.Look(take, suspects);
  world_.postgres->LanesSeen(lanes);
  for (auto& [key, before] : owners) {
    if (key.first == owner_ || rows.owners.at(key).fence == before.fence) continue;
    world_.Count("takeover");
    if (before.lease_until >= rows.now) {
      world_.Count(before.connected ? "takeover on silence" : "takeover of one that is gone");
    }
    world_.Tell("db: ", owner_, " takes over from ", key.first, "/", key.second);
    if (world_.Has(Bug::kFenceNotRaised)) rows.owners.at(key).fence = before.fence;
  }
  if (world_.Has(Bug::kLaneLoadedTwice) && view.ok() && !world_.calm()) {
    for (size_t lane = 0; lane < view->lanes.size(); lane += 4) {
      if (!view->lanes[lane].owner.empty()) view->lanes[lane] = {owner_, 0};
    }
  }
  AF_RETURN_IF_ERROR(Trouble());
  return view;
}

absl::Status SimLaneTable::Release() {
  AF_RETURN_IF_ERROR(Trouble());
  AF_RETURN_IF_ERROR(table_.Release());
  return Trouble();
}

}  // namespace agentflow::sim
