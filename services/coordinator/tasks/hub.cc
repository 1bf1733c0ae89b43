#include "services/coordinator/tasks/hub.h"

#include <algorithm>
#include <utility>

namespace agentflow::coordinator {
namespace {

constexpr char kTaskCanceled[] = "TASK_CANCELED";
constexpr char kHeartbeatTimeout[] = "HEARTBEAT_TIMEOUT";

}  // namespace

Hub::Hub(ExecutorPort& executors, HubOptions options)
    : executors_(executors), options_(options) {}

void Hub::OnDemand(std::function<void()> notify) {
  std::lock_guard lock(mutex_);
  notify_ = std::move(notify);
}

void Hub::OnUsed(Used used) {
  std::lock_guard lock(mutex_);
  used_ = std::move(used);
}

Hub::SessionId Hub::Connect(const std::string& tenant, const WorkerHello& hello,
                            std::shared_ptr<WorkerPort> port, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  SessionId id = next_session_++;
  Session& session = sessions_[id];
  session.id = id;
  session.tenant = tenant;
  if (Session* before = FindByWorker(tenant, hello.worker_id)) {
    session.held = std::move(before->held);
    for (const AttemptId& held : session.held) held_[held].session = id;
    sessions_.erase(before->id);
  }
  session.hello = hello;
  session.port = std::move(port);
  session.connect_ms = session.seen_ms = now_ms;
  std::vector<Task> again = Resume(session, hello.held, now_ms);
  if (!again.empty()) session.port->SendTasks(again);
  if (draining_) session.port->SendDrain();
  return id;
}

std::vector<Task> Hub::Resume(Session& session, const std::vector<Task>& held, int64_t now_ms) {
  for (const Task& task : held) {
    const AttemptId& id = task.id;
    if (results_.contains(id)) continue;
    auto [it, is_new] = held_.try_emplace(id);
    // An attempt that was lost here and handed out again may be in two hands.
    auto other = sessions_.find(it->second.session);
    if (other != sessions_.end()) other->second.held.erase(id);
    it->second.session = session.id;
    it->second.seen_ms = now_ms;
    session.held.insert(id);
    if (is_new) {
      it->second.task = task;
      it->second.alive_ms = now_ms;
      it->second.claim = ++last_claim_;
    }
  }
  std::vector<Task> again;
  for (const AttemptId& id : session.held) {
    const bool named =
        std::any_of(held.begin(), held.end(), [&](const Task& task) { return task.id == id; });
    if (!named) again.push_back(held_[id].task);
  }
  return again;
}

Hub::Session* Hub::FindByWorker(const std::string& tenant, const std::string& worker_id) {
  for (auto& [id, session] : sessions_) {
    if (session.tenant == tenant && session.hello.worker_id == worker_id) return &session;
  }
  return nullptr;
}

void Hub::AddCredit(SessionId session, int tasks) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  if (it == sessions_.end() || tasks <= 0) return;
  it->second.credit = std::min(it->second.credit + tasks, it->second.hello.capacity);
  NotifyDemand();
}

void Hub::Heartbeat(SessionId session, const std::vector<AttemptId>& held,
                    const std::vector<AttemptId>& alive, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  if (it == sessions_.end()) return;
  it->second.seen_ms = now_ms;
  for (const AttemptId& id : held) {
    auto task = held_.find(id);
    if (task != held_.end() && task->second.session == session) task->second.seen_ms = now_ms;
  }
  for (const AttemptId& id : alive) {
    auto task = held_.find(id);
    if (task != held_.end() && task->second.session == session) task->second.alive_ms = now_ms;
  }
}

