// What a committer does with each kind of command, and with what the engine decided.
#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {

void Committer::Decide(Item item) {
  const int lane = LaneOfItem(item);
  if (lane >= 0 && !ready_[static_cast<size_t>(lane)]) {
    if (owned_[static_cast<size_t>(lane)]) {
      parked_[lane].push_back(std::move(item));
      return;
    }
    --waiting_;
    return Refuse(item, LaneMoved());
  }
  --waiting_;
  if (auto* start = std::get_if<StartItem>(&item)) return DecideStart(std::move(*start), false);
  if (!absent_.empty()) {
    if (auto absent = absent_.find(ExecutionOfItem(item)); absent != absent_.end()) {
      ++waiting_;
      absent->second.push_back(std::move(item));
      return;
    }
  }
  if (auto* command = std::get_if<CommandItem>(&item)) return DecideCommand(std::move(*command));
  if (auto* held = std::get_if<HeldItem>(&item)) return DecideHeld(std::move(*held));
  if (auto* result = std::get_if<ResultItem>(&item)) return DecideResult(std::move(*result));
  if (auto* child = std::get_if<ChildLaterItem>(&item)) {
    late_children_.emplace(monotonic_ + options_.child_again, child->execution, child->step,
                           child->attempt);
    return;
  }
  AfterCommit([this] { Reoffer(); });
}

// What was never decided: whoever waits for an answer gets `status`.
void Committer::Refuse(Item& item, const absl::Status& status) {
  if (auto* start = std::get_if<StartItem>(&item)) {
    parts_.load.Release(start->info->tenant, PlaceOf(*start->info));
    start->done(status);
  }
  if (auto* command = std::get_if<CommandItem>(&item)) command->done(status);
}

void Committer::DecideStart(StartItem item, bool looked_up) {
  if (item.info->parent.depth > 0) return BeginChild(std::move(item));
  if (item.body_hash.empty() && item.info->business_key.empty()) return Begin(std::move(item));
  auto recent = recent_starts_.find(item.info->id);
  if (recent == recent_starts_.end()) {
    if (!looked_up) {
      awaiting_lookup_.push_back(std::move(item));
      return;
    }
    const Uuid holder = HolderOf(item);
    if (holder.IsNil()) return Begin(std::move(item));
    return AnswerWithHolder(std::move(item), holder);
  }
  parts_.load.Release(item.info->tenant, PlaceOf(*item.info));
  const bool same = recent->second == item.body_hash;
  Reply(item.info->id, [done = std::move(item.done), same](const absl::Status& status) {
    if (!status.ok()) {
      done(status);
    } else if (same) {
      done(StartAnswer{.existed = true});
    } else {
      done(Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                 "This request id was used before for another request. Use a new one."));
    }
  });
}

Uuid Committer::HolderOf(const StartItem& item) const {
  const engine::StartInfo& info = *item.info;
  if (info.business_key.empty()) return {};
  auto here = business_keys_.find({info.tenant, info.workflow, info.business_key});
  if (here != business_keys_.end() && !live_.at(here->second)->state.over()) return here->second;
  // It may be over since it was looked up, which is known here where its lane is.
  const Uuid& holder = item.key_holder;
  const bool mine = !holder.IsNil() && ready_[static_cast<size_t>(LaneOf(holder))] &&
                    !absent_.contains(holder) && !unloaded_.contains(holder);
  return mine ? Uuid() : holder;
}

void Committer::AnswerWithHolder(StartItem item, const Uuid& holder) {
  parts_.load.Release(item.info->tenant, PlaceOf(*item.info));
  auto start = std::make_shared<StartItem>(std::move(item));
  Reply(holder, [start, holder](const absl::Status& status) {
    if (!status.ok()) return start->done(status);
    if (start->use_existing) return start->done(StartAnswer{.existed = true, .holder = holder});
    const std::string name = "executions/" + holder.ToString();
    start->done(Error(absl::StatusCode::kAlreadyExists, "BUSINESS_KEY_IN_USE",
                      name + " has this business key and is not over. Wait for its end, or ask "
                             "for it with useExisting.",
                      {{kErrorField, "businessKey"}, {"execution", name}}));
  });
  Forming().answers.back().start = start;
}

