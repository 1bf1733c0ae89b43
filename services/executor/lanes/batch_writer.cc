#include "services/executor/lanes/batch_writer.h"

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
    if (refused_.contains(batch_.writes[i]->parent)) return true;
  }
  return false;
}

void BatchWriter::Refuse(const absl::Status& status) {
  const auto [first, last] = parts_.back();
  if (last - first > 1) {
    const size_t middle = first + (last - first) / 2;
    parts_.back() = {middle, last};
    parts_.emplace_back(first, middle);
    return;
  }
  result_.refused.emplace_back(first, status);
  refused_.insert(batch_.writes[first]->facts->id);
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
  Transaction part{.writes = {batch_.writes.begin() + static_cast<ptrdiff_t>(first),
                              batch_.writes.begin() + static_cast<ptrdiff_t>(last)}};
  if (parts_.size() == 1) {
    part.messages = batch_.messages;
    part.taken = batch_.taken;
    for (const KeyChange& key : batch_.keys) {
      // Of an execution that is not written: nobody would give it back after a crash.
      const bool void_ticket = !key.gone && refused_.contains(key.row.ticket.execution);
      if (!void_ticket) part.keys.push_back(key);
    }
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
