// How executions come into a committer's memory: lanes that were taken over, and executions whose
// write was refused. Also the look-up of request ids, which shares the reading connection.
#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/obs/log.h"
#include "services/executor/approvals/approval.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {
namespace {

constexpr int64_t kReadAgainAfter = 200'000;
constexpr int64_t kAdmitAfterLoading = 1'000'000;
// Why a child is not taken up yet.
constexpr char kParentAbsent[] = "PARENT_ABSENT";
// While a plan is on its way.
constexpr int64_t kAdoptAgainAfter = 20'000;

// Snapshot and tail as a state, without its volatile part.
absl::StatusOr<engine::ExecutionState> Rebuild(const StoredExecution& stored,
                                               const engine::PlanPtr& plan) {
  engine::ExecutionState state;
  state.plan = plan;
  if (!stored.snapshot.empty()) {
    AF_ASSIGN_OR_RETURN(state, engine::DecodeState(plan, stored.snapshot));
  }
  for (const std::string& record : stored.records) {
    AF_ASSIGN_OR_RETURN(const std::vector<engine::Event> events, engine::DecodeEvents(record));
    for (const engine::Event& event : events) {
      if (event.sequence > state.sequence) engine::Apply(state, event);
    }
  }
  if (state.start == nullptr) {
    return Error(absl::StatusCode::kDataLoss, "JOURNAL_INCOMPLETE",
                 "The journal of an execution has no beginning.");
  }
  return state;
}

}  // namespace

bool Committer::StartRead() {
  if (!joined_ || reading_ || monotonic_ < retry_read_at_) return false;
  retry_read_at_ = 0;
  ReadRequest request;
  in_lookup_ = std::exchange(awaiting_lookup_, {});
  for (const StartItem& start : in_lookup_) {
    const engine::StartInfo& info = *start.info;
    if (!start.body_hash.empty()) request.start_keys.push_back(info.id);
    if (!info.business_key.empty()) {
      request.business_keys.emplace_back(info.tenant, info.business_key);
    }
  }
  while (!lanes_to_load_.empty() &&
         request.lanes.size() < static_cast<size_t>(options_.lanes_per_read)) {
    request.lanes.push_back(*lanes_to_load_.begin());
    lanes_to_load_.erase(lanes_to_load_.begin());
  }
  request.executions.assign(executions_to_load_.begin(), executions_to_load_.end());
  executions_to_load_.clear();
  if (monotonic_ >= mail_again_at_) {
    request.mail.assign(mail_to_read_.begin(), mail_to_read_.end());
    mail_to_read_.clear();
  }
  if (in_lookup_.empty() && request.lanes.empty() && request.executions.empty() &&
      request.mail.empty()) {
    return false;
  }
  mail_in_read_ = request.mail;
  lanes_in_read_ = request.lanes;
  executions_in_read_ = request.executions;
  reading_ = true;
  parts_.store.BeginRead(std::move(request));
  return true;
}

