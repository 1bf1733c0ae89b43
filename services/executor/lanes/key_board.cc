#include "services/executor/lanes/key_board.h"

#include <algorithm>
#include <set>

namespace agentflow::executor {
namespace {

LaneMessage Answer(const KeyRow& row, LaneMessage::Kind kind, std::string reason = {}) {
  return {.kind = kind,
          .tenant = row.tenant,
          .key = row.key,
          .ticket = row.ticket,
          .reason = std::move(reason)};
}

size_t Held(const std::map<int64_t, KeyRow>& tickets) {
  return static_cast<size_t>(std::count_if(tickets.begin(), tickets.end(),
                                           [](const auto& ticket) { return ticket.second.held; }));
}

}  // namespace

KeyBoard::Result KeyBoard::Load(std::vector<KeyRow> rows) {
  std::map<int, std::set<Name>> loaded;
  for (KeyRow& row : rows) {
    loaded[row.lane].insert({row.tenant, row.key});
    int64_t& last = last_number_[row.lane];
    last = std::max(last, row.number);
    auto& tickets = lanes_[row.lane][{row.tenant, row.key}].tickets;
    const int64_t number = row.number;
    size_ += tickets.insert_or_assign(number, std::move(row)).second ? 1 : 0;
  }
  Result result;
  for (const auto& [lane, names] : loaded) {
    for (const Name& name : names) Grant(lanes_[lane][name], &result);
  }
  return result;
}

void KeyBoard::DropLane(int lane) {
  auto it = lanes_.find(lane);
  if (it == lanes_.end()) return;
  for (const auto& [name, key] : it->second) size_ -= key.tickets.size();
  lanes_.erase(it);
  last_number_.erase(lane);
}

void KeyBoard::Clear() {
  lanes_.clear();
  last_number_.clear();
  size_ = 0;
}

KeyBoard::Result KeyBoard::Take(const LaneMessage& message) {
  Result result;
  if (message.kind == LaneMessage::Kind::kAcquire) Acquire(message, &result);
  if (message.kind == LaneMessage::Kind::kRelease) Release(message, &result);
  return result;
}

void KeyBoard::Acquire(const LaneMessage& message, Result* result) {
  const int lane = LaneOfKey(message.tenant, message.key);
  Key& key = lanes_[lane][{message.tenant, message.key}];
  for (const auto& [number, row] : key.tickets) {
    if (row.ticket != message.ticket) continue;
    if (row.held) result->answers.push_back(Answer(row, LaneMessage::Kind::kGranted));
    return;
  }
  KeyRow row{.lane = lane,
             .tenant = message.tenant,
             .key = message.key,
             .ticket = message.ticket,
             .number = ++last_number_[lane],
             .limit = std::max<uint32_t>(1, message.limit),
             .held = message.held};
  // One that was granted once holds its place, whatever became of the row.
  const bool busy = !row.held && Held(key.tickets) >= row.limit;
  if (busy && message.when_busy == WhenBusy::kCancelNew) {
    result->answers.push_back(Answer(row, LaneMessage::Kind::kRefused, "KEY_BUSY"));
    return;
  }
  if (busy && message.when_busy == WhenBusy::kCancelRunning) {
    for (const auto& [number, other] : key.tickets) {
      result->answers.push_back(Answer(other, LaneMessage::Kind::kCancel));
    }
  }
  ++size_;
  result->changes.push_back({row});
  key.tickets.emplace(row.number, row);
  if (row.held) {
    // If it has given the place back meanwhile it says so again.
    result->answers.push_back(Answer(row, LaneMessage::Kind::kGranted));
  } else {
    Grant(key, result);
  }
}

void KeyBoard::Release(const LaneMessage& message, Result* result) {
  const int lane = LaneOfKey(message.tenant, message.key);
  auto in_lane = lanes_.find(lane);
  if (in_lane == lanes_.end()) return;
  auto it = in_lane->second.find({message.tenant, message.key});
  if (it == in_lane->second.end()) return;
  auto& tickets = it->second.tickets;
  auto ticket = std::find_if(tickets.begin(), tickets.end(), [&](const auto& entry) {
    return entry.second.ticket == message.ticket;
  });
  if (ticket == tickets.end()) return;
  result->changes.push_back({ticket->second, /*gone=*/true});
  tickets.erase(ticket);
  --size_;
  Grant(it->second, result);
  if (tickets.empty()) in_lane->second.erase(it);
}

// In the order of arrival: one that asks for fewer places in all waits, and so do those behind it.
void KeyBoard::Grant(Key& key, Result* result) {
  size_t held = Held(key.tickets);
  for (auto& [number, row] : key.tickets) {
    if (row.held) continue;
    if (held >= row.limit) return;
    row.held = true;
    ++held;
    result->answers.push_back(Answer(row, LaneMessage::Kind::kGranted));
    auto made = std::find_if(
        result->changes.begin(), result->changes.end(),
        [&](const KeyChange& change) { return !change.gone && change.row.ticket == row.ticket; });
    if (made != result->changes.end()) {
      made->row = row;
    } else {
      result->changes.push_back({row});
    }
  }
}

std::vector<KeyRow> KeyBoard::TicketsOf(const Uuid& execution) const {
  std::vector<KeyRow> rows;
  for (const auto& [lane, keys] : lanes_) {
    for (const auto& [name, key] : keys) {
      for (const auto& [number, row] : key.tickets) {
        if (row.ticket.execution == execution) rows.push_back(row);
      }
    }
  }
  return rows;
}

std::vector<KeyRow> KeyBoard::Of(const std::string& tenant, const std::string& key) const {
  std::vector<KeyRow> rows;
  auto lane = lanes_.find(LaneOfKey(tenant, key));
  if (lane == lanes_.end()) return rows;
  auto it = lane->second.find({tenant, key});
  if (it == lane->second.end()) return rows;
  for (const auto& [number, row] : it->second.tickets) rows.push_back(row);
  return rows;
}

}  // namespace agentflow::executor
