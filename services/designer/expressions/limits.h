#pragma once

#include <chrono>
#include <cstdint>

namespace agentflow::designer {

// What checking and trying out one expression may use. Each is a setting, `expressions.<name>`.
struct ExpressionLimits {
  int bytes = 64 * 1024;                    // of the expression's text
  int64_t cost = 1'000'000;                 // of one evaluation, as when a workflow runs
  int64_t memory_bytes = 8 << 20;           // made by one evaluation
  int64_t result_bytes = 1 << 20;           // of the value, as JSON
  int64_t data_bytes = 8 << 20;             // read of an execution
  int items = 500;                          // variables, and completions, in one answer
  int64_t cache_bytes = 16 << 20;           // of documents that are kept analysed
  std::chrono::milliseconds timeout{5000};  // of reading an execution
};

}  // namespace agentflow::designer
