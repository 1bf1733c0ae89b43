#include "services/executor/lanes/committer.h"

#include <algorithm>
#include <limits>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/obs/log.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {
namespace {

// Between looks at the store's answers.
constexpr size_t kItemsPerStep = 128;
// Of deciding, in microseconds for each unit of a tenant's weight: 200 us where it has the usual.
constexpr int64_t kDecideQuantum = 2;
// More that a commit may take for each execution in it and still be quick (microseconds).
constexpr int64_t kPerExecution = 300;

// Failures are told; what went well is not, at thousands a second.
void LogEnd(const ExecutionWrite& write) {
  const auto phase = static_cast<engine::Phase>(write.state);
  const bool failed = phase == engine::Phase::kFailed || phase == engine::Phase::kTimedOut;
  if (!obs::Enabled(failed ? obs::Level::kInfo : obs::Level::kDebug)) return;
  const std::string id = write.facts->id.ToString();
  const std::initializer_list<obs::Field> fields = {
      {"tenant", write.facts->tenant},     {"execution", id},
      {"workflow", write.facts->workflow}, {"trace", write.facts->trace_id},
      {"state", engine::Name(phase)},      {"reason", write.end->error_reason},
      {"step", write.end->error_node}};
  failed ? obs::Info("execution failed", fields) : obs::Debug("execution over", fields);
}

}  // namespace

absl::Status LaneMoved(const std::string& owner) {
  ErrorMetadata metadata{{kErrorRetryAfterMs, "200"}};
  if (!owner.empty()) metadata["owner"] = owner;
  return Error(absl::StatusCode::kUnavailable, "LANE_MOVED",
               "This executor does not own the execution's lane. Look at the lane map and try "
               "again.",
               std::move(metadata));
}

Committer::Committer(CommitterParts parts, CommitterOptions options)
    : parts_(std::move(parts)),
      options_(options),
      writer_(std::make_unique<BatchWriter>(parts_.store)),
      backlog_(kDecideQuantum,
               [this](const std::string& tenant) { return parts_.load.WeightOf(tenant); }),
      admission_(parts_.load, parts_.limits) {}

Committer::~Committer() {
  Lose();
}

void Committer::Abandon() {
  Lose();
}

bool Committer::Post(Item&& item) {
  {
    std::lock_guard lock(inbox_mutex_);
    // Nobody repeats that the queue was lost, or that a child is to be asked for again. Results are
    // no more than tasks were handed out, and with them what waits becomes less.
    const bool bounded = !std::holds_alternative<ReofferItem>(item) &&
                         !std::holds_alternative<ChildLaterItem>(item) &&
                         !std::holds_alternative<ResultItem>(item);
    if (bounded && waiting_ >= options_.inbox_limit) return false;
    ++waiting_;
    inbox_.emplace_back(parts_.clock.Monotonic(), std::move(item));
    if (inbox_.size() > 1) return true;  // somebody was woken already
  }
  if (parts_.wake) parts_.wake();
  return true;
}

void Committer::Own(const std::vector<int>& lanes) {
  {
    std::lock_guard lock(inbox_mutex_);
    for (int lane : lanes) {
      if (!owned_[static_cast<size_t>(lane)].exchange(true)) granted_.push_back(lane);
    }
    if (granted_.empty()) return;
  }
  if (parts_.wake) parts_.wake();
}

void Committer::Reset(int64_t epoch) {
  reset_epoch_ = epoch;
  resetting_ = true;
}

// The store does one thing at a time, so a commit that is under way must end before the fence can
// be asked, although nobody waits for it any more.
bool Committer::FinishReset() {
  if (!resetting_) return false;
  if (!writer_->idle()) (void)writer_->Step(parts_.clock);
  if (!writer_->idle()) return false;
  writer_ = std::make_unique<BatchWriter>(parts_.store);
  writer_->Join(reset_epoch_);
  unanswered_since_ = monotonic_;
  joining_ = true;
  resetting_ = false;
  lost_ = false;
  return true;
}