bool Committer::TakeRead() {
  if (!reading_) return false;
  std::optional<absl::StatusOr<ReadResult>> answer = parts_.store.TakeRead();
  if (!answer) return false;
  reading_ = false;
  if (std::exchange(read_void_, false)) return true;
  const std::vector<int64_t> spent_mail = std::exchange(spent_mail_, {});
  std::vector<StartItem> starts = std::exchange(in_lookup_, {});
  const std::vector<int> lanes = std::exchange(lanes_in_read_, {});
  const std::vector<Uuid> executions = std::exchange(executions_in_read_, {});
  const std::vector<Uuid> spent = std::exchange(spent_starts_, {});
  if (!answer->ok()) {
    obs::Warn("reading lanes failed", {{"error", MessageOf(answer->status())}});
    lanes_to_load_.insert(lanes.begin(), lanes.end());
    executions_to_load_.insert(executions.begin(), executions.end());
    mail_to_read_.insert(mail_in_read_.begin(), mail_in_read_.end());
    for (StartItem& start : starts) awaiting_lookup_.push_back(std::move(start));
    for (const Uuid& id : spent) recent_starts_.erase(id);
    for (int64_t number : spent_mail) taken_mail_.erase(number);
    retry_read_at_ = monotonic_ + kReadAgainAfter;
    return true;
  }
  ReadResult& result = **answer;
  std::set<Uuid> found;
  for (StoredExecution& stored : result.executions) {
    found.insert(stored.facts.id);
    // Its lane may have been given away since.
    const int lane = LaneOf(stored.facts.id);
    if (!ready_[static_cast<size_t>(lane)] &&
        std::find(lanes.begin(), lanes.end(), lane) == lanes.end()) {
      continue;
    }
    absent_.try_emplace(stored.facts.id);
    loaded_.push_back(std::move(stored));
  }
  adopt_again_at_ = 0;
  KeyBoard::Result places = keys_.Load(std::move(result.keys));
  for (int lane : lanes) LaneLoaded(lane);
  Announce(std::move(places));
  TakeMail(std::move(result.mail));
  for (const Uuid& id : executions) {
    // One that is not stored as live is over: nothing to go on with.
    if (found.contains(id)) continue;
    refused_.erase(id);
    Present(id);
  }
  std::map<Uuid, std::string*> known;
  for (StoredStart& start : result.starts) known[start.execution] = &start.body_hash;
  std::map<BusinessKey, Uuid> holders;
  for (KeyHolder& each : result.holders) {
    holders[{each.tenant, each.workflow, each.business_key}] = each.execution;
  }
  for (StartItem& start : starts) {
    if (!ready_[static_cast<size_t>(LaneOf(start.info->id))]) {
      ++waiting_;
      Decide(std::move(start));  // waits for its lane, or is sent on
      continue;
    }
    auto it = known.find(start.info->id);
    if (it == known.end()) {
      const engine::StartInfo& info = *start.info;
      auto holder = holders.find({info.tenant, info.workflow, info.business_key});
      start.key_holder = holder == holders.end() ? Uuid() : holder->second;
      DecideStart(std::move(start), true);
      continue;
    }
    parts_.load.Release(start.info->tenant, PlaceOf(*start.info));
    if (*it->second == start.body_hash) {
      start.done(StartAnswer{.existed = true});
    } else {
      start.done(Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                       "This request id was used before for another request. Use a new one."));
    }
  }
  // Only now: this very answer may be older than their commits. The next one is not.
  for (const Uuid& id : spent) recent_starts_.erase(id);
  for (int64_t number : spent_mail) taken_mail_.erase(number);
  return true;
}

bool Committer::AdoptLoaded() {
  if (loaded_.empty() || monotonic_ < adopt_again_at_) return false;
  bool moved = false;
  for (size_t left = loaded_.size(); left > 0; --left) {
    StoredExecution stored = std::move(loaded_.front());
    loaded_.pop_front();
    // The new owner's by now; it goes with its lane.
    if (Frozen(stored.facts.id)) {
      loaded_.push_back(std::move(stored));
      continue;
    }
    engine::PlanPtr plan = parts_.plans.FindOrFetch(stored.facts.tenant, stored.facts.content_hash);
    if (plan == nullptr) {
      loaded_.push_back(std::move(stored));
      continue;
    }
    moved = true;
    const Uuid id = stored.facts.id;
    absl::Status status = Adopt(stored, plan);
    if (ReasonOf(status) == kParentAbsent) continue;  // it comes again after its parent
    if (!status.ok()) {
      // Left in the database as it is: only a person can decide about it.
      obs::Error("an execution cannot be loaded", {{"execution", id.ToString()},
                                                   {"reason", ReasonOf(status)},
                                                   {"error", MessageOf(status)}});
      unloaded_.insert(id);
    }
    if (refused_.erase(id) > 0) {
      if (status.ok()) {
        GiveBackUnknown(id);
        (void)Run(*live_.at(id), engine::CancelExecution{"EXECUTION_REFUSED: the database refused "
                                                         "what the execution was to write"});
      }
    }
    Present(id);
  }
  adopt_again_at_ = monotonic_ + kAdoptAgainAfter;
  return moved;
}

// What came for it meanwhile is decided now.
void Committer::Present(const Uuid& execution) {
  if (auto children = orphans_.find(execution); children != orphans_.end()) {
    for (StoredExecution& child : children->second) loaded_.push_back(std::move(child));
    orphans_.erase(children);
  }
  auto absent = absent_.find(execution);
  if (absent == absent_.end()) return;
  Unpark(std::move(absent->second));
  absent_.erase(absent);
}

