#include "services/executor/lanes/lane_message.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/engine/wire.h"

namespace agentflow::executor {
namespace {

enum Tag : uint32_t {
  kKind = 1,
  kTenant = 2,
  kKey = 3,
  kExecution = 4,
  kStep = 5,
  kLimit = 6,
  kWhenBusy = 7,
  kHeld = 8,
  kReason = 9,
};

}  // namespace

int LaneOfKey(std::string_view tenant, std::string_view key) {
  return LaneOf(ExecutionIdForRequest(tenant, "key:" + std::string(key)));
}

int LaneOfMessage(const LaneMessage& message) {
  const bool to_key =
      message.kind == LaneMessage::Kind::kAcquire || message.kind == LaneMessage::Kind::kRelease;
  return to_key ? LaneOfKey(message.tenant, message.key) : LaneOf(message.ticket.execution);
}

std::string Encode(const LaneMessage& message) {
  std::string out;
  engine::WireWriter w(&out);
  w.Number(kKind, static_cast<uint64_t>(message.kind));
  w.Bytes(kTenant, message.tenant);
  w.Bytes(kKey, message.key);
  const auto& id = message.ticket.execution.bytes();
  w.Bytes(kExecution, std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
  w.Bytes(kStep, message.ticket.step);
  w.Number(kLimit, message.limit);
  w.Number(kWhenBusy, static_cast<uint64_t>(message.when_busy));
  w.Number(kHeld, message.held ? 1 : 0);
  w.Bytes(kReason, message.reason);
  return out;
}

std::optional<LaneMessage> DecodeLaneMessage(std::string_view bytes) {
  LaneMessage message;
  uint64_t kind = 0;
  std::array<uint8_t, 16> id{};
  for (engine::WireReader r(bytes);;) {
    if (!r.Next()) {
      if (!r.ok() || kind < 1 || kind > 5) return std::nullopt;
      break;
    }
    switch (r.tag) {
      case kKind:
        kind = r.number;
        break;
      case kTenant:
        message.tenant = r.bytes;
        break;
      case kKey:
        message.key = r.bytes;
        break;
      case kExecution:
        if (r.bytes.size() != id.size()) return std::nullopt;
        std::copy(r.bytes.begin(), r.bytes.end(), id.begin());
        break;
      case kStep:
        message.ticket.step = r.bytes;
        break;
      case kLimit:
        message.limit = static_cast<uint32_t>(r.number);
        break;
      case kWhenBusy:
        message.when_busy = static_cast<WhenBusy>(r.number);
        break;
      case kHeld:
        message.held = r.number != 0;
        break;
      case kReason:
        message.reason = r.bytes;
        break;
    }
  }
  message.kind = static_cast<LaneMessage::Kind>(kind);
  message.ticket.execution = Uuid(id);
  return message;
}

}  // namespace agentflow::executor