bool Committer::Step() {
  now_ = parts_.clock.Now();
  monotonic_ = parts_.clock.Monotonic();
  if (lost_ && !FinishReset()) return false;
  bool moved = TakeCommit();
  if (lost_) return false;
  moved |= TakeRead();
  moved |= AdoptLoaded();
  moved |= TakeInbox();
  moved |= FireTimers();
  moved |= OfferDelayed();
  moved |= AdmitQueued();
  moved |= CheckLeases();
  moved |= RequestLateChildren();
  moved |= DecideItems();
  moved |= StartCommit();
  LookForMail();
  moved |= StartRead();
  stats_.live = static_cast<int64_t>(live_.size());
  stats_.backlog = static_cast<int64_t>(waiting_.load());
  return moved;
}

bool Committer::TakeInbox() {
  std::vector<std::pair<int64_t, Item>> items;
  std::vector<int> granted;
  {
    std::lock_guard lock(inbox_mutex_);
    items.swap(inbox_);
    granted.swap(granted_);
  }
  TakeMoves();
  for (int lane : granted) lanes_to_load_.insert(lane);
  for (auto& [at, item] : items) {
    const std::string tenant(TenantOfItem(item));
    backlog_.Push(tenant, {at, std::move(item)});
  }
  return !items.empty() || !granted.empty();
}

bool Committer::FireTimers() {
  bool moved = false;
  while (!timers_.empty() && std::get<0>(*timers_.begin()) <= now_) {
    const auto [at, execution, bytes] = *timers_.begin();
    timers_.erase(timers_.begin());
    moved = true;
    auto it = live_.find(execution);
    if (it == live_.end() || Frozen(execution)) continue;
    it->second->timers.erase({at, bytes});
    if (std::optional<engine::TimerId> id = engine::DecodeTimerId(bytes)) {
      // A stale timer changes nothing and an execution that is over refuses it: both are fine.
      (void)Run(*it->second, engine::FireTimer{*id});
    }
  }
  return moved;
}

// After a commit: what is due may be another's since, if this process was stopped until now.
bool Committer::OfferDelayed() {
  std::vector<TaskKey> due;
  while (!delayed_.empty() && std::get<0>(*delayed_.begin()) <= now_) {
    due.push_back(*delayed_.begin());
    delayed_.erase(delayed_.begin());
  }
  if (due.empty()) return false;
  AfterCommit([this, due = std::move(due)] {
    if (!late_) return OfferDue(due);
    AfterCommit([this, due] { OfferDue(due); });  // not again, or a slow database would stop it all
  });
  return true;
}

void Committer::OfferDue(const std::vector<TaskKey>& due) {
  std::vector<TaskOffer> offers;
  for (const auto& [at, execution, step, attempt] : due) {
    auto it = live_.find(execution);
    if (it == live_.end() || Frozen(execution)) continue;
    auto task = it->second->tasks.find(step);
    if (task == it->second->tasks.end() || task->second.attempt != attempt ||
        task->second.state != LiveTask::State::kDelayed || task->second.delayed_until != at) {
      continue;
    }
    task->second.state = LiveTask::State::kOffered;
    offers.push_back({.attempt = NameOf(*it->second, step, attempt),
                      .offer = task->second.offer,
                      .start = it->second->state.start,
                      .deadline = task->second.deadline});
  }
  if (!offers.empty()) parts_.dispatch.Offer(std::move(offers));
}

void Committer::Queue(const Live& live) {
  admission_.Add(live.facts->tenant, live.facts->priority, live.state.started_at, live.facts->id);
}

bool Committer::AdmitQueued() {
  if (monotonic_ < admit_from_) return false;
  return admission_.Step(monotonic_, [this](const Uuid& execution) {
    Live& live = *live_.at(execution);
    live.place = TenantLoad::Place::kRunning;
    // One that is over by now has nothing to begin.
    (void)Run(live, engine::AdmitExecution{});
  });
}

bool Committer::CheckLeases() {
  if (held_.empty() || monotonic_ - leases_checked_at_ < options_.lease_check) return false;
  leases_checked_at_ = monotonic_;
  std::vector<std::pair<Uuid, engine::StepRef>> expired;
  for (const auto& [key, until] : held_) {
    if (until <= monotonic_ && !Frozen(key.first)) expired.push_back(key);
  }
  for (const auto& [execution, step] : expired) {
    auto it = live_.find(execution);
    if (it == live_.end()) {
      held_.erase({execution, step});
      continue;
    }
    Live& live = *it->second;
    auto task = live.tasks.find(step);
    const uint32_t attempt = task == live.tasks.end() ? 0 : task->second.attempt;
    EndTask(live, step);
    if (attempt != 0) (void)Run(live, engine::LoseAttempt{step, attempt});
  }
  return !expired.empty();
}

