#include "libs/base/lane.h"

#include <string>

namespace agentflow {
namespace {

// Namespace of our request ids: made once, at random.
constexpr std::array<uint8_t, 16> kRequestNamespace = {
    0x6f, 0x1c, 0x52, 0x0e, 0x3b, 0x5e, 0x4a, 0x4f, 0x9d, 0x0a, 0x83, 0x57, 0x2e, 0xd1, 0xc4, 0x90};

}  // namespace

Uuid ExecutionIdForRequest(std::string_view tenant, std::string_view request_id) {
  // A slug holds no newline, so two different pairs never give the same name.
  std::string name(tenant);
  name += '\n';
  name += request_id;
  return Uuid::MakeNamed(Uuid(kRequestNamespace), name);
}

Uuid MakeExecutionId(int64_t unix_ms, int lane, Random& random) {
  std::array<uint8_t, 16> bytes = Uuid::MakeOrdered(unix_ms, random).bytes();
  bytes[15] = static_cast<uint8_t>(lane);
  return Uuid(bytes);
}

}  // namespace agentflow
