#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "libs/base/lane.h"
#include "libs/base/uuid.h"
#include "libs/engine/command.h"
#include "libs/json/value.h"
#include "services/executor/lanes/execution_view.h"

// What is sent to the committer that owns a lane. Callbacks come once, after the commit that made
// the answer true, on a thread that may be kept busy but not blocked for long.
namespace agentflow::executor {

struct StartAnswer {
  // True: the request id was used before, by the same request, or the business key is another
  // execution's. Then `view` is empty and the execution is to be read from the database.
  bool existed = false;
  Uuid holder;  // that other execution
  ExecutionView view;
};

struct StartItem {
  engine::PlanPtr plan;
  std::shared_ptr<const engine::StartInfo> info;  // info->id lies in the lane
  std::string labels;                             // JSON; empty: none
  std::string body_hash;                          // with a request id; else empty
  int16_t retention_days = 30;
  // Set: it begins with this state of another execution (:fork, :retry).
  std::shared_ptr<const engine::ExecutionState> fork;
  bool use_existing = false;  // answer with whoever has the business key
  Uuid key_holder;            // who had it when it was looked up last; nil: nobody
  std::function<void(absl::StatusOr<StartAnswer>)> done;
};

// A child execution that could not be started now, for a reason that passes: ask again later.
struct ChildLaterItem {
  Uuid execution;  // the parent
  std::string tenant;
  std::string step;  // its key
  uint32_t attempt = 0;
};

// A command of the engine for an execution that is under way.
struct CommandItem {
  Uuid execution;
  std::string tenant;
  std::string principal;
  // Asked in the lane, where the state is known: there a key of a step becomes its reference. An
  // error is the answer.
  std::function<absl::StatusOr<engine::CommandBody>(const engine::ExecutionState&)> make;
  // The execution after the command. EXECUTION_OVER also where the tenant has no such execution:
  // a lane knows only those that are not over.
  std::function<void(absl::StatusOr<ExecutionView>)> done;
};

// One attempt of one task, as coordinators name it.
struct AttemptName {
  std::string tenant;
  Uuid execution;
  std::string step;  // key: "jury", "outer.inner#2.5"
  uint32_t attempt = 0;

  auto operator<=>(const AttemptName&) const = default;
};

// A coordinator took the task (claimed), or names it among those that it holds (a heartbeat).
struct HeldItem {
  AttemptName attempt;
  std::string coordinator;
  int64_t claim = 0;  // its number: the coordinator waits to hear that it counts; 0: a heartbeat
};

// How an attempt ended. The task token was checked by the receiver.
struct ResultItem {
  AttemptName attempt;
  std::string coordinator;
  bool failed = false;
  json::Value output;  // !failed
  std::string reason;  // failed, and the next two
  std::string message;
  bool retryable = true;
};

// The queue of tasks was lost: everything that nobody holds must be offered again.
struct ReofferItem {};

using Item =
    std::variant<StartItem, CommandItem, HeldItem, ResultItem, ChildLaterItem, ReofferItem>;

// -1: every lane.
inline int LaneOfItem(const Item& item) {
  struct {
    int operator()(const StartItem& i) { return LaneOf(i.info->id); }
    int operator()(const CommandItem& i) { return LaneOf(i.execution); }
    int operator()(const HeldItem& i) { return LaneOf(i.attempt.execution); }
    int operator()(const ResultItem& i) { return LaneOf(i.attempt.execution); }
    int operator()(const ChildLaterItem& i) { return LaneOf(i.execution); }
    int operator()(const ReofferItem&) { return -1; }
  } lane;
  return std::visit(lane, item);
}

inline std::string_view TenantOfItem(const Item& item) {
  struct {
    std::string_view operator()(const StartItem& i) { return i.info->tenant; }
    std::string_view operator()(const CommandItem& i) { return i.tenant; }
    std::string_view operator()(const HeldItem& i) { return i.attempt.tenant; }
    std::string_view operator()(const ResultItem& i) { return i.attempt.tenant; }
    std::string_view operator()(const ChildLaterItem& i) { return i.tenant; }
    std::string_view operator()(const ReofferItem&) { return ""; }
  } tenant;
  return std::visit(tenant, item);
}

// The execution that it is about; a start, and what is about none, gives the nil id.
inline Uuid ExecutionOfItem(const Item& item) {
  struct {
    Uuid operator()(const StartItem&) { return {}; }
    Uuid operator()(const CommandItem& i) { return i.execution; }
    Uuid operator()(const HeldItem& i) { return i.attempt.execution; }
    Uuid operator()(const ResultItem& i) { return i.attempt.execution; }
    Uuid operator()(const ChildLaterItem& i) { return i.execution; }
    Uuid operator()(const ReofferItem&) { return {}; }
  } execution;
  return std::visit(execution, item);
}

}  // namespace agentflow::executor