bool Committer::DecideItems() {
  size_t decided = 0;
  auto full = [&] {
    return forming_ != nullptr &&
           (forming_->items >= options_.batch_items || forming_->bytes >= options_.batch_bytes);
  };
  while (!internal_.empty() && !full() && decided < kItemsPerStep) {
    auto [execution, body] = std::move(internal_.front());
    internal_.pop_front();
    ++decided;
    auto it = live_.find(execution);
    if (it != live_.end() && !Frozen(execution)) (void)Run(*it->second, std::move(body));
  }
  FindHomeless();
  for (; !homeless_.empty() && !full() && decided < kItemsPerStep; ++decided) RehomeOne();
  while (!backlog_.empty() && !full() && decided < kItemsPerStep) {
    auto [tenant, next] = backlog_.Pop();
    stats_.oldest_item_at = next.first;
    ++decided;
    ++stats_.items;
    const int64_t began = parts_.clock.Monotonic();
    Decide(std::move(next.second));
    backlog_.Charge(tenant, 1 + parts_.clock.Monotonic() - began);
  }
  if (backlog_.empty()) stats_.oldest_item_at = 0;
  return decided > 0;
}

Committer::Batch& Committer::Forming() {
  if (forming_ == nullptr) {
    forming_ = std::make_unique<Batch>();
    forming_->number = ++batch_number_;
  }
  return *forming_;
}

void Committer::AfterCommit(std::function<void()> effect) {
  Batch& batch = Forming();
  batch.urgent = true;
  batch.effects.push_back(std::move(effect));
}

bool Committer::StartCommit() {
  FollowAll();
  if (!joined_ || flushing_ != nullptr || !writer_->idle()) return false;
  const bool urgent = !moves_.empty() || (forming_ != nullptr && forming_->urgent);
  if (!urgent && monotonic_ - last_commit_at_ < RenewAfter()) return false;
  flushing_ = forming_ != nullptr ? std::move(forming_) : std::make_unique<Batch>();
  Seal(*flushing_);
  flushing_->moves = std::exchange(moves_, {});
  if (!flushing_->moves.empty()) Freeze(flushing_->moves);
  std::vector<WritePtr> writes;
  writes.reserve(flushing_->entries.size());
  for (size_t i = 0; i < flushing_->entries.size(); ++i) {
    if (flushing_->entries[i].dropped) continue;
    writes.push_back(flushing_->entries[i].write);
    flushing_->written.push_back(i);
  }
  flushing_->sealed_at = monotonic_;
  last_commit_at_ = monotonic_;
  unanswered_since_ = monotonic_;
  writer_->Start({.writes = std::move(writes),
                  .messages = flushing_->messages,
                  .taken = flushing_->taken,
                  .keys = flushing_->keys,
                  .moves = flushing_->moves});
  // What had to stop at the bound of a batch goes on in the next one.
  for (auto& command : next_internal_) internal_.push_back(std::move(command));
  next_internal_.clear();
  return true;
}

void Committer::Seal(Batch& batch) {
  for (Batch::Entry& entry : batch.entries) {
    if (entry.dropped) continue;
    Live& live = *live_.at(entry.id);
    ExecutionWrite& write = *entry.write;
    const engine::Phase phase = engine::PhaseOf(live.state);
    const engine::Parent& parent = live.state.start->parent;
    if (write.first_sequence == 1 || !parent.detached) write.parent = parent.execution;
    write.facts = live.facts;
    write.state = static_cast<int16_t>(phase);
    live.tail_bytes += write.events.size();
    if (live.state.over() && !write.events.empty()) {
      entry.ended = true;
      write.live = live.row ? ExecutionWrite::Live::kDelete : ExecutionWrite::Live::kNone;
      write.end = {.time = live.state.ended_at,
                   .error_reason = live.state.error.reason,
                   .error_message = live.state.error.message,
                   .error_node = live.state.error.node};
      live.row = false;
    } else if (!live.row) {
      write.live = ExecutionWrite::Live::kInsert;
      live.row = true;
    } else if (live.reloaded || live.tail_bytes > options_.snapshot_bytes) {
      std::string snapshot = engine::EncodeState(live.state);
      // A state that is large by itself is written more rarely. What was journalled under another
      // plan is never folded again.
      if (std::exchange(live.reloaded, false) || live.tail_bytes > snapshot.size() / 2) {
        write.live = ExecutionWrite::Live::kUpdate;
        write.last_sequence = static_cast<int64_t>(live.state.sequence);
        write.snapshot = std::move(snapshot);
        live.tail_bytes = 0;
      }
    }
    if (write.live == ExecutionWrite::Live::kKeep && live.row_state != write.state) {
      write.live = ExecutionWrite::Live::kUpdate;
    }
    write.rehomed = std::exchange(live.rehomed, false);
    live.row_state = write.state;
    write.body_hash = std::exchange(live.body_hash, {});
    write.change = EncodeChange(live.state, live.published, entry.steps) + entry.earlier_steps;
    live.published = phase;
    live.batch = 0;
  }
  for (Answer& answer : batch.answers) {
    auto it = live_.find(answer.execution);
    if (it == live_.end()) continue;
    answer.view = ViewOf(it->second->state, it->second->facts->retention_days);
  }
}