void Hub::Finish(SessionId session, std::vector<Result> results, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  std::string worker_id = it == sessions_.end() ? "" : it->second.hello.worker_id;
  std::string worker_tenant = it == sessions_.end() ? "" : it->second.tenant;
  for (Result& result : results) {
    const bool forged = Forged(result);
    if (!forged) Release(result.id, now_ms);
    if (forged || (result.outcome.failed && result.outcome.reason == kTaskCanceled)) {
      // Where there is a result, the lane's word about it says what becomes of the entries.
      if (!forged && !results_.contains(result.id)) entries_.erase(result.id);
      if (it == sessions_.end() || !it->second.port) continue;
      if (forged) {
        it->second.port->SendRefused(result.id, kTokenInvalid);
      } else {
        it->second.port->SendAcknowledged(result.id);
      }
      continue;
    }
    const AttemptId id = result.id;
    TakeResult(std::move(result), now_ms);
    results_[id].workers.emplace(worker_tenant, worker_id);
  }
}

void Hub::TakeResult(Result result, int64_t now_ms) {
  executors_.Finished(result);
  KeptResult& kept = results_[result.id];
  kept.result = std::move(result);
  kept.told_ms = now_ms;
  kept.patience_ms = options_.tell_again_ms;
}

// The attempt is over for everybody but its handler, who is told to stop.
void Hub::FailSilent(const AttemptId& id, int64_t now_ms) {
  const HeldTask& held = held_.at(id);
  Result result{.id = id,
                .token = held.task.token,
                .outcome = {.failed = true,
                            .reason = kHeartbeatTimeout,
                            .message = "The handler gave no sign of life for " +
                                       std::to_string(held.task.heartbeat_ms) +
                                       " ms; call task.heartbeat() more often, or allow more.",
                            .retryable = true}};
  auto session = sessions_.find(held.session);
  if (session != sessions_.end() && session->second.port) {
    session->second.port->SendCancel(id, kHeartbeatTimeout);
  }
  Release(id, now_ms);
  TakeResult(std::move(result), now_ms);
}

// Of an attempt that is known here, with another token than it was handed out with: it must not
// take the place of the true result.
bool Hub::Forged(const Result& result) const {
  const std::string* token = nullptr;
  if (auto kept = results_.find(result.id); kept != results_.end()) {
    token = &kept->second.result.token;
  }
  if (auto held = held_.find(result.id); held != held_.end()) token = &held->second.task.token;
  return token != nullptr && !token->empty() && *token != result.token;
}

void Hub::WorkerDrains(SessionId session) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  if (it != sessions_.end()) it->second.draining = true;
}

void Hub::Disconnect(SessionId session, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  if (it == sessions_.end()) return;  // its worker is back already
  it->second.port.reset();
  it->second.credit = 0;
  it->second.disconnect_ms = now_ms;
}

std::vector<Demand> Hub::CurrentDemand() {
  std::lock_guard lock(mutex_);
  std::map<std::pair<std::string, std::string>, int> free;
  if (!draining_) {
    for (const auto& [id, session] : sessions_) {
      if (!session.port || session.draining || session.credit <= 0) continue;
      for (const std::string& agent : session.hello.agents) {
        free[{session.hello.shared ? "" : session.tenant, agent}] += session.credit;
      }
    }
  }
  std::vector<Demand> demand;
  for (const auto& [key, tasks] : free) demand.push_back({key.first, key.second, tasks});
  if (!demand.empty()) {
    std::rotate(demand.begin(), demand.begin() + static_cast<long>(turn_++ % demand.size()),
                demand.end());
  }
  return demand;
}

Hub::Session* Hub::Choose(const std::string& tenant, const std::string& agent) {
  Session* best = nullptr;
  for (auto& [id, session] : sessions_) {
    const bool serves = session.hello.shared || session.tenant == tenant;
    if (!serves || !session.port || session.draining || session.credit <= 0) continue;
    const auto& agents = session.hello.agents;
    if (std::find(agents.begin(), agents.end(), agent) == agents.end()) continue;
    // A tenant's own workers come first: the others are for everybody.
    const auto rank = [](const Session& s) { return std::pair(!s.hello.shared, s.credit); };
    if (!best || rank(session) > rank(*best)) best = &session;
  }
  return best;
}

