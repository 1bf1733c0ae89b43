#include "libs/engine/action.h"

#include "libs/engine/wire.h"

namespace agentflow::engine {

std::string Encode(const TimerId& id) {
  std::string bytes;
  WriteVarint(static_cast<uint64_t>(id.kind), &bytes);
  WriteVarint(id.step.activation, &bytes);
  WriteVarint(id.step.node, &bytes);
  WriteVarint(id.attempt, &bytes);
  return bytes;
}

std::optional<TimerId> DecodeTimerId(std::string_view bytes) {
  WireReader in(bytes);
  TimerId id;
  uint64_t kind = in.Varint();
  id.step.activation = in.Varint32();
  id.step.node = in.Varint32();
  id.attempt = in.Varint32();
  if (!in.ok() || !in.at_end() || kind < 1 || kind > 6) return std::nullopt;
  id.kind = static_cast<TimerKind>(kind);
  return id;
}

}  // namespace agentflow::engine
