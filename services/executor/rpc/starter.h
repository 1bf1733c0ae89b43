#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/json/value.h"
#include "services/executor/client/plan_cache.h"
#include "services/executor/client/tenant_client.h"
#include "services/executor/client/version_resolver.h"
#include "libs/runtime/thread_pool.h"
#include "services/executor/lanes/router.h"
#include "services/executor/sealing/tenant_keys.h"

namespace agentflow::executor {

// The beginning of a forked execution: made once its id is known.
struct ForkSource {
  int32_t version = 0;
  CompiledPtr compiled;
  std::function<absl::StatusOr<engine::ExecutionState>(const engine::StartInfo&)> make;
};

// A start as asked for, by whichever door it came.
struct StartRequest {
  std::string tenant;
  std::string principal;
  std::string workflow;  // workflows/{id}
  int32_t version = 0;   // 0: the newest
  json::Value input;
  std::string request_id;                                   // empty: none
  std::string business_key;                                 // empty: none
  bool use_existing = false;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
  int32_t priority = 0;                                     // 0: 3
  engine::Mode mode = engine::Mode::kLive;
  std::string trace_id;
  bool strict = false;
  // Of a child execution: its id, which lies in its parent's lane, and the step that asks for it.
  Uuid child;
  engine::Parent parent;
  // Of a fork or a retry: where its beginning comes from, and how that stands for a new id. The
  // version is the source's own.
  engine::Origin origin;
  json::Value fork_outputs;  // by step key: what the request replaces
  std::shared_ptr<const ForkSource> fork;
};

// Everything between a request and its lane: checks, version, plan, input, key, quotas. Never
// blocks. Thread-safe.
class Starter {
 public:
  struct Parts {
    VersionResolver& versions;
    PlanCache& plans;
    Quotas& quotas;
    TenantKeys& keys;
    runtime::ThreadPool& lookups;
    TenantLoad& load;
    Router& router;
    const Clock& clock;
    int16_t retention_days = 30;
  };
  using Done = std::function<void(const Uuid& id, absl::StatusOr<StartAnswer>)>;

  explicit Starter(Parts parts) : parts_(parts) {}

  // `done` comes once, after the start is durable or refused. Its id is the execution's: the new
  // one's, or that of the one that was started before.
  void Start(StartRequest request, Done done);

 private:
  struct Pending;
  void Resolved(std::shared_ptr<Pending> pending, VersionAnswer answer);
  void Post(std::shared_ptr<Pending> pending, const Uuid& id, TenantLoad::Place place);
  void Compiled(std::shared_ptr<Pending> pending, absl::StatusOr<CompiledPtr> compiled);
  // Makes sure that its key is in memory, so that no batch waits for it.
  void WithKey(std::shared_ptr<Pending> pending);
  void WithLimits(std::shared_ptr<Pending> pending);
  void Admitted(std::shared_ptr<Pending> pending, TenantLimits limits);

  const Parts parts_;
};

// REQUEST_ID_INVALID; empty is none.
absl::Status CheckRequestId(const std::string& request_id);
// Limits on what a start may carry; OK, or which field breaks which.
absl::Status CheckStart(const StartRequest& request);

// The input as that version takes it, with its defaults. INVALID_ARGUMENT, reason INPUT_INVALID,
// names the field.
absl::StatusOr<json::Value> AcceptInput(const CompiledVersion& version, json::Value input);

}  // namespace agentflow::executor
