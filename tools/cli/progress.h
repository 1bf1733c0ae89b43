#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tools/cli/session.h"

namespace agentflow::cli {

// Follows an execution until it is over: on a terminal a tree of its steps that is drawn again as
// they change, elsewhere one line a change. Both go to standard error.
class Progress {
 public:
  Progress(Session& session, std::string execution);

  // The execution as it ended.
  absl::StatusOr<json::Value> Follow();

 private:
  void Show(const json::Value& execution, const json::Array& steps, bool over);
  void Draw(const json::Value& execution, const json::Array& steps);
  void PrintChanges(const json::Value& execution, const json::Array& steps);

  Session& session_;
  const std::string execution_;  // executions/{id}
  std::map<std::string, std::string> seen_;
  int drawn_lines_ = 0;
  int turn_ = 0;
};

bool IsOver(const std::string& state);

}  // namespace agentflow::cli