bool Committer::TakeCommit() {
  std::optional<BatchResult> result = writer_->Step(parts_.clock);
  if (!result) return false;
  unanswered_since_ = 0;
  if (result->fenced) {
    obs::Warn("this executor was fenced out",
              {{"reason", ReasonOf(result->status)}, {"error", MessageOf(result->status)}});
    Lose();
    if (parts_.lanes_changed) parts_.lanes_changed();
    return true;
  }
  if (result->database_time != 0) parts_.clock.Observe(result->database_time, result->seen_at);
  if (flushing_ != nullptr) {
    // What is written takes its time.
    const auto written = static_cast<int64_t>(flushing_->written.size());
    const int64_t quick = options_.slow_commit + written * kPerExecution;
    if (monotonic_ - flushing_->sealed_at < quick) quick_at_ = monotonic_;
  }
  if (joining_) {
    joining_ = false;
    joined_ = true;
    last_commit_at_ = monotonic_;
    return true;
  }
  std::unique_ptr<Batch> batch = std::move(flushing_);
  Release(*batch, *result);
  return true;
}

void Committer::Release(Batch& batch, const BatchResult& result) {
  late_ = monotonic_ - batch.sealed_at > options_.slow_after;
  // `late`: somebody else's business key was faster, or a child came after its parent was refused.
  std::set<Uuid> refused, late;
  for (const auto& [index, status] : result.refused) {
    Batch::Entry& entry = batch.entries[batch.written[index]];
    entry.dropped = true;
    if (ReasonOf(status) == kBusinessKeyRefused) {
      late.insert(entry.id);
      Drop(entry.id);
      GiveBackUnknown(entry.id);
      continue;
    }
    refused.insert(entry.id);
    ++stats_.refused;
    obs::Error("the database refused an execution's batch", {{"execution", entry.id.ToString()},
                                                             {"reason", ReasonOf(status)},
                                                             {"error", MessageOf(status)}});
    const bool stored = entry.write->live != ExecutionWrite::Live::kInsert &&
                        entry.write->live != ExecutionWrite::Live::kNone;
    if (auto it = live_.find(entry.id); it != live_.end() && !stored) MournChild(*it->second);
    Drop(entry.id);
    DropChildren(entry.id, &late);
    if (stored) {
      executions_to_load_.insert(entry.id);
      absent_.try_emplace(entry.id);
      refused_.insert(entry.id);
    } else {
      GiveBackUnknown(entry.id);
    }
  }
  std::vector<std::function<void()>> answers;
  const absl::Status refusal =
      Internal("EXECUTION_REFUSED", "The database refused what this request would have written.");
  auto finish = [&](std::vector<Answer>& list, bool all) {
    std::vector<Answer> kept;
    for (Answer& answer : list) {
      if (late.contains(answer.execution)) {
        if (answer.start != nullptr) {
          StartAgain(std::move(*answer.start));
        } else {
          answers.push_back([done = std::move(answer.done)] { done(LaneMoved()); });
        }
      } else if (refused.contains(answer.execution)) {
        answers.push_back([done = std::move(answer.done), refusal] { done(refusal); });
      } else if (all) {
        answers.push_back(
            [done = std::move(answer.done), view = std::move(answer.view)] { done(view); });
      } else {
        kept.push_back(std::move(answer));
      }
    }
    list = std::move(kept);
  };
  finish(batch.answers, true);
  const bool all_written = refused.empty() && late.empty();
  if (!all_written && forming_ != nullptr) finish(forming_->answers, false);

  BeginOutside(batch);
  for (auto& effect : batch.effects) effect();
  parts_.dispatch.Flush();

  for (const Batch::Entry& entry : batch.entries) {
    if (entry.dropped || !entry.ended) continue;
    LogEnd(*entry.write);
    // A repeated start must still find it until no look-up can miss this commit.
    auto recent = recent_starts_.find(entry.id);
    const std::string hash = recent == recent_starts_.end() ? "" : recent->second;
    Forget(entry.id);
    if (!hash.empty()) recent_starts_.emplace(entry.id, hash);
  }
  for (const Batch::Entry& entry : batch.entries) {
    if (entry.dropped || entry.write->body_hash.empty()) continue;
    // A look-up that is under way may not have seen this commit.
    if (reading_) {
      spent_starts_.push_back(entry.id);
    } else {
      recent_starts_.erase(entry.id);
    }
  }
  MailCommitted(batch);
  if (!batch.moves.empty()) Leave(batch.moves);
  ++stats_.batches;
  stats_.executions_written += static_cast<int64_t>(batch.written.size());
  if (stats_.on_commit) stats_.on_commit(batch.written.size(), monotonic_ - batch.sealed_at);
  if (!answers.empty()) {
    if (parts_.answer) {
      parts_.answer(std::move(answers));
    } else {
      for (auto& answer : answers) answer();
    }
  }
  if (!batch.written.empty() && parts_.published) parts_.published();
}

