#include "libs/base/status.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {
namespace {

absl::Status NotYet() {
  return agentflow::Error(absl::StatusCode::kUnimplemented, "FEATURE_UNAVAILABLE",
                          "This is not available in this release.");
}

}  // namespace

absl::Status Transition::Handle(const StartForked&) {
  return NotYet();
}

absl::Status Transition::Handle(const MigrateExecution&) {
  return NotYet();
}

}  // namespace agentflow::engine
