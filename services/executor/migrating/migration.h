#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

// Moving the live executions of one version of a workflow to another one.
namespace agentflow::executor {

struct Migration {
  Uuid id;
  std::string tenant;
  std::string workflow;  // workflows/{id}
  int32_t from_version = 0;
  int32_t to_version = 0;
  std::string to_hash;
  std::map<std::string, std::string> mapping;  // old node path -> new node path
  bool validate_only = false;
  std::string creator;
  // Executions that started later are not touched.
  UnixMicros create_time = 0;
  UnixMicros end_time = 0;  // 0: it goes on
};

// What became of one execution; the numbers are stored.
enum class MoveOutcome : int16_t { kChosen = 0, kMoved = 1, kRefused = 2 };

struct Move {
  Uuid execution;
  MoveOutcome outcome = MoveOutcome::kChosen;
  std::string reason;  // kRefused
  std::string message;
};

struct MigrationProgress {
  struct Refusal {
    std::string reason;
    std::string message;
    int64_t executions = 0;
    std::vector<Uuid> examples;
  };
  int64_t moved = 0;
  int64_t refused = 0;
  int64_t pending = 0;
  std::vector<Refusal> refusals;  // most frequent first
};

}  // namespace agentflow::executor