// What is written may begin: tasks, steps in this process and children.
void Committer::BeginOutside(const Batch& batch) {
  std::vector<TaskOffer> offers;
  for (const Batch::Entry& entry : batch.entries) {
    auto it = live_.find(entry.id);
    if (entry.dropped || it == live_.end()) continue;
    Live& live = *it->second;
    for (const Batch::Attempt& offer : entry.offers) {
      auto task = live.tasks.find(offer.step);
      if (task == live.tasks.end() || task->second.attempt != offer.attempt ||
          task->second.state != LiveTask::State::kUncommitted) {
        continue;
      }
      if (late_ || task->second.ready_at > now_) {
        task->second.state = LiveTask::State::kDelayed;
        task->second.delayed_until = std::max(now_, task->second.ready_at);
        delayed_.insert({task->second.delayed_until, entry.id, offer.step, offer.attempt});
        continue;
      }
      task->second.state = LiveTask::State::kOffered;
      offers.push_back({.attempt = NameOf(live, offer.step, offer.attempt),
                        .offer = task->second.offer,
                        .start = live.state.start,
                        .deadline = task->second.deadline});
    }
    for (const Batch::Attempt& run : entry.in_process) {
      internal_.emplace_back(entry.id, engine::RunStep{run.step, run.attempt});
    }
    for (const Batch::Attempt& child : entry.children) {
      RequestChild(entry.id, child.step, child.attempt);
    }
  }
  if (!offers.empty()) parts_.dispatch.Offer(std::move(offers));
}

// Forgets an execution whose write was refused, with what was decided about it since: a start under
// the same request id may begin another one of this name.
void Committer::Drop(const Uuid& execution) {
  Forget(execution);
  auto of_it = [&](const auto& command) { return command.first == execution; };
  std::erase_if(internal_, of_it);
  std::erase_if(next_internal_, of_it);
  if (forming_ == nullptr) return;
  for (Batch::Entry& next : forming_->entries) {
    if (next.id == execution) next.dropped = true;
  }
}

// Looks again for who has its business key, who may even be over by now.
void Committer::StartAgain(StartItem start) {
  parts_.load.Adopt(start.info->tenant, PlaceOf(*start.info));
  awaiting_lookup_.push_back(std::move(start));
}

