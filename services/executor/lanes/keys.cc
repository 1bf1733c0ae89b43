// Messages between lanes and the keys that live in them. A message to a lane of this committer is
// part of the batch that sends it; another committer finds it in the outbox.
#include <algorithm>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "services/executor/lanes/live.h"

namespace agentflow::executor {
namespace {

// Looks for messages whose sender could not say that they are there.
constexpr int64_t kMailAgainAfter = 200'000;

std::string StepOf(const engine::ExecutionState& state, const engine::Ticket& ticket) {
  return ticket.step ? engine::StepKey(state, *ticket.step) : std::string();
}

WhenBusy ToWhenBusy(workflow::WhenBusy when) {
  switch (when) {
    case workflow::WhenBusy::kCancelRunning:
      return WhenBusy::kCancelRunning;
    case workflow::WhenBusy::kCancelNew:
      return WhenBusy::kCancelNew;
    default:
      return WhenBusy::kQueue;
  }
}

}  // namespace

void Committer::AskKey(Live& live, const engine::AcquireKey& ask) {
  const std::string step = StepOf(live.state, ask.ticket);
  live.keys[step] = ask.key;
  Send({.kind = LaneMessage::Kind::kAcquire,
        .tenant = live.facts->tenant,
        .key = ask.key,
        .ticket = {live.facts->id, step},
        .limit = ask.limit,
        .when_busy = ToWhenBusy(ask.when_busy),
        .held = ask.held},
       &live);
}

void Committer::GiveBackKey(Live& live, const engine::ReleaseKey& release) {
  const std::string step = StepOf(live.state, release.ticket);
  live.keys.erase(step);
  Send({.kind = LaneMessage::Kind::kRelease,
        .tenant = live.facts->tenant,
        .key = release.key,
        .ticket = {live.facts->id, step}},
       &live);
}

void Committer::GiveBackKeys(const Live& live, const std::map<std::string, std::string>& tickets,
                             Live* from) {
  for (const auto& [step, key] : tickets) {
    Send({.kind = LaneMessage::Kind::kRelease,
          .tenant = live.facts->tenant,
          .key = key,
          .ticket = {live.facts->id, step}},
         from);
  }
}

// What the database refused asked for them, and nobody knows it any more. Those of keys elsewhere
// were never asked for: the messages were refused with it.
void Committer::GiveBackUnknown(const Uuid& execution) {
  auto it = live_.find(execution);
  for (const KeyRow& row : keys_.TicketsOf(execution)) {
    if (it != live_.end() && it->second->keys.contains(row.ticket.step)) continue;
    Send({.kind = LaneMessage::Kind::kRelease,
          .tenant = row.tenant,
          .key = row.key,
          .ticket = row.ticket},
         nullptr);
  }
}

// Whether the receiver is in this committer's memory, so that the message can happen in the batch
// that is forming.
bool Committer::Reaches(const LaneMessage& message) const {
  const auto lane = static_cast<size_t>(LaneOfMessage(message));
  return ready_[lane] && !frozen_[lane] && !absent_.contains(message.ticket.execution);
}

// Whether messages of this committer for the lane are in the outbox, or soon will be. What is said
// to it at once would overtake them.
bool Committer::MailIsUnderWay(int lane) const {
  auto writes = [lane](const auto& batch) {
    return batch != nullptr && batch->mail_for.contains(lane);
  };
  return writes(forming_) || writes(flushing_) || mail_to_read_.contains(lane) ||
         (reading_ && std::find(mail_in_read_.begin(), mail_in_read_.end(), lane) !=
                          mail_in_read_.end());
}

void Committer::Send(LaneMessage message, Live* from) {
  const int to = LaneOfMessage(message);
  if (Reaches(message) && !MailIsUnderWay(to)) {
    Forming().urgent = true;
    local_.push_back(std::move(message));
    return;
  }
  const int sender =
      from != nullptr ? LaneOf(from->facts->id) : LaneOfKey(message.tenant, message.key);
  Batch& batch = Forming();
  batch.urgent = true;
  batch.mail_for.insert(to);
  OutboxRow row{.to_lane = to, .from_lane = sender, .body = Encode(message)};
  // Of an execution: in the order in which it says them, and refused with what else it does.
  (from != nullptr ? EntryOf(*from).write->messages : batch.messages).push_back(std::move(row));
}

// Before a batch is sealed: nothing that its decisions mean for others of these lanes may be left
// out of it. Only then, too: a decision may be half of what is done at a time.
void Committer::FollowAll() {
  while (!consequences_.empty() || !local_.empty()) {
    if (!consequences_.empty()) {
      Consequence next = std::move(consequences_.front());
      consequences_.pop_front();
      Follow(std::move(next));
      continue;
    }
    const LaneMessage message = std::move(local_.front());
    local_.pop_front();
    Deliver(message);
  }
}

// What became of places at keys.
void Committer::Announce(KeyBoard::Result result) {
  if (!result.changes.empty()) {
    Batch& batch = Forming();
    batch.urgent = true;
    for (KeyChange& change : result.changes) batch.keys.push_back(std::move(change));
  }
  for (LaneMessage& answer : result.answers) Send(std::move(answer), nullptr);
}

void Committer::Deliver(const LaneMessage& message) {
  using Kind = LaneMessage::Kind;
  if (message.kind == Kind::kAcquire || message.kind == Kind::kRelease) {
    return Announce(keys_.Take(message));
  }
  auto it = live_.find(message.ticket.execution);
  const bool wanted = it != live_.end() && !it->second->state.over() &&
                      it->second->facts->tenant == message.tenant &&
                      it->second->keys.contains(message.ticket.step);
  if (!wanted) {
    // Nobody is there to give the place back.
    if (message.kind != Kind::kRefused) {
      Send({.kind = Kind::kRelease,
            .tenant = message.tenant,
            .key = message.key,
            .ticket = message.ticket},
           nullptr);
    }
    return;
  }
  Live& live = *it->second;
  engine::Ticket ticket;
  if (!message.ticket.step.empty()) {
    absl::StatusOr<engine::StepRef> step = engine::FindStep(live.state, message.ticket.step);
    if (!step.ok()) return;
    ticket.step = *step;
  }
  if (message.kind == Kind::kGranted) {
    (void)Run(live, engine::KeyGranted{ticket});
  } else if (message.kind == Kind::kRefused) {
    live.keys.erase(message.ticket.step);
    (void)Run(live, engine::KeyRefused{ticket, message.reason,
                                       "The key is busy, and it is not to be waited for."});
  } else {
    (void)Run(live, engine::CancelExecution{"KEY_TAKEN: another execution takes the place at its "
                                            "concurrency key"});
  }
}

// Messages for lanes of this committer, read from the outbox. What follows from them comes after
// the last one, and overtakes none.
void Committer::TakeMail(std::vector<Mail> mail) {
  for (Mail& each : mail) {
    const auto lane = static_cast<size_t>(each.lane);
    if (!ready_[lane] || frozen_[lane] || taken_mail_.contains(each.number)) continue;
    std::optional<LaneMessage> message = DecodeLaneMessage(each.body);
    if (message && !Reaches(*message)) {
      // Its execution is still on its way into memory.
      mail_to_read_.insert(each.lane);
      mail_again_at_ = monotonic_ + kMailAgainAfter;
      continue;
    }
    Batch& batch = Forming();
    batch.urgent = true;
    batch.taken.push_back({each.lane, each.number, {}});
    taken_mail_.insert(each.number);
    if (message) {
      Deliver(*message);
    } else {
      obs::Error("a message between lanes cannot be read",
                 {{"lane", each.lane}, {"number", each.number}});
    }
  }
}

void Committer::MailCommitted(Batch& batch) {
  for (const Mail& mail : batch.taken) {
    // A read that is under way may still bring it.
    if (reading_) {
      spent_mail_.push_back(mail.number);
    } else {
      taken_mail_.erase(mail.number);
    }
  }
  std::vector<int> others;
  for (int lane : batch.mail_for) {
    if (owned_[static_cast<size_t>(lane)]) {
      mail_to_read_.insert(lane);
    } else {
      others.push_back(lane);
    }
  }
  if (!others.empty() && parts_.mail_sent) parts_.mail_sent(others);
}

void Committer::LookForMail() {
  {
    std::lock_guard lock(inbox_mutex_);
    mail_to_read_.merge(mail_came_);
    mail_came_.clear();
  }
  if (!expect_mail_ || monotonic_ - mail_looked_at_ < options_.mail_every) return;
  mail_looked_at_ = monotonic_;
  for (int lane = 0; lane < kLaneCount; ++lane) {
    if (ready_[static_cast<size_t>(lane)]) mail_to_read_.insert(lane);
  }
}

void Committer::MailCame(const std::vector<int>& lanes) {
  {
    std::lock_guard lock(inbox_mutex_);
    mail_came_.insert(lanes.begin(), lanes.end());
  }
  if (parts_.wake) parts_.wake();
}

}  // namespace agentflow::executor