void Committer::Unpark(std::vector<Item> items) {
  for (Item& item : items) {
    const std::string tenant(TenantOfItem(item));
    backlog_.Push(tenant, {monotonic_, std::move(item)});
  }
}

absl::Status Committer::Adopt(StoredExecution& stored, const engine::PlanPtr& plan) {
  AF_RETURN_IF_ERROR(stored.readable);
  AF_ASSIGN_OR_RETURN(engine::ExecutionState state, Rebuild(stored, plan));
  const engine::Parent parent = state.start->parent;
  const bool attached = parent.depth > 0 && !parent.detached;
  if (attached && absent_.contains(parent.execution)) {
    orphans_[parent.execution].push_back(std::move(stored));
    return Unavailable(kParentAbsent, "Its parent is not in memory yet.");
  }
  if (attached && unloaded_.contains(parent.execution)) {
    // Its end would not reach the parent, which may be repaired: it waits with it.
    return FailedPrecondition("PARENT_NOT_LOADED", "Its parent " + parent.execution.ToString() +
                                                       " cannot be loaded.");
  }
  const bool unwanted = attached && !Wanted(state);
  auto live = std::make_unique<Live>();
  live->state = std::move(state);
  live->facts = std::make_shared<ExecutionFacts>(stored.facts);
  live->row = true;
  live->row_state = stored.state;
  live->published = engine::PhaseOf(live->state);
  for (const std::string& record : stored.records) live->tail_bytes += record.size();
  const Uuid id = stored.facts.id;
  Live& x = *live;
  live_[id] = std::move(live);
  if (!x.facts->business_key.empty()) business_keys_[BusinessKeyOf(*x.facts)] = id;
  const bool queued = (x.state.holds & engine::kHoldAdmission) != 0;
  x.place = queued ? TenantLoad::Place::kQueued : TenantLoad::Place::kRunning;
  parts_.load.Adopt(stored.facts.tenant, x.place);
  if (queued) Queue(x);
  TakeUp(x);
  // Before anything that is due can complete it.
  if (unwanted) (void)Run(x, engine::CancelExecution{"The step that started it is over"});
  return absl::OkStatus();
}

void Committer::TakeUp(Live& x) {
  const Uuid id = x.facts->id;
  const UnixMicros earliest = now_ + options_.claim_grace;
  for (engine::Action& action : engine::Outstanding(x.state)) {
    if (auto* offer = std::get_if<engine::OfferTask>(&action.body)) {
      const UnixMicros at = std::max(offer->ready_at, earliest);
      LiveTask& task = x.tasks[offer->step];
      task = {.attempt = offer->attempt,
              .offer = offer->offer,
              .ready_at = at,
              .deadline = offer->deadline};
      // What another plan makes of it has to be durable first.
      if (x.reloaded) {
        EntryOf(x).offers.push_back({offer->step, offer->attempt});
        continue;
      }
      task.delayed_until = at;
      task.state = LiveTask::State::kDelayed;
      delayed_.insert({at, id, offer->step, offer->attempt});
    } else if (auto* run = std::get_if<engine::RunInProcess>(&action.body)) {
      internal_.emplace_back(id, engine::RunStep{run->step, run->attempt});
    } else if (auto* timer = std::get_if<engine::StartTimer>(&action.body)) {
      AddTimer(x, timer->fire_at, engine::Encode(timer->id));
    } else if (auto* approval = std::get_if<engine::OpenApproval>(&action.body)) {
      x.approvals[approval->step] = ApprovalIdOf(id, engine::StepKey(x.state, approval->step));
    } else if (auto* child = std::get_if<engine::StartChild>(&action.body)) {
      // One that runs is in this lane, and its end tells the parent in the same commit.
      if (x.state.waits.at(child->step).child.IsNil()) {
        RequestChild(id, child->step, child->attempt);
      } else {
        MournLostChild(x, child->step, child->attempt);
      }
    } else if (auto* ask = std::get_if<engine::AcquireKey>(&action.body)) {
      AskKey(x, *ask);
    }
  }
  if (x.state.more()) internal_.emplace_back(id, engine::Continue{});
}