void Committer::Lose() {
  lost_ = true;
  joined_ = false;
  joining_ = false;
  read_void_ = reading_;
  retry_read_at_ = 0;
  for (auto& owned : owned_) owned = false;
  for (auto& ready : ready_) ready = false;
  for (auto& leaving : leaving_) leaving = false;
  for (auto& gave : gave_) gave = false;
  frozen_ = {};
  moves_.clear();
  std::vector<Item> items;
  {
    std::lock_guard lock(inbox_mutex_);
    for (auto& [at, item] : inbox_) items.push_back(std::move(item));
    inbox_.clear();
    granted_.clear();
    asked_moves_.clear();
    left_.clear();
  }
  while (!backlog_.empty()) items.push_back(backlog_.Pop().second.second);
  for (auto& [lane, parked] : parked_) {
    for (Item& item : parked) items.push_back(std::move(item));
  }
  for (auto& [execution, parked] : absent_) {
    for (Item& item : parked) items.push_back(std::move(item));
  }
  waiting_ -= items.size();  // more may be posted at this moment
  for (auto* starts : {&awaiting_lookup_, &in_lookup_}) {
    for (StartItem& start : *starts) items.emplace_back(std::move(start));
    starts->clear();
  }
  const absl::Status moved = LaneMoved();
  for (Item& item : items) Refuse(item, moved);
  for (auto* batch : {flushing_.get(), forming_.get()}) {
    if (batch == nullptr) continue;
    for (Answer& answer : batch->answers) answer.done(moved);
  }
  std::vector<Uuid> all;
  for (const auto& [id, live] : live_) all.push_back(id);
  for (const Uuid& id : all) Forget(id);
  flushing_.reset();
  forming_.reset();
  internal_.clear();
  next_internal_.clear();
  consequences_.clear();
  late_children_.clear();
  timers_.clear();
  delayed_.clear();
  held_.clear();
  recent_starts_.clear();
  spent_starts_.clear();
  lanes_to_load_.clear();
  lanes_in_read_.clear();
  executions_to_load_.clear();
  executions_in_read_.clear();
  loaded_.clear();
  orphans_.clear();
  parked_.clear();
  absent_.clear();
  refused_.clear();
  unloaded_.clear();
  business_keys_.clear();
  keys_.Clear();
  local_.clear();
  mail_to_read_.clear();
  mail_in_read_.clear();
  taken_mail_.clear();
  spent_mail_.clear();
  stats_.lanes = 0;
  stats_.live = 0;
}

int64_t Committer::WakeAt() const {
  int64_t at = std::numeric_limits<int64_t>::max();
  if (lost_) return resetting_ && writer_->wake_at() != 0 ? writer_->wake_at() : at;
  const int64_t offset = parts_.clock.Monotonic() - parts_.clock.Now();
  if (!timers_.empty()) at = std::min(at, std::get<0>(*timers_.begin()) + offset);
  if (!delayed_.empty()) at = std::min(at, std::get<0>(*delayed_.begin()) + offset);
  if (!late_children_.empty()) at = std::min(at, std::get<0>(*late_children_.begin()));
  if (!held_.empty()) at = std::min(at, leases_checked_at_ + options_.lease_check);
  if (joined_ && flushing_ == nullptr) at = std::min(at, last_commit_at_ + RenewAfter());
  if (writer_->wake_at() != 0) at = std::min(at, writer_->wake_at());
  if (!loaded_.empty()) at = std::min(at, adopt_again_at_);
  if (!admission_.empty()) at = std::min(at, std::max(admission_.wake_at(), admit_from_));
  if (retry_read_at_ != 0) at = std::min(at, retry_read_at_);
  // While something is read it goes with the next question.
  if (!mail_to_read_.empty() && !reading_) {
    at = std::min(at, std::max(mail_again_at_, retry_read_at_));
  }
  if (expect_mail_) at = std::min(at, mail_looked_at_ + options_.mail_every);
  return at;
}

void Committer::RenewWithin(int64_t micros) {
  if (micros >= renew_within_.exchange(micros)) return;
  // Until now it had no reason to commit so often, and it sleeps until the next time.
  quick_at_ = parts_.clock.Monotonic();
  if (parts_.wake) parts_.wake();
}

bool Committer::Slow() const {
  if (renew_within_ == std::numeric_limits<int64_t>::max()) return false;
  return lost_ || parts_.clock.Monotonic() - quick_at_ > options_.slow_after;
}

bool Committer::Idle() const {
  return waiting_ == 0 && internal_.empty() && next_internal_.empty() && flushing_ == nullptr &&
         (forming_ == nullptr || !forming_->urgent) && !reading_ && loaded_.empty() &&
         lanes_to_load_.empty() && executions_to_load_.empty() && moves_.empty();
}

const engine::ExecutionState* Committer::Find(const Uuid& execution) const {
  auto it = live_.find(execution);
  return it == live_.end() ? nullptr : &it->second->state;
}

}  // namespace agentflow::executor