void Committer::Reply(const Uuid& execution, std::function<void(const absl::Status&)> answer) {
  Batch& batch = Forming();
  batch.urgent = true;
  batch.answers.push_back(
      {.execution = execution,
       .done = [answer = std::move(answer)](const absl::StatusOr<ExecutionView>& view) {
         answer(view.status());
       }});
}

void Committer::Begin(StartItem item) {
  if (absl::Status status = TryBegin(item); !status.ok()) return item.done(status);
  if (!item.info->business_key.empty()) {
    const Live& live = *live_.at(item.info->id);
    business_keys_.insert_or_assign(BusinessKeyOf(*live.facts), item.info->id);
  }
  AnswerStart(std::move(item));
}

void Committer::AnswerStart(StartItem item) {
  auto done = [done = item.done](absl::StatusOr<ExecutionView> view) {
    if (!view.ok()) return done(view.status());
    done(StartAnswer{.existed = false, .view = *std::move(view)});
  };
  const Uuid id = item.info->id;
  auto start = item.info->business_key.empty() ? nullptr : std::make_shared<StartItem>(item);
  Forming().answers.push_back(
      {.execution = id, .done = std::move(done), .start = std::move(start)});
}

absl::Status Committer::TryBegin(StartItem& item) {
  const Uuid id = item.info->id;
  auto live = std::make_unique<Live>();
  live->state.plan = item.plan;
  Live& x = *live;
  live_[id] = std::move(live);
  auto facts = std::make_shared<ExecutionFacts>(ExecutionFacts{
      .id = id,
      .tenant = item.info->tenant,
      .retention_days = item.retention_days,
      .mode = static_cast<int16_t>(item.info->mode),
      .priority = static_cast<int16_t>(item.info->priority),
      .version = item.info->version,
      .workflow = item.info->workflow,
      .content_hash = item.plan->hash,
      .labels = item.labels,
      .principal = item.info->principal,
      .trace_id = item.info->trace_id,
      .business_key = item.info->business_key,
  });
  x.facts = facts;
  x.place = PlaceOf(*item.info);
  x.body_hash = item.body_hash;
  const std::string principal = item.info->principal;
  absl::Status status =
      item.fork == nullptr
          ? Run(x, engine::StartExecution{item.plan, item.info}, principal)
          : Run(x, engine::StartForked{item.plan, item.info, item.fork}, principal);
  if (!status.ok()) {
    Forget(id);
    return status;
  }
  facts->start_time = x.state.started_at;
  facts->start_day = StartDayOf(id, x.state.started_at);
  if (x.place == TenantLoad::Place::kQueued) Queue(x);
  if (!item.body_hash.empty()) recent_starts_[id] = item.body_hash;
  return absl::OkStatus();
}

void Committer::DecideCommand(CommandItem item) {
  auto it = live_.find(item.execution);
  absl::Status status;
  if (it == live_.end() || it->second->facts->tenant != item.tenant) {
    status = FailedPrecondition("EXECUTION_OVER",
                                "The execution is over already; only a retry or a fork of it goes "
                                "on, as a new one.");
  } else {
    absl::StatusOr<engine::CommandBody> body = item.make(it->second->state);
    status = body.ok() ? Run(*it->second, *std::move(body), item.principal) : body.status();
  }
  if (!status.ok()) {
    return Reply(item.execution, [done = std::move(item.done), status](const absl::Status& lost) {
      done(lost.ok() ? status : lost);
    });
  }
  Batch& batch = Forming();
  batch.urgent = true;  // also where it changed nothing: the same signal again
  batch.answers.push_back({.execution = item.execution, .done = std::move(item.done)});
}