// The state was exchanged for one of another plan: nothing that is known of it outside holds.
void Committer::Reload(Live& live, const engine::ReloadExecution& reload) {
  for (const engine::ReloadExecution::Attempt& dropped : reload.dropped) {
    const AttemptName name{live.facts->tenant, live.facts->id, dropped.step, dropped.attempt};
    for (const auto& [step, task] : live.tasks) {
      // Whoever does not hold it under that name makes nothing of it.
      if (task.holder.empty() || task.attempt != dropped.attempt) continue;
      Forming().effects.push_back(
          [this, holder = task.holder, name] { parts_.dispatch.Drop(holder, name); });
    }
  }
  while (!live.tasks.empty()) EndTask(live, live.tasks.begin()->first);
  while (!live.timers.empty()) {
    const auto [at, timer] = *live.timers.begin();
    RemoveTimer(live, at, timer);
  }
  // What was to follow the commit of earlier decisions is by the old plan's numbers.
  for (Batch* batch : {flushing_.get(), forming_.get()}) {
    if (batch == nullptr) continue;
    for (Batch::Entry& entry : batch->entries) {
      if (entry.id != live.facts->id) continue;
      for (auto* attempts : {&entry.offers, &entry.in_process, &entry.children}) attempts->clear();
    }
  }
  auto facts = std::make_shared<ExecutionFacts>(*live.facts);
  facts->content_hash = live.state.plan->hash;
  facts->version = live.state.start->version;
  if (rehoming_) {
    facts->start_day = rehome_day_;
    live.rehomed = true;
  }
  live.facts = std::move(facts);
  live.reloaded = true;
  const std::map<engine::StepRef, Uuid> approvals = std::exchange(live.approvals, {});
  std::map<std::string, std::string> keys = std::exchange(live.keys, {});
  TakeUp(live);
  // A step that has another name now has a ticket of that name, which holds what the old one held.
  std::erase_if(keys, [&](const auto& ticket) { return live.keys.contains(ticket.first); });
  GiveBackKeys(live, keys, &live);
  ReopenApprovals(live, *Forming().entries[live.entry].write, approvals);
}

void Committer::FindHomeless() {
  constexpr size_t kAtOnce = 5'000;
  const int today = rehome_asked_.exchange(0);
  if (today == 0) return;
  rehome_day_ = today;
  homeless_.clear();
  for (const auto& [id, live] : live_) {
    if (homeless_.size() == kAtOnce) break;
    // What is not written yet has its day from the clock, and is new.
    const ExecutionFacts& facts = *live->facts;
    if (live->row && facts.start_day + facts.retention_days < today) homeless_.push_back(id);
  }
  // A hash table's order is another one in each process.
  std::sort(homeless_.begin(), homeless_.end());
}

void Committer::RehomeOne() {
  const Uuid id = homeless_.front();
  homeless_.pop_front();
  auto it = live_.find(id);
  if (it == live_.end() || Frozen(id)) return;
  rehoming_ = true;
  // One that is over by now needs no other home.
  if (Run(*it->second, engine::RehomeExecution{}).ok()) ++stats_.rehomed;
  rehoming_ = false;
}

void Committer::LaneLoaded(int lane) {
  ready_[static_cast<size_t>(lane)] = true;
  admit_from_ = monotonic_ + kAdmitAfterLoading;
  ++stats_.lanes;
  auto parked = parked_.find(lane);
  if (parked == parked_.end()) return;
  Unpark(std::move(parked->second));
  parked_.erase(parked);
}

void Committer::Forget(const Uuid& execution) {
  auto it = live_.find(execution);
  if (it == live_.end()) return;
  Live& live = *it->second;
  while (!live.timers.empty()) {
    const auto [at, timer] = *live.timers.begin();
    RemoveTimer(live, at, timer);
  }
  while (!live.tasks.empty()) EndTask(live, live.tasks.begin()->first);
  admission_.Remove(live.facts->tenant, live.facts->priority, live.state.started_at, execution);
  parts_.load.Release(live.facts->tenant, live.place);
  recent_starts_.erase(execution);
  if (!live.facts->business_key.empty()) {
    auto key = business_keys_.find(BusinessKeyOf(*live.facts));
    if (key != business_keys_.end() && key->second == execution) business_keys_.erase(key);
  }
  live_.erase(it);
}

}  // namespace agentflow::executor
