#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agentflow::monitor {

// What one batch of an executor changed about one step. States are the names of the public API.
struct StepChange {
  std::string node;
  std::string iteration;
  std::string type;
  std::string state_before;  // empty: new
  std::string state;
  int attempt = 0;
  int64_t start_time_ms = 0;
  int64_t end_time_ms = 0;
  std::string error_reason;
  std::string error_message;
};

// What one batch changed about one execution.
struct ExecutionChange {
  std::string tenant;
  std::string execution_id;
  std::string workflow;
  int version = 0;
  std::string mode;
  std::string state_before;  // empty: new
  std::string state;
  int64_t start_time_ms = 0;
  int64_t end_time_ms = 0;  // 0 while not over
  std::string error_reason;
  std::string error_message;
  std::string error_node;
  std::string output_json;
  std::map<std::string, std::string> labels;
  std::string business_key;
  std::vector<StepChange> steps;
};

// One committed batch, as it stands in the feed.
struct Batch {
  std::string committer;
  int64_t sequence = 0;
  int64_t commit_time_ms = 0;
  std::vector<ExecutionChange> changes;
};

}  // namespace agentflow::monitor
