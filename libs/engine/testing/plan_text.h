#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "libs/workflow/plan.h"

// Plans for tests, from a few lines of text, without the workflow compiler:
//
//   timeout 1h
//   maxInFlight 10
//   outputs {"r": "=nodes.b.output"}
//   node a transform value="=inputs.x"
//   node r switch case.big="inputs.x > 10" case.small="inputs.x < 3" default=mid
//   node b task agent=worker input="=nodes.a.output" attempts=3 backoff=fixed initial=1s
//   edge start -> a
//   edge r.big -> b
//   edge b.error(TIMEOUT,HTTP_5*) -> c
//
// A node "outer.inner" lies in the body of the container "outer". Keys of nodes: value, when,
// case.<port>, default, duration, until, reason, message, agent, input; join=any|<n>, cancelRest;
// attempts, backoff, initial, max, factor, jitter, retryOn, exceptWhen (comma lists);
// exceptIf, onExhausted=pause; startToClose, scheduleToStart, scheduleToClose, heartbeat;
// onError=fail|continue|pause|compensate, continuePort=none, key, checkpoint; compensate=<path>
// and compensation on the node it names; map: items, concurrency, tolerated, output, inOrder;
// loop: while, until_, maxIterations, output; transaction and end: output; cancel: nodes (comma
// list); switch: all; signal: name, filter; approval: title, by, within, then=approve|reject|fail;
// await: condition; child: workflow, version, input, detach; critical: critical (its key), limit,
// output. Of policies: places (concurrency); gate, with gate.when, gate.by, gate.within, gate.then
// (approval). A line "concurrency EXPRESSION" is the execution's key, with two places.
//
// Expressions are a toy: "PATH", "?PATH" (null where missing), "PATH OP JSON" with OP one of
// == != < >, "not PATH", or "boom" (always fails). Paths begin with inputs, nodes.<id>.output,
// nodes.<id>.error, execution.id, execution.startTime, item, index, iteration, signal, step.output
// or step.input (in a compensation), error (in exceptIf) or, in a loop's own while, previous.
namespace agentflow::engine::testing {

absl::StatusOr<workflow::PlanPtr> ParsePlan(std::string_view text);

// The same; a broken text ends the process.
workflow::PlanPtr PlanOf(std::string_view text);

}  // namespace agentflow::engine::testing
