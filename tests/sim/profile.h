#pragma once

#include <cstdint>
#include <string>

#include "services/executor/lanes/committer.h"
#include "tests/sim/dice.h"

namespace agentflow::sim {

// How one seed's world is made and what goes wrong in it. Each seed switches on a random part of
// the faults, at random rates: faults that are always all on hide each other (swarm testing,
// Groce et al., 2012).
struct Profile {
  // The world.
  int executors = 1;
  int committers = 1;  // in each executor
  int coordinators = 1;
  int workers = 1;  // of each tenant, at each coordinator
  int tenants = 1;
  int capacity = 4;  // of a worker
  int graphs = 1;
  int starts = 1;
  int64_t busy_micros = 0;        // starts, cancels and faults happen in this time
  int64_t commit_micros = 0;      // a transaction usually takes about this long
  int64_t step_micros = 0;        // until a thread that was woken runs
  int64_t net_micros = 0;         // a message usually takes about this long
  // Executors watch each other: one that is suspected, and of which the database has not heard for
  // this long, loses its lanes before its lease ends; 0: they do not.
  int64_t peer_silence = 0;
  executor::TenantLimits limits;  // of every tenant
  executor::CommitterOptions options;

  // Share of transactions.
  double commit_fails = 0;        // SQLSTATE 08, 40, 53, 57: nothing was written
  double commit_lost_before = 0;  // the connection broke, nothing was written
  double commit_lost_after = 0;   // it broke, and it was written
  double commit_late = 0;         // it broke, and the server is still at it
  double commit_stale = 0;        // it broke, and what was sent arrives much later
  double commit_slow = 0;
  double fence_fails = 0;    // asking the fence
  double write_refused = 0;  // share of executions whose data is refused (22, 23, 54)
  double read_fails = 0;
  double read_slow = 0;
  double lane_table_fails = 0;
  double plans_away = 0;     // share of look-ups of a plan that take long
  double child_late = 0;     // share of children that cannot be started now
  double child_refused = 0;  // share of children that cannot be started at all

  // Each second.
  double database_restarts = 0;
  double database_clock_jumps = 0;
  double wall_clock_jumps = 0;
  double crashes = 0;  // of an executor
  double pauses = 0;   // SIGSTOP for a while
  double drains = 0;   // a clean shutdown and a new start
  double rehomes = 0;  // all that runs has outlived its retention class
  double redis_flushes = 0;
  double redis_outages = 0;
  double coordinator_crashes = 0;
  double coordinator_pauses = 0;
  double link_breaks = 0;
  double suspicions = 0;  // share of looks at which a living executor is suspected
  double worker_breaks = 0;  // a worker's stream ends

  // Share of queue entries.
  double entry_twice = 0;
  double entry_out_of_order = 0;
  double entry_late = 0;
  // Share of tasks.
  double task_fails = 0;
  double task_silent = 0;  // its worker forgets it
  double task_slow = 0;    // longer than its timeouts
  double answer_twice = 0;
  double answer_forged = 0;  // somebody who was never handed it answers too
  double output_large = 0;   // over the limit
  // Share of client calls.
  double call_lost = 0;       // the answer does not arrive; it is repeated
  double call_again = 0;      // repeated although it was answered
  double call_changed = 0;    // the same request id with another request
  double call_astray = 0;     // sent to any executor
  double cancels = 0;         // share of executions
  double cancel_foreign = 0;  // share of cancels, by another tenant
  double order_pauses = 0;    // chance of one more pause
  double order_signals = 0;   // chance of one more signal
  double order_again = 0;     // share of signals, told twice
  double order_forks = 0;     // share of executions that are forked or retried
  double order_moves = 0;     // share of executions that are migrated to the next version
  double odd_values = 0;      // share of inputs, outputs and payloads: at the edges of JSON
  double large_values = 0;    // share of inputs and payloads over the limit

  static Profile Draw(Dice& dice);
  // "2 executors x 1, 1 coordinator, ...: commit_late 0.02 ..."
  std::string ToString() const;
};

}  // namespace agentflow::sim
