#include "tests/sim/profile.h"

#include <cstdio>
#include <iterator>

namespace agentflow::sim {
namespace {

struct Fault {
  const char* name;
  double Profile::*rate;
  double most;  // the highest rate that is drawn
};

constexpr Fault kFaults[] = {
    {"commit_fails", &Profile::commit_fails, 0.2},
    {"commit_lost_before", &Profile::commit_lost_before, 0.2},
    {"commit_lost_after", &Profile::commit_lost_after, 0.3},
    {"commit_late", &Profile::commit_late, 0.2},
    {"commit_stale", &Profile::commit_stale, 0.1},
    {"commit_slow", &Profile::commit_slow, 0.3},
    {"fence_fails", &Profile::fence_fails, 0.5},
    {"write_refused", &Profile::write_refused, 0.15},
    {"read_fails", &Profile::read_fails, 0.4},
    {"read_slow", &Profile::read_slow, 0.5},
    {"lane_table_fails", &Profile::lane_table_fails, 0.3},
    {"plans_away", &Profile::plans_away, 0.7},
    {"child_late", &Profile::child_late, 0.6},
    {"child_refused", &Profile::child_refused, 0.3},
    {"database_restarts", &Profile::database_restarts, 0.2},
    {"database_clock_jumps", &Profile::database_clock_jumps, 0.2},
    {"wall_clock_jumps", &Profile::wall_clock_jumps, 0.5},
    {"crashes", &Profile::crashes, 0.3},
    {"pauses", &Profile::pauses, 0.4},
    {"drains", &Profile::drains, 0.2},
    {"rehomes", &Profile::rehomes, 0.5},
    {"redis_flushes", &Profile::redis_flushes, 0.5},
    {"redis_outages", &Profile::redis_outages, 0.2},
    {"coordinator_crashes", &Profile::coordinator_crashes, 0.2},
    {"coordinator_pauses", &Profile::coordinator_pauses, 0.2},
    {"link_breaks", &Profile::link_breaks, 0.5},
    {"suspicions", &Profile::suspicions, 0.2},
    {"worker_breaks", &Profile::worker_breaks, 0.5},
    {"entry_twice", &Profile::entry_twice, 0.3},
    {"entry_out_of_order", &Profile::entry_out_of_order, 0.5},
    {"entry_late", &Profile::entry_late, 0.2},
    {"task_fails", &Profile::task_fails, 0.5},
    {"task_silent", &Profile::task_silent, 0.3},
    {"task_slow", &Profile::task_slow, 0.3},
    {"answer_twice", &Profile::answer_twice, 0.4},
    {"answer_forged", &Profile::answer_forged, 0.3},
    {"output_large", &Profile::output_large, 0.1},
    {"call_lost", &Profile::call_lost, 0.4},
    {"call_again", &Profile::call_again, 0.5},
    {"call_changed", &Profile::call_changed, 0.3},
    {"call_astray", &Profile::call_astray, 0.5},
    {"cancels", &Profile::cancels, 0.4},
    {"cancel_foreign", &Profile::cancel_foreign, 0.4},
    {"order_pauses", &Profile::order_pauses, 0.6},
    {"order_signals", &Profile::order_signals, 0.8},
    {"order_again", &Profile::order_again, 0.5},
    {"order_forks", &Profile::order_forks, 0.7},
    {"order_moves", &Profile::order_moves, 0.7},
    {"odd_values", &Profile::odd_values, 0.6},
    {"large_values", &Profile::large_values, 0.15},
};

executor::CommitterOptions DrawOptions(Dice& dice) {
  executor::CommitterOptions options;
  options.limits.transitions = static_cast<uint32_t>(dice.Chance(0.5) ? dice.Between(1, 6) : 256);
  options.limits.lost_attempts = static_cast<uint32_t>(dice.Between(2, 10));
  options.limits.value_bytes = 4096;
  options.batch_items = static_cast<size_t>(dice.Chance(0.4) ? dice.Between(1, 4) : 1000);
  options.inbox_limit = static_cast<size_t>(dice.Chance(0.2) ? dice.Between(1, 12) : 20'000);
  options.task_lease = dice.Between(2, 6) * 1'000'000;
  options.claim_grace = dice.Between(1, 4) * 500'000;
  options.lease_check = dice.Between(1, 4) * 250'000;
  options.snapshot_bytes = static_cast<size_t>(dice.Chance(0.6) ? dice.Between(0, 600) : 65'536);
  options.lanes_per_read = dice.Chance(0.3) ? 64 : 256;
  return options;
}

}  // namespace

Profile Profile::Draw(Dice& dice) {
  Profile p;
  p.executors = static_cast<int>(dice.Between(1, 3));
  p.committers = static_cast<int>(dice.Between(1, 2));
  p.coordinators = static_cast<int>(dice.Between(1, 2));
  p.workers = static_cast<int>(dice.Between(1, 2));
  p.tenants = static_cast<int>(dice.Between(1, 2));
  p.capacity = static_cast<int>(dice.Between(1, 6));
  p.graphs = static_cast<int>(dice.Between(1, 3));
  p.starts = static_cast<int>(dice.Between(2, 12));
  p.busy_micros = dice.Between(4, 16) * 1'000'000;
  p.commit_micros = dice.Chance(0.3) ? dice.Between(50, 500) * 1000 : dice.Between(1, 20) * 1000;
  p.step_micros = dice.Chance(0.2) ? dice.Between(1, 50) * 1000 : dice.Between(20, 500);
  p.net_micros = dice.Chance(0.3) ? dice.Between(10, 200) * 1000 : dice.Between(100, 3000);
  if (dice.Chance(0.15)) p.limits.live_executions = dice.Between(2, 6);
  if (dice.Chance(0.25)) p.limits.running_executions = dice.Between(1, 4);
  if (dice.Chance(0.1)) p.limits.queued_executions = dice.Between(1, 3);
  if (dice.Chance(0.1)) p.limits.starts_per_second = dice.Between(1, 5);
  if (dice.Chance(0.5)) p.peer_silence = dice.Between(300, 1500) * 1000;
  p.options = DrawOptions(dice);
  // Some seeds have no faults at all, most a few, some nearly everything.
  const double share = dice.Chance(0.1) ? 0.0 : dice.Chance(0.15) ? 0.8 : 0.3;
  for (const Fault& fault : kFaults) {
    if (!dice.Chance(share)) continue;
    const double strength = static_cast<double>(dice.Between(1, 100)) / 100.0;
    p.*fault.rate = fault.most * strength * strength;
  }
  return p;
}

std::string Profile::ToString() const {
  char text[256];
  std::snprintf(
      text, sizeof(text),
      "%d executors x %d, %d coordinators x %d workers x %d tenants, %d starts, %d graphs,"
      " limits %d live, %d running, transitions %u, batch %zu, inbox %zu\nfaults:",
      executors, committers, coordinators, workers, tenants, starts, graphs,
      static_cast<int>(limits.live_executions), static_cast<int>(limits.running_executions),
      options.limits.transitions, options.batch_items,
      options.inbox_limit);
  std::string all = text;
  for (const Fault& fault : kFaults) {
    if (this->*fault.rate == 0) continue;
    std::snprintf(text, sizeof(text), " %s %.3f", fault.name, this->*fault.rate);
    all += text;
  }
  return all;
}

}  // namespace agentflow::sim