std::vector<Task> Hub::Offer(std::vector<Task> tasks, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  std::vector<Task> left;
  std::map<SessionId, std::vector<Task>> handed;
  for (Task& task : tasks) {
    if (auto kept = results_.find(task.id);
        kept != results_.end() && !task.token.empty() &&
        kept->second.result.token != task.token) {
      ForgetResult(task.id, kTokenInvalid);  // somebody answered what nobody had been handed
    }
    auto known = held_.find(task.id);
    if (known != held_.end() || results_.contains(task.id)) {
      if (task.entry.stream.empty()) continue;
      entries_[task.id].insert(std::move(task.entry));
      if (known == held_.end()) continue;  // its result is told again and again
      // Whoever owns the lane now may have offered it, knowing nothing of the claim.
      known->second.confirmed = false;
      known->second.claim = ++last_claim_;
      executors_.Claimed({task.id, last_claim_});
      continue;
    }
    Session* session = draining_ ? nullptr : Choose(task.id.tenant, task.agent);
    if (!session) {
      left.push_back(std::move(task));
      continue;
    }
    --session->credit;
    session->held.insert(task.id);
    held_[task.id] = {.task = task,
                      .session = session->id,
                      .handed_ms = now_ms,
                      .seen_ms = now_ms,
                      .alive_ms = now_ms,
                      .claim = ++last_claim_};
    if (!task.entry.stream.empty()) entries_[task.id].insert(task.entry);
    executors_.Claimed({task.id, last_claim_});
    handed[session->id].push_back(std::move(task));
  }
  for (auto& [id, batch] : handed) sessions_[id].port->SendTasks(batch);
  return left;
}

std::vector<QueueEntry> Hub::TakeSpent() {
  std::lock_guard lock(mutex_);
  return std::exchange(spent_, {});
}

// The lane has spoken: it watches over the attempt itself, or nobody wants it any more.
void Hub::Spend(const AttemptId& id) {
  auto it = entries_.find(id);
  if (it == entries_.end()) return;
  spent_.insert(spent_.end(), it->second.begin(), it->second.end());
  entries_.erase(it);
}

void Hub::Release(const AttemptId& id, int64_t now_ms) {
  auto it = held_.find(id);
  if (it == held_.end()) return;
  const HeldTask& held = it->second;
  auto session = sessions_.find(held.session);
  if (session != sessions_.end()) {
    session->second.held.erase(id);
    if (session->second.hello.shared && used_ && held.handed_ms != 0) {
      used_(id.tenant, held.task.agent, std::max<int64_t>(now_ms - held.handed_ms, 0));
    }
  }
  held_.erase(it);
}

void Hub::Dropped(const AttemptId& id) { Cancel(id, "SUPERSEDED"); }

void Hub::Confirmed(const Claim& claim) {
  std::lock_guard lock(mutex_);
  auto it = held_.find(claim.id);
  if (it == held_.end() || it->second.claim != claim.number) return;
  it->second.confirmed = true;
  Spend(claim.id);
}

void Hub::Cancel(const AttemptId& id, std::string_view reason) {
  std::lock_guard lock(mutex_);
  auto it = held_.find(id);
  if (it == held_.end()) return;
  // What was read meanwhile may be a newer offer of the attempt: somebody takes it over.
  if (!it->second.task.entry.stream.empty()) spent_.push_back(it->second.task.entry);
  entries_.erase(id);
  auto session = sessions_.find(it->second.session);
  if (session != sessions_.end() && session->second.port) {
    session->second.port->SendCancel(id, reason);
  }
  Release(id, stepped_ms_);
}

void Hub::Acknowledged(const AttemptId& id) {
  std::lock_guard lock(mutex_);
  Spend(id);
  ForgetResult(id);
}

void Hub::Late(const AttemptId& id) {
  std::lock_guard lock(mutex_);
  Spend(id);
  ForgetResult(id, kAttemptOver);
}

void Hub::Refused(const AttemptId& id, std::string_view token) {
  std::lock_guard lock(mutex_);
  auto it = results_.find(id);
  if (it != results_.end() && it->second.result.token == token) {
    ForgetResult(id, kTokenInvalid);
  }
}

