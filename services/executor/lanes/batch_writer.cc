#include "services/executor/lanes/batch_writer.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "libs/base/status.h"

namespace agentflow::executor {

void BatchWriter::Join(int64_t epoch) {
  AF_CHECK(idle());
  fence_ = {.epoch = epoch};
  joining_ = true;
  result_ = {};
  stage_ = Stage::kAsking;
  store_.BeginAskFence(epoch);
}

void BatchWriter::Start(Transaction batch) {
  AF_CHECK(idle());
  batch_ = std::move(batch);
  order_.resize(batch_.writes.size());
  std::iota(order_.begin(), order_.end(), 0);
  begins_.clear();
  parts_ = {{0, batch_.writes.size()}};
  result_ = {};
  refused_.clear();
  SendNext();
}

void BatchWriter::Finish() {
  finished_ = true;
  stage_ = Stage::kIdle;
  batch_ = {};
  parts_.clear();
}

bool BatchWriter::HasOrphan(const Part& part) const {
  if (refused_.empty()) return false;
  for (size_t i = part.first; i < part.second; ++i) {
    const ExecutionWrite& write = WriteAt(i);
    if (write.first_sequence == 1 && refused_.contains(write.parent)) return true;
  }
  return false;
}

// Parents stand before their children: a child that began is not written without its parent.
void BatchWriter::Group() {
  const size_t count = batch_.writes.size();
  std::map<Uuid, size_t> positions;
  for (size_t i = 0; i < count; ++i) positions[batch_.writes[i]->facts->id] = i;
  std::vector<size_t> above(count);
  std::iota(above.begin(), above.end(), 0);
  auto root = [&](size_t i) {
    while (above[i] != i) i = above[i] = above[above[i]];
    return i;
  };
  auto depth = [&](size_t i) {
    size_t depth = 0;
    for (auto it = positions.find(batch_.writes[i]->parent); it != positions.end(); ++depth) {
      it = positions.find(batch_.writes[it->second]->parent);
    }
    return depth;
  };
  for (size_t i = 0; i < count; ++i) {
    auto parent = positions.find(batch_.writes[i]->parent);
    if (parent != positions.end()) above[root(i)] = root(parent->second);
  }
  std::map<std::pair<std::string, std::string>, size_t> at_key;
  for (const KeyChange& key : batch_.keys) {
    auto holder = positions.find(key.row.ticket.execution);
    if (holder == positions.end()) continue;
    auto [first, fresh] = at_key.try_emplace({key.row.tenant, key.row.key}, holder->second);
    if (!fresh) above[root(holder->second)] = root(first->second);
  }
  std::vector<std::tuple<size_t, size_t, size_t>> places;
  for (size_t i = 0; i < count; ++i) places.emplace_back(root(i), depth(i), i);
  std::sort(places.begin(), places.end());
  for (size_t place = 0; place < count; ++place) {
    order_[place] = std::get<2>(places[place]);
    if (place == 0 || std::get<0>(places[place]) != std::get<0>(places[place - 1])) {
      begins_.insert(place);
    }
  }
}

size_t BatchWriter::Cut(const Part& part) const {
  const size_t middle = part.first + (part.second - part.first) / 2;
  auto after = begins_.lower_bound(middle);
  if (after != begins_.end() && *after < part.second && *after > part.first) return *after;
  if (after != begins_.begin() && *std::prev(after) > part.first) return *std::prev(after);
  return middle;
}

std::vector<KeyChange> BatchWriter::KeysOf(const Part& part, bool last) const {
  if (batch_.keys.empty() || part.second - part.first == batch_.writes.size()) return batch_.keys;
  std::set<Uuid> here, elsewhere;
  for (size_t i = 0; i < order_.size(); ++i) {
    const bool in_part = i >= part.first && i < part.second;
    (in_part ? here : elsewhere).insert(WriteAt(i).facts->id);
  }
  std::vector<KeyChange> keys;
  for (const KeyChange& key : batch_.keys) {
    const Uuid& holder = key.row.ticket.execution;
    // Of an execution that is not written: nobody would give it back after a crash.
    const bool left = refused_.contains(holder) ? key.gone : !elsewhere.contains(holder);
    if (here.contains(holder) || (last && left)) keys.push_back(key);
  }
  return keys;
}

void BatchWriter::Refuse(const absl::Status& status) {
  if (begins_.empty()) Group();
  const auto [first, last] = parts_.back();
  if (last - first > 1) {
    const size_t cut = Cut(parts_.back());
    parts_.back() = {cut, last};
    parts_.emplace_back(first, cut);
    return;
  }
  result_.refused.emplace_back(order_[first], status);
  refused_.insert(WriteAt(first).facts->id);
  if (parts_.size() == 1) {
    parts_.back() = {last, last};  // the rest of the batch still has to happen
  } else {
    parts_.pop_back();
  }
}

void BatchWriter::SendNext() {
  while (!parts_.empty() && HasOrphan(parts_.back())) {
    Refuse(Internal("PARENT_REFUSED", "The database refused what its parent was to write."));
  }
  if (parts_.empty()) return Finish();
  const auto [first, last] = parts_.back();
  stage_ = Stage::kCommitting;
  Transaction part;
  for (size_t i = first; i < last; ++i) part.writes.push_back(batch_.writes[order_[i]]);
  const bool last_part = parts_.size() == 1;
  part.keys = KeysOf(parts_.back(), last_part);
  if (last_part) {
    part.messages = batch_.messages;
    part.taken = batch_.taken;
    part.moves = batch_.moves;
  }
  store_.BeginCommit(fence_, std::move(part));
}

void BatchWriter::PartDone() {
  ++fence_.seq;
  parts_.pop_back();
  SendNext();
}

void BatchWriter::Fenced(absl::Status status) {
  result_.fenced = true;
  result_.status = std::move(status);
  Finish();
}

void BatchWriter::Wait(const Clock& clock) {
  stage_ = Stage::kWaiting;
  wake_at_ = clock.Monotonic() + retry_after_;
}

void BatchWriter::OnCommit(const CommitOutcome& outcome, const Clock& clock) {
  switch (outcome.kind) {
    case CommitOutcome::Kind::kCommitted:
      result_.database_time = outcome.database_time;
      result_.seen_at = clock.Monotonic();
      return PartDone();
    case CommitOutcome::Kind::kFenced:
      return Fenced(outcome.status);
    case CommitOutcome::Kind::kRefused: {
      // Nothing but writes carries anybody's data: without any it cannot be at fault.
      if (parts_.back().first == parts_.back().second) return Wait(clock);
      Refuse(outcome.status);
      return SendNext();
    }
    case CommitOutcome::Kind::kNotDone:
      return Wait(clock);  // asks the fence again, for a connection that may be new
    case CommitOutcome::Kind::kUnknown:
      stage_ = Stage::kAsking;
      return store_.BeginAskFence(fence_.epoch);
  }
}

void BatchWriter::OnFence(const absl::StatusOr<FenceAnswer>& answer, const Clock& clock) {
  if (!answer.ok()) {
    if (ReasonOf(answer.status()) == "LANES_LOST") return Fenced(answer.status());
    return Wait(clock);
  }
  result_.database_time = answer->database_time;
  result_.seen_at = clock.Monotonic();
  const Fence& fence = answer->fence;
  if (joining_) {
    joining_ = false;
    fence_ = fence;
    return Finish();
  }
  if (fence.epoch == fence_.epoch && fence.seq == fence_.seq + 1) return PartDone();
  if (fence == fence_) return SendNext();
  Fenced(FailedPrecondition("LANES_LOST", "The fence stands where this committer never was."));
}

std::optional<BatchResult> BatchWriter::Step(const Clock& clock) {
  // Each turn of the loop handles one answer; the next one may be there at once.
  while (stage_ != Stage::kIdle) {
    if (stage_ == Stage::kWaiting) {
      if (clock.Monotonic() < wake_at_) break;
      stage_ = Stage::kAsking;
      store_.BeginAskFence(fence_.epoch);
    } else if (stage_ == Stage::kCommitting) {
      std::optional<CommitOutcome> outcome = store_.TakeCommit();
      if (!outcome) break;
      OnCommit(*outcome, clock);
    } else {
      std::optional<absl::StatusOr<FenceAnswer>> fence = store_.TakeFence();
      if (!fence) break;
      OnFence(*fence, clock);
    }
  }
  if (!finished_) return std::nullopt;
  finished_ = false;
  return std::move(result_);
}

}  // namespace agentflow::executor
