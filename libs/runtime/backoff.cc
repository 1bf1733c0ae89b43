#include "libs/runtime/backoff.h"

#include <algorithm>
#include <cstdint>

namespace agentflow::runtime {

std::chrono::milliseconds Backoff::Next(Random& random) {
  int64_t ceiling = first_.count();
  for (int i = 0; i < failures_ && ceiling < most_.count(); ++i) ceiling *= 2;
  ceiling = std::max<int64_t>(1, std::min<int64_t>(ceiling, most_.count()));
  if (failures_ < 62) ++failures_;
  return std::chrono::milliseconds(1 + random.Next() % static_cast<uint64_t>(ceiling));
}

}  // namespace agentflow::runtime
