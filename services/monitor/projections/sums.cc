#include "services/monitor/projections/sums.h"

#include <algorithm>
#include <cmath>

namespace agentflow::monitor {
namespace {

const double kLogWidth = std::log(1.05);
constexpr char kPending[] = "PENDING";

}  // namespace

int64_t BucketOf(int64_t duration_us) {
  return static_cast<int64_t>(
      std::floor(std::log(static_cast<double>(std::max<int64_t>(duration_us, 1))) / kLogWidth));
}

int64_t MiddleOf(int64_t bucket) {
  return static_cast<int64_t>(
      std::llround(std::exp((static_cast<double>(bucket) + 0.5) * kLogWidth)));
}

void Sums::Add(const ExecutionChange& change) {
  // A step is PENDING without anybody saying so: that state is not counted.
  auto move = [&](const char* kind, const std::string& before, const std::string& after) {
    auto counts = [](const std::string& state) { return !state.empty() && state != kPending; };
    if (before == after) return;
    if (counts(before)) --states[{change.tenant, change.workflow, kind, before}];
    if (counts(after)) ++states[{change.tenant, change.workflow, kind, after}];
  };
  move("execution", change.state_before, change.state);
  for (const StepChange& step : change.steps) move("step", step.state_before, step.state);
  if (change.state_before.empty()) {
    int64_t& last = last_start_us[{change.tenant, change.workflow}];
    last = std::max(last, change.start_time_ms * 1000);
  }
  if (change.end_time_ms > 0) {
    int64_t duration_us = std::max<int64_t>(change.end_time_ms - change.start_time_ms, 0) * 1000;
    Durations& sum = durations[{change.tenant, change.workflow, BucketOf(duration_us)}];
    ++sum.count;
    sum.sum_us += duration_us;
  }
}

}  // namespace agentflow::monitor
