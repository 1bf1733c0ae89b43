#include "services/executor/store/batch.h"

namespace agentflow::executor {

int32_t StartDayOf(const Uuid& id, UnixMicros start_time) {
  int64_t unix_ms = start_time / 1000;
  if (id.version() == 7) {
    unix_ms = 0;
    for (int i = 0; i < 6; ++i) unix_ms = unix_ms << 8 | id.bytes()[i];
  }
  return static_cast<int32_t>(unix_ms / 86'400'000);
}

}  // namespace agentflow::executor
