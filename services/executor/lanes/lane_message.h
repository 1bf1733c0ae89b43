#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/uuid.h"

// What lanes say to each other: about keys, so far. Within one committer a message is part of the
// batch that sent it; to another one it travels as a row of the outbox, written by the sender's
// batch and deleted by the receiver's.
namespace agentflow::executor {

// Who asks for a place at a key.
struct KeyTicket {
  Uuid execution;
  std::string step;  // its key; empty: the execution itself

  auto operator<=>(const KeyTicket&) const = default;
};

enum class WhenBusy : uint8_t { kQueue = 1, kCancelRunning = 2, kCancelNew = 3 };

struct LaneMessage {
  enum class Kind : uint8_t {
    kAcquire = 1,  // to the key's lane: a place, please
    kRelease = 2,  // to the key's lane: no more
    kGranted = 3,  // to the ticket's lane
    kRefused = 4,  // to the ticket's lane: `reason`
    kCancel = 5,   // to the ticket's lane: its place goes to another one
  };
  Kind kind = Kind::kAcquire;
  std::string tenant;
  std::string key;
  KeyTicket ticket;
  // kAcquire.
  uint32_t limit = 1;
  WhenBusy when_busy = WhenBusy::kQueue;
  bool held = false;   // it was granted before
  std::string reason;  // kRefused

  bool operator==(const LaneMessage&) const = default;
};

// Where a key lives.
int LaneOfKey(std::string_view tenant, std::string_view key);
// Where the message goes.
int LaneOfMessage(const LaneMessage& message);

std::string Encode(const LaneMessage& message);
std::optional<LaneMessage> DecodeLaneMessage(std::string_view bytes);

}  // namespace agentflow::executor
