#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

#include "libs/json/value.h"

namespace agentflow::bench {

// Times in microseconds, all kept. Thread-safe.
class Times {
 public:
  void Add(int64_t micros) {
    std::lock_guard lock(mutex_);
    values_.push_back(micros);
  }

  // {"count", "p50_ms", "p99_ms", "max_ms"}
  json::Value Summary() {
    std::lock_guard lock(mutex_);
    std::sort(values_.begin(), values_.end());
    return json::Object{{"count", static_cast<int64_t>(values_.size())},
                        {"p50_ms", AtShare(0.50)},
                        {"p99_ms", AtShare(0.99)},
                        {"max_ms", AtShare(1.0)}};
  }

 private:
  double AtShare(double share) const {
    if (values_.empty()) return 0;
    auto at = static_cast<size_t>(share * static_cast<double>(values_.size()));
    return static_cast<double>(values_[std::min(at, values_.size() - 1)]) / 1000.0;
  }

  std::mutex mutex_;
  std::vector<int64_t> values_;
};

}  // namespace agentflow::bench