void Committer::DecideHeld(HeldItem item) {
  auto it = live_.find(item.attempt.execution);
  if (it != live_.end() && it->second->facts->tenant == item.attempt.tenant) {
    Live& live = *it->second;
    absl::StatusOr<engine::StepRef> step = engine::FindStep(live.state, item.attempt.step);
    auto task = step.ok() ? live.tasks.find(*step) : live.tasks.end();
    if (task != live.tasks.end() && task->second.attempt == item.attempt.attempt) {
      const int64_t until = monotonic_ + options_.task_lease;
      const LiveTask::State state = task->second.state;
      if (state == LiveTask::State::kHeld && task->second.holder == item.coordinator) {
        held_[{item.attempt.execution, *step}] = until;
        return Confirm(item);
      }
      // An offer that is not durable may be of an attempt that was offered before: after a pause.
      if (state != LiveTask::State::kHeld &&
          Run(live, engine::ClaimTask{*step, item.attempt.attempt, item.coordinator}).ok()) {
        // The engine went on with what waited for its turn; that may have taken the task back.
        task = live.tasks.find(*step);
        if (task != live.tasks.end() && task->second.attempt == item.attempt.attempt) {
          LiveTask& held = task->second;
          delayed_.erase({held.delayed_until, item.attempt.execution, *step, held.attempt});
          held.state = LiveTask::State::kHeld;
          held.holder = item.coordinator;
          held_[{item.attempt.execution, *step}] = until;
          parts_.board.Set(item.attempt.execution, {*step, item.attempt.attempt, now_});
          return Confirm(item);
        }
      }
    }
  }
  // The reason may not be durable yet, or no longer true: a claim that is refused wrongly is lost.
  AfterCommit([this, item = std::move(item)] {
    parts_.dispatch.Drop(item.coordinator, item.attempt);
    parts_.dispatch.Flush();
  });
}

// Until it hears this the coordinator leaves the task in the queue. It may be late but not wrong,
// so it goes with the next commit, whenever that is: only a commit shows whose the lane is.
void Committer::Confirm(const HeldItem& item) {
  if (item.claim == 0) return;
  Forming().effects.push_back([this, item] {
    parts_.dispatch.Claimed(item.coordinator, item.attempt, item.claim);
  });
}

void Committer::DecideResult(ResultItem item) {
  bool late = false;
  auto it = live_.find(item.attempt.execution);
  if (it != live_.end() && it->second->facts->tenant == item.attempt.tenant) {
    Live& live = *it->second;
    absl::StatusOr<engine::StepRef> step = engine::FindStep(live.state, item.attempt.step);
    if (step.ok()) {
      auto task = live.tasks.find(*step);
      if (task != live.tasks.end() && task->second.attempt == item.attempt.attempt) {
        const LiveTask kept = task->second;
        EndTask(live, *step);
        absl::Status status =
            item.failed
                ? Run(live, engine::FailTask{*step, item.attempt.attempt, std::move(item.reason),
                                             std::move(item.message), item.retryable})
                : Run(live,
                      engine::CompleteTask{*step, item.attempt.attempt, std::move(item.output)});
        // The engine knows better: put back what was taken for over.
        if (!status.ok() && !live.state.over() && !live.tasks.contains(*step)) {
          live.tasks[*step] = kept;
        }
      } else {
        late = engine::View(live.state, *step).step->attempt > item.attempt.attempt;
      }
    }
  }
  AfterCommit([this, late, coordinator = std::move(item.coordinator),
               attempt = std::move(item.attempt)] {
    if (late) {
      parts_.dispatch.Late(coordinator, attempt);
    } else {
      parts_.dispatch.Acknowledge(coordinator, attempt);
    }
    parts_.dispatch.Flush();
  });
}

