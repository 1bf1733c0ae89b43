#include "services/coordinator/tasks/task.h"

#include "libs/base/lane.h"
#include "libs/base/status.h"

namespace agentflow::coordinator {

std::string TaskId(const AttemptId& id) { return id.execution_id + "/" + id.step; }

std::optional<AttemptId> ParseTaskId(std::string_view tenant, std::string_view task_id,
                                     int attempt) {
  constexpr size_t kUuidSize = 36;
  if (task_id.size() < kUuidSize + 2 || task_id[kUuidSize] != '/' || attempt < 1) {
    return std::nullopt;
  }
  std::string_view execution = task_id.substr(0, kUuidSize);
  if (!Uuid::Parse(execution)) return std::nullopt;
  return AttemptId{.tenant = std::string(tenant),
                   .execution_id = std::string(execution),
                   .step = std::string(task_id.substr(kUuidSize + 1)),
                   .attempt = attempt};
}

std::string SharedTaskId(const AttemptId& id) { return id.tenant + "/" + TaskId(id); }

std::optional<AttemptId> ParseSharedTaskId(std::string_view task_id, int attempt) {
  size_t slash = task_id.find('/');
  if (slash == 0 || slash == std::string_view::npos) return std::nullopt;
  return ParseTaskId(task_id.substr(0, slash), task_id.substr(slash + 1), attempt);
}

int LaneOf(const AttemptId& id) {
  std::optional<Uuid> execution = Uuid::Parse(id.execution_id);
  AF_CHECK(execution.has_value());
  return agentflow::LaneOf(*execution);
}

}  // namespace agentflow::coordinator
