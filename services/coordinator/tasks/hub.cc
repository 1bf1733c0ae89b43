#include "services/coordinator/tasks/hub.h"

#include <algorithm>
#include <utility>

namespace agentflow::coordinator {
namespace {

constexpr char kTaskCanceled[] = "TASK_CANCELED";

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

std::vector<Task> Hub::Resume(Session& session, const std::vector<AttemptId>& held,
                              int64_t now_ms) {
  for (const AttemptId& id : held) {
    if (results_.contains(id)) continue;
    auto [it, is_new] = held_.try_emplace(id);
    it->second.session = session.id;
    it->second.seen_ms = now_ms;
    session.held.insert(id);
    if (is_new) it->second.task.id = id;
  }
  std::vector<Task> again;
  for (const AttemptId& id : session.held) {
    if (std::find(held.begin(), held.end(), id) == held.end()) again.push_back(held_[id].task);
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

void Hub::Heartbeat(SessionId session, const std::vector<AttemptId>& held, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  if (it == sessions_.end()) return;
  it->second.seen_ms = now_ms;
  for (const AttemptId& id : held) {
    auto task = held_.find(id);
    if (task != held_.end() && task->second.session == session) task->second.seen_ms = now_ms;
  }
}

void Hub::Finish(SessionId session, std::vector<Result> results, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto it = sessions_.find(session);
  std::string worker_id = it == sessions_.end() ? "" : it->second.hello.worker_id;
  std::string worker_tenant = it == sessions_.end() ? "" : it->second.tenant;
  for (Result& result : results) {
    Release(result.id, now_ms);
    if (result.outcome.failed && result.outcome.reason == kTaskCanceled) {
      if (it != sessions_.end() && it->second.port) it->second.port->SendAcknowledged(result.id);
      continue;
    }
    executors_.Finished(result);
    AttemptId id = result.id;
    results_[std::move(id)] = {.result = std::move(result),
                               .worker_tenant = worker_tenant,
                               .worker_id = worker_id,
                               .told_ms = now_ms,
                               .patience_ms = options_.tell_again_ms};
  }
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
    if (held_.contains(task.id) || results_.contains(task.id)) continue;
    Session* session = draining_ ? nullptr : Choose(task.id.tenant, task.agent);
    if (!session) {
      left.push_back(std::move(task));
      continue;
    }
    --session->credit;
    session->held.insert(task.id);
    held_[task.id] = {
        .task = task, .session = session->id, .handed_ms = now_ms, .seen_ms = now_ms};
    executors_.Claimed(task.id);
    handed[session->id].push_back(std::move(task));
  }
  for (auto& [id, batch] : handed) sessions_[id].port->SendTasks(batch);
  return left;
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

void Hub::Cancel(const AttemptId& id, std::string_view reason) {
  std::lock_guard lock(mutex_);
  auto it = held_.find(id);
  if (it == held_.end()) return;
  auto session = sessions_.find(it->second.session);
  if (session != sessions_.end() && session->second.port) {
    session->second.port->SendCancel(id, reason);
  }
  Release(id, stepped_ms_);
}

void Hub::Acknowledged(const AttemptId& id) {
  std::lock_guard lock(mutex_);
  auto it = results_.find(id);
  if (it == results_.end()) return;
  Session* session = FindByWorker(it->second.worker_tenant, it->second.worker_id);
  if (session && session->port) session->port->SendAcknowledged(id);
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
  std::vector<AttemptId> overdue;
  for (const auto& [id, task] : held_) {
    auto session = sessions_.find(task.session);
    bool gone = session == sessions_.end() ||
                (!session->second.port &&
                 now_ms - session->second.disconnect_ms > options_.reconnect_grace_ms);
    if (gone || now_ms - task.seen_ms > options_.lease_ms) overdue.push_back(id);
  }
  for (const AttemptId& id : overdue) Release(id, now_ms);
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