void Committer::Reoffer() {
  std::vector<TaskOffer> offers;
  for (auto& [id, live] : live_) {
    if (Frozen(id)) continue;
    for (auto& [step, task] : live->tasks) {
      if (task.state != LiveTask::State::kOffered) continue;
      offers.push_back({.attempt = NameOf(*live, step, task.attempt),
                        .offer = task.offer,
                        .start = live->state.start,
                        .deadline = task.deadline});
    }
  }
  if (!offers.empty()) parts_.dispatch.Offer(std::move(offers));
}

absl::Status Committer::Run(Live& live, engine::CommandBody body, std::string principal) {
  engine::Command command{.now = now_,
                          .random = parts_.random.Next(),
                          .principal = std::move(principal),
                          .body = std::move(body)};
  // Afterwards its steps are numbered by another plan.
  if (std::holds_alternative<engine::MigrateExecution>(command.body) && forming_ != nullptr &&
      live.batch == forming_->number) {
    Batch::Entry& entry = forming_->entries[live.entry];
    entry.earlier_steps += EncodeSteps(live.state, std::exchange(entry.steps, {}));
  }
  AF_ASSIGN_OR_RETURN(engine::Decision decision,
                      parts_.advance ? parts_.advance(live.state, command, options_.limits)
                                     : engine::Advance(live.state, command, options_.limits));
  Book(live, std::move(decision));
  return absl::OkStatus();
}

Committer::BatchEntry& Committer::EntryOf(Live& live) {
  Batch& batch = Forming();
  if (live.batch != batch.number) {
    live.batch = batch.number;
    live.entry = batch.entries.size();
    batch.entries.push_back({.id = live.facts->id});
    ++batch.items;
  }
  return batch.entries[live.entry];
}

void Committer::Book(Live& live, engine::Decision decision) {
  if (decision.events.empty() && decision.actions.empty() && decision.changes.empty() &&
      !decision.more) {
    return;
  }
  const Uuid id = live.state.start->id;
  Batch& batch = Forming();
  Batch::Entry& entry = EntryOf(live);
  ExecutionWrite& write = *entry.write;
  const size_t before = write.events.size();
  for (const engine::Event& event : decision.events) {
    if (engine::IsVolatile(event)) continue;
    engine::EncodeEvent(event, &write.events);
    if (write.first_sequence == 0) write.first_sequence = static_cast<int64_t>(event.sequence);
    write.last_sequence = static_cast<int64_t>(event.sequence);
    batch.urgent = true;
  }
  batch.bytes += write.events.size() - before;
  for (const engine::StepChange& change : decision.changes) {
    auto [it, fresh] = entry.steps.try_emplace(
        change.step, ChangedStep{change.before, change.after, change.attempt});
    if (!fresh) {
      it->second.after = change.after;
      it->second.attempt = change.attempt;
    }
  }
  BookApprovals(live, write, decision);
  // Tasks to take back come first: what follows forgets who holds them.
  for (engine::Action& action : decision.actions) {
    if (auto* cancel = std::get_if<engine::CancelTask>(&action.body)) TakeBack(live, *cancel);
  }
  for (engine::Action& action : decision.actions) BookAction(live, std::move(action));
  for (const engine::StepChange& change : decision.changes) {
    if (engine::IsOver(change.after)) EndTask(live, change.step);
  }
  if (decision.more) next_internal_.emplace_back(id, engine::Continue{});
}

