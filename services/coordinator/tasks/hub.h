#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/coordinator/tasks/task.h"

namespace agentflow::coordinator {

// Why a result is refused (RefusedResult.reason).
inline constexpr char kAttemptOver[] = "ATTEMPT_OVER";
inline constexpr char kTokenInvalid[] = "TASK_TOKEN_INVALID";

// The way to one connected worker. Calls must not block and must not call the Hub.
class WorkerPort {
 public:
  virtual ~WorkerPort() = default;
  virtual void SendTasks(const std::vector<Task>& tasks) = 0;
  virtual void SendCancel(const AttemptId& id, std::string_view reason) = 0;
  virtual void SendAcknowledged(const AttemptId& id) = 0;
  virtual void SendRefused(const AttemptId& id, std::string_view reason) = 0;
  virtual void SendDrain() = 0;
};

// The way to the executors, by lane. Calls must not block and must not call the Hub.
class ExecutorPort {
 public:
  virtual ~ExecutorPort() = default;
  virtual void Claimed(const Claim& claim) = 0;
  virtual void Finished(const Result& result) = 0;
};

// Tasks that workers of one agent could take now.
struct Demand {
  std::string tenant;  // empty: of any tenant
  std::string agent;
  int tasks = 0;
};

struct HubOptions {
  // A worker whose stream broke may come back this long before its tasks are given up.
  int64_t reconnect_grace_ms = 4000;
  // A task that the worker's heartbeats do not name for this long is given up.
  int64_t lease_ms = 15000;
  // A result that no executor has acknowledged after this long is told again; then after twice
  // as long, and so on up to `tell_again_most_ms`.
  int64_t tell_again_ms = 2000;
  int64_t tell_again_most_ms = 30000;
};

// Who a worker says it is.
struct WorkerHello {
  std::string worker_id;
  std::vector<std::string> agents;
  int capacity = 0;
  std::string client;
  std::vector<Task> held;  // what it knows of each
  bool shared = false;  // for every tenant
};

// One reachable instance of an agent.
struct EndpointView {
  std::string tenant;
  std::string worker_id;
  std::vector<std::string> agents;
  int capacity = 0;
  int held = 0;
  int64_t connect_time_ms = 0;
  int64_t last_heartbeat_ms = 0;
  std::string client;
};

// Everything this coordinator holds in memory: connected workers with their credit, tasks in
// their hands, results that no executor has acknowledged yet. It decides nothing about
// executions: it carries tasks out and results in.
//
// Giving up a task means to stop naming it in heartbeats: its lane then records the loss and
// offers the next attempt. A task whose handler is silent for longer than its heartbeat timeout has
// failed instead, whatever becomes of the worker. Thread-safe. Times are Unix milliseconds, passed
// in.
class Hub {
 public:
  using SessionId = int64_t;

  Hub(ExecutorPort& executors, HubOptions options);

  // Called whenever Demand() may have grown; must not block or call the Hub.
  void OnDemand(std::function<void()> notify);
  // Called when a shared worker is done with a task, with how long it took; as above.
  using Used = std::function<void(const std::string& tenant, const std::string& agent,
                                  int64_t milliseconds)>;
  void OnUsed(Used used);

  // A worker connected. One with the same id, whose stream is then dead, is replaced: its tasks
  // stay its own, and those it does not say it holds are sent again. Tasks it holds that are
  // unknown here (it came from another coordinator) are taken on.
  SessionId Connect(const std::string& tenant, const WorkerHello& hello,
                    std::shared_ptr<WorkerPort> port, int64_t now_ms);
  void AddCredit(SessionId session, int tasks);
  // `alive`: whose handlers gave a sign of life.
  void Heartbeat(SessionId session, const std::vector<AttemptId>& held,
                 const std::vector<AttemptId>& alive, int64_t now_ms);
  // Results go to their lane's executor, again and again until it acknowledges them: it may have
  // been fenced out after it heard them, and have the lane back before anybody saw it move. A
  // worker's TASK_CANCELED is no result: it was told to stop because somebody else has the attempt,
  // who must not fail with it.
  void Finish(SessionId session, std::vector<Result> results, int64_t now_ms);
  // The worker wants no more tasks.
  void WorkerDrains(SessionId session);
  void Disconnect(SessionId session, int64_t now_ms);

