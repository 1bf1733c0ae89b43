#include "tests/sim/redis.h"

#include <algorithm>

namespace agentflow::sim {
namespace {

constexpr int64_t kTryAgainAfter = 200'000;
constexpr int64_t kLookEvery = 500'000;

}  // namespace

void Redis::Insert(const std::string& stream, const std::string& body) {
  std::deque<Entry>& entries = streams_[stream];
  Entry entry{.id = ++last_id_, .body = body};
  if (!entries.empty() && world_.Happens(world_.profile.entry_out_of_order)) {
    world_.Count("entry out of order");
    entries.insert(entries.begin() + static_cast<ptrdiff_t>(world_.dice.Roll(entries.size())),
                   std::move(entry));
  } else {
    entries.push_back(std::move(entry));
  }
  on_entry();
}

void Redis::Add(const std::string& stream, const std::string& body) {
  const Profile& p = world_.profile;
  if (world_.Happens(p.entry_twice)) {
    world_.Count("entry twice");
    world_.schedule.After(world_.Delay(300'000), [this, stream, body] { Insert(stream, body); });
  }
  if (world_.Happens(p.entry_late)) {
    world_.Count("entry late");
    world_.schedule.After(world_.dice.Between(100, 9000) * 1000,
                          [this, stream, body] { Insert(stream, body); });
    return;
  }
  Insert(stream, body);
}

std::vector<Redis::Entry> Redis::Read(const std::string& stream, const std::string& consumer,
                                      size_t count) {
  std::vector<Entry> read;
  auto it = streams_.find(stream);
  if (it == streams_.end()) return read;
  for (Entry& entry : it->second) {
    if (read.size() == count) break;
    if (!entry.consumer.empty()) continue;
    entry.consumer = consumer;
    entry.read_at = world_.schedule.now();
    read.push_back(entry);
  }
  return read;
}

std::vector<Redis::Entry> Redis::TakeOver(const std::string& stream, const std::string& consumer,
                                          int64_t idle_micros, size_t count) {
  std::vector<Entry> read;
  auto it = streams_.find(stream);
  if (it == streams_.end()) return read;
  for (Entry& entry : it->second) {
    if (read.size() == count) break;
    if (entry.consumer.empty() || world_.schedule.now() - entry.read_at < idle_micros) continue;
    entry.consumer = consumer;
    entry.read_at = world_.schedule.now();
    read.push_back(entry);
  }
  return read;
}

void Redis::Delete(const coordinator::QueueEntry& entry) {
  auto it = streams_.find(entry.stream);
  if (it == streams_.end()) return;
  std::erase_if(it->second, [&](const Entry& each) { return std::to_string(each.id) == entry.id; });
}

void Redis::Flush() {
  world_.Count("redis flush");
  world_.Tell("redis: loses everything");
  streams_.clear();
  ++incarnation_;
}

void Redis::GoAway() {
  world_.Count("redis outage");
  away_until_ = world_.schedule.now() + world_.dice.Between(200, 5000) * 1000;
  world_.Tell("redis: away");
}

void QueueSender::Add(std::vector<executor::QueuedTask> tasks) {
  for (executor::QueuedTask& task : tasks) waiting_.push_back(std::move(task));
  PumpAfter(world_.Delay(300));
}

void QueueSender::PumpAfter(int64_t micros) {
  if (planned_) return;
  planned_ = true;
  later_(micros, [this] {
    planned_ = false;
    Pump();
  });
}

void QueueSender::Pump() {
  if (world_.redis->away()) return PumpAfter(kTryAgainAfter);
  for (const executor::QueuedTask& task : std::exchange(waiting_, {})) {
    world_.redis->Add(task.stream, task.body);
  }
}

void QueueSender::Look() {
  if (!world_.redis->away() && incarnation_ != world_.redis->incarnation()) {
    const bool first = incarnation_ == 0;
    incarnation_ = world_.redis->incarnation();
    if (!first && !world_.Has(Bug::kRedisLossUnnoticed)) {
      world_.Tell("an executor sees that Redis lost its data");
      lost_();
    }
  }
  later_(kLookEvery, [this] { Look(); });
}

}  // namespace agentflow::sim
