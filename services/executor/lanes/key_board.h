#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/executor/lanes/lane_message.h"

namespace agentflow::executor {

// A ticket as stored, in its key's lane.
struct KeyRow {
  int lane = 0;
  std::string tenant;
  std::string key;
  KeyTicket ticket;
  int64_t number = 0;  // order of arrival within the lane
  uint32_t limit = 1;
  bool held = false;

  bool operator==(const KeyRow&) const = default;
};

// What a batch does to one ticket's row.
struct KeyChange {
  KeyRow row;
  bool gone = false;  // delete it
};

// The places at the keys of a set of lanes: the first `limit` tickets of a key hold one, the others
// wait in the order in which they came. Pure; every message may come twice.
class KeyBoard {
 public:
  struct Result {
    std::vector<KeyChange> changes;
    std::vector<LaneMessage> answers;
  };

  // What is stored, and gives the places that are free: who died may have left it to be done.
  Result Load(std::vector<KeyRow> rows);
  void DropLane(int lane);
  void Clear();
  // kAcquire or kRelease.
  Result Take(const LaneMessage& message);
  // Tickets of all keys, and how many of them hold a place.
  size_t size() const { return size_; }
  // Of all keys. It looks at every ticket.
  std::vector<KeyRow> TicketsOf(const Uuid& execution) const;
  // By arrival, for tests.
  std::vector<KeyRow> Of(const std::string& tenant, const std::string& key) const;

 private:
  struct Key {
    std::map<int64_t, KeyRow> tickets;  // by number
  };
  using Name = std::pair<std::string, std::string>;  // tenant, key

  void Acquire(const LaneMessage& message, Result* result);
  void Release(const LaneMessage& message, Result* result);
  void Grant(Key& key, Result* result);

  std::map<int, std::map<Name, Key>> lanes_;
  std::map<int, int64_t> last_number_;
  size_t size_ = 0;
};

}  // namespace agentflow::executor