void Committer::BookAction(Live& live, engine::Action action) {
  const Uuid id = live.state.start->id;
  if (auto* offer = std::get_if<engine::OfferTask>(&action.body)) {
    EndTask(live, offer->step);
    live.tasks[offer->step] = {.attempt = offer->attempt,
                               .offer = offer->offer,
                               .ready_at = offer->ready_at,
                               .deadline = offer->deadline};
    EntryOf(live).offers.push_back({offer->step, offer->attempt});
  } else if (auto* run = std::get_if<engine::RunInProcess>(&action.body)) {
    EntryOf(live).in_process.push_back({run->step, run->attempt});
  } else if (auto* start = std::get_if<engine::StartTimer>(&action.body)) {
    AddTimer(live, start->fire_at, engine::Encode(start->id));
  } else if (auto* stop = std::get_if<engine::CancelTimer>(&action.body)) {
    RemoveTimer(live, stop->fire_at, engine::Encode(stop->id));
  } else if (auto* child = std::get_if<engine::StartChild>(&action.body)) {
    EntryOf(live).children.push_back({child->step, child->attempt});
  } else if (auto* child = std::get_if<engine::CancelChild>(&action.body)) {
    // One that has not come yet finds its parent's step over.
    if (!child->child.IsNil()) {
      consequences_.push_back({child->child, "", engine::CancelExecution{child->reason}});
    }
  } else if (auto* reload = std::get_if<engine::ReloadExecution>(&action.body)) {
    Reload(live, *reload);
  } else if (std::holds_alternative<engine::FinishExecution>(action.body)) {
    if (const engine::Parent& parent = live.state.start->parent;
        parent.depth > 0 && !parent.detached) {
      consequences_.push_back({parent.execution, parent.step,
                               engine::ChildEnded{.attempt = parent.attempt,
                                                  .child = id,
                                                  .phase = live.state.phase,
                                                  .output = live.state.output,
                                                  .error = live.state.error}});
    }
    while (!live.timers.empty()) {
      const auto [at, timer] = *live.timers.begin();
      RemoveTimer(live, at, timer);
    }
    // Whoever still holds one of its tasks is told by the answer to the next report.
    while (!live.tasks.empty()) EndTask(live, live.tasks.begin()->first);
    // Whatever the engine forgot: an execution that is over holds nothing.
    GiveBackKeys(live, std::exchange(live.keys, {}), &live);
  } else if (auto* ask = std::get_if<engine::AcquireKey>(&action.body)) {
    AskKey(live, *ask);
  } else if (auto* release = std::get_if<engine::ReleaseKey>(&action.body)) {
    GiveBackKey(live, *release);
  }
}

void Committer::TakeBack(Live& live, const engine::CancelTask& cancel) {
  auto task = live.tasks.find(cancel.step);
  if (task == live.tasks.end() || task->second.attempt != cancel.attempt) return;
  const std::string holder = task->second.holder;
  EndTask(live, cancel.step);
  // One that nobody holds stays in the queue; its claim will be refused.
  if (holder.empty()) return;
  Forming().effects.push_back(
      [this, holder, name = NameOf(live, cancel.step, cancel.attempt), reason = cancel.reason] {
        parts_.dispatch.Cancel(holder, name, reason);
      });
}

void Committer::EndTask(Live& live, engine::StepRef ref) {
  auto task = live.tasks.find(ref);
  if (task == live.tasks.end()) return;
  const Uuid& id = live.facts->id;
  if (task->second.state == LiveTask::State::kDelayed) {
    delayed_.erase({task->second.delayed_until, id, ref, task->second.attempt});
  }
  if (task->second.state == LiveTask::State::kHeld) {
    held_.erase({id, ref});
    parts_.board.Clear(id, ref);
  }
  live.tasks.erase(task);
}

void Committer::AddTimer(Live& live, UnixMicros at, std::string id) {
  timers_.insert({at, live.facts->id, id});
  live.timers.insert({at, std::move(id)});
}

void Committer::RemoveTimer(Live& live, UnixMicros at, const std::string& id) {
  timers_.erase({at, live.facts->id, id});
  live.timers.erase({at, id});
}

AttemptName Committer::NameOf(const Live& live, engine::StepRef ref, uint32_t attempt) const {
  return {.tenant = live.facts->tenant,
          .execution = live.facts->id,
          .step = engine::StepKey(live.state, ref),
          .attempt = attempt};
}

}  // namespace agentflow::executor
