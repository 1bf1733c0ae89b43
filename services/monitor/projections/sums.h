#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "services/monitor/change.h"

namespace agentflow::monitor {

// What a stretch of one committer's feed adds up to. Sums of stretches can be added, so a stretch
// of any length is one write.
struct Sums {
  struct StateKey {
    std::string tenant, workflow, kind, state;
    auto operator<=>(const StateKey&) const = default;
  };
  struct DurationKey {
    std::string tenant, workflow;
    int64_t bucket = 0;
    auto operator<=>(const DurationKey&) const = default;
  };
  struct Durations {
    int64_t count = 0;
    int64_t sum_us = 0;
  };

  std::map<StateKey, int64_t> states;
  std::map<DurationKey, Durations> durations;
  std::map<std::pair<std::string, std::string>, int64_t> last_start_us;  // by tenant, workflow

  void Add(const ExecutionChange& change);
};

// Buckets 5 % wide: bucket n holds durations from 1.05^n up to 1.05^(n+1) microseconds.
int64_t BucketOf(int64_t duration_us);
// The middle (geometric) of a bucket.
int64_t MiddleOf(int64_t bucket);

}  // namespace agentflow::monitor