void Hub::ForgetResult(const AttemptId& id, std::string_view refusal) {
  auto it = results_.find(id);
  if (it == results_.end()) return;
  for (const auto& [tenant, worker_id] : it->second.workers) {
    Session* session = FindByWorker(tenant, worker_id);
    if (!session || !session->port) continue;
    if (refusal.empty()) {
      session->port->SendAcknowledged(id);
    } else {
      session->port->SendRefused(id, refusal);
    }
  }
  results_.erase(it);
}

std::vector<AttemptId> Hub::Held(const std::function<bool(int)>& wanted) {
  std::lock_guard lock(mutex_);
  std::vector<AttemptId> held;
  for (const auto& [id, task] : held_) {
    if (wanted(LaneOf(id))) held.push_back(id);
  }
  return held;
}

std::vector<Claim> Hub::Unconfirmed(const std::function<bool(int)>& wanted) {
  std::lock_guard lock(mutex_);
  std::vector<Claim> claimed;
  for (const auto& [id, task] : held_) {
    if (!task.confirmed && wanted(LaneOf(id))) claimed.push_back({id, task.claim});
  }
  return claimed;
}

std::vector<Result> Hub::Unacknowledged(const std::function<bool(int)>& wanted) {
  std::lock_guard lock(mutex_);
  std::vector<Result> results;
  for (const auto& [id, kept] : results_) {
    if (wanted(LaneOf(id))) results.push_back(kept.result);
  }
  return results;
}

void Hub::Step(int64_t now_ms) {
  std::lock_guard lock(mutex_);
  stepped_ms_ = now_ms;
  std::vector<AttemptId> overdue, silent;
  for (const auto& [id, task] : held_) {
    const int64_t heartbeat_ms = task.task.heartbeat_ms;
    if (heartbeat_ms > 0 && now_ms - task.alive_ms > heartbeat_ms) {
      silent.push_back(id);
      continue;
    }
    auto session = sessions_.find(task.session);
    bool gone = session == sessions_.end() ||
                (!session->second.port &&
                 now_ms - session->second.disconnect_ms > options_.reconnect_grace_ms);
    if (gone || now_ms - task.seen_ms > options_.lease_ms) overdue.push_back(id);
  }
  for (const AttemptId& id : silent) FailSilent(id, now_ms);
  for (const AttemptId& id : overdue) {
    Release(id, now_ms);
    entries_.erase(id);  // still in the queue: to be taken over
  }
  std::erase_if(sessions_, [&](const auto& entry) {
    const Session& session = entry.second;
    return !session.port && session.held.empty() &&
           now_ms - session.disconnect_ms > options_.reconnect_grace_ms;
  });
  TellAgain(now_ms);
}

void Hub::TellAgain(int64_t now_ms) {
  for (auto& [id, kept] : results_) {
    if (now_ms - kept.told_ms < kept.patience_ms) continue;
    kept.told_ms = now_ms;
    kept.patience_ms = std::min(2 * kept.patience_ms, options_.tell_again_most_ms);
    executors_.Finished(kept.result);
  }
}

void Hub::Drain() {
  std::lock_guard lock(mutex_);
  draining_ = true;
  for (auto& [id, session] : sessions_) {
    if (session.port) session.port->SendDrain();
  }
}

std::vector<EndpointView> Hub::Endpoints() {
  std::lock_guard lock(mutex_);
  std::vector<EndpointView> views;
  for (const auto& [id, session] : sessions_) {
    if (!session.port) continue;
    views.push_back({.tenant = session.tenant,
                     .worker_id = session.hello.worker_id,
                     .agents = session.hello.agents,
                     .capacity = session.hello.capacity,
                     .held = static_cast<int>(session.held.size()),
                     .connect_time_ms = session.connect_ms,
                     .last_heartbeat_ms = session.seen_ms,
                     .client = session.hello.client});
  }
  return views;
}

void Hub::NotifyDemand() {
  if (notify_) notify_();
}

}  // namespace agentflow::coordinator