  // Free places by agent, each tenant in turn first.
  std::vector<Demand> CurrentDemand();
  // Hands out tasks of one agent; gives back those that nobody has a place for. A task that is
  // held here already is swallowed. Entries of what was not given back stay in their queues until
  // the lane has spoken: whoever dies before that leaves them to be taken over.
  std::vector<Task> Offer(std::vector<Task> tasks, int64_t now_ms);
  // Entries that may be deleted, since the last call.
  std::vector<QueueEntry> TakeSpent();

  // From the executor that owns the lane.
  void Confirmed(const Claim& claim);  // it counts
  void Dropped(const AttemptId& id);
  void Acknowledged(const AttemptId& id);
  void Late(const AttemptId& id);  // its result came when another attempt had followed
  // A result with this token, which is not the attempt's.
  void Refused(const AttemptId& id, std::string_view token);
  void Cancel(const AttemptId& id, std::string_view reason);

  // What is held, and results not yet acknowledged, in lanes that `wanted` accepts.
  std::vector<AttemptId> Held(const std::function<bool(int lane)>& wanted);
  std::vector<Claim> Unconfirmed(const std::function<bool(int lane)>& wanted);
  std::vector<Result> Unacknowledged(const std::function<bool(int lane)>& wanted);

  // Gives up what is overdue, and tells again what nobody has acknowledged.
  void Step(int64_t now_ms);
  // Tells every worker to go elsewhere; no demand from then on.
  void Drain();
  std::vector<EndpointView> Endpoints();

 private:
  struct Session {
    SessionId id = 0;
    std::string tenant;
    WorkerHello hello;
    std::shared_ptr<WorkerPort> port;  // null while disconnected
    int credit = 0;
    bool draining = false;
    int64_t connect_ms = 0;
    int64_t seen_ms = 0;
    int64_t disconnect_ms = 0;
    std::set<AttemptId> held;
  };
  struct HeldTask {
    Task task;
    SessionId session = 0;
    int64_t handed_ms = 0;
    int64_t seen_ms = 0;
    int64_t alive_ms = 0;  // last sign of life of its handler
    int64_t claim = 0;     // number of the last one
    bool confirmed = false;
  };
  struct KeptResult {
    Result result;
    std::set<std::pair<std::string, std::string>> workers;  // who gave one: tenant and id
    int64_t told_ms = 0;
    int64_t patience_ms = 0;
  };

  Session* FindByWorker(const std::string& tenant, const std::string& worker_id);
  Session* Choose(const std::string& tenant, const std::string& agent);
  std::vector<Task> Resume(Session& session, const std::vector<Task>& held, int64_t now_ms);
  void Release(const AttemptId& id, int64_t now_ms);
  void Spend(const AttemptId& id);
  bool Forged(const Result& result) const;
  // Tells its workers that it counted, or why it did not.
  void ForgetResult(const AttemptId& id, std::string_view refusal = {});
  void TakeResult(Result result, int64_t now_ms);
  void FailSilent(const AttemptId& id, int64_t now_ms);
  void TellAgain(int64_t now_ms);
  void NotifyDemand();

  ExecutorPort& executors_;
  const HubOptions options_;
  std::function<void()> notify_;
  Used used_;
  std::mutex mutex_;
  bool draining_ = false;
  SessionId next_session_ = 1;
  int64_t last_claim_ = 0;
  int64_t stepped_ms_ = 0;
  size_t turn_ = 0;
  std::map<SessionId, Session> sessions_;
  std::map<AttemptId, HeldTask> held_;
  std::map<AttemptId, KeptResult> results_;
  std::map<AttemptId, std::set<QueueEntry>> entries_;  // of what no lane has spoken about
  std::vector<QueueEntry> spent_;
};

}  // namespace agentflow::coordinator
