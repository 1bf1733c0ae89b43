#include "services/coordinator/tasks/fetcher.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/runtime/thread_pool.h"
#include "services/coordinator/client/queued_task.h"

namespace agentflow::coordinator {
namespace {

constexpr char kGroup[] = "coordinators";
constexpr std::chrono::seconds kLookForSpent{1};
constexpr int kPriorities = 5;
// Tenants whose queues a shared worker's reader waits on; the others are looked at in between.
constexpr size_t kMostWaitedFor = 100;

// Reads up to ARGV[3] new entries from KEYS in their order. Streams that do not exist are passed
// over; a missing group is made, beginning at the stream's first entry.
constexpr char kReadInOrder[] = R"(
local left = tonumber(ARGV[3])
local out = {}
for _, key in ipairs(KEYS) do
  if left <= 0 then break end
  if redis.call('EXISTS', key) == 1 then
    local got = redis.pcall('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', left,
                            'STREAMS', key, '>')
    if got and got.err then
      redis.call('XGROUP', 'CREATE', key, ARGV[1], '0', 'MKSTREAM')
      got = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', left,
                       'STREAMS', key, '>')
    end
    if got then
      for _, entry in ipairs(got[1][2]) do
        out[#out + 1] = key
        out[#out + 1] = entry[1]
        out[#out + 1] = entry[2][2]
        left = left - 1
      end
    end
  end
end
return out
)";

std::vector<std::string> StreamsOf(const Demand& demand) {
  std::vector<std::string> streams;
  for (int priority = 1; priority <= kPriorities; ++priority) {
    streams.push_back(TaskStream(demand.tenant, demand.agent, priority));
  }
  return streams;
}

// The script's flat answer as batches of one entry.
std::vector<redis::StreamBatch> BatchesOf(const redis::Reply& reply) {
  std::vector<redis::StreamBatch> batches;
  for (size_t i = 0; i + 2 < reply.items.size(); i += 3) {
    batches.push_back({reply.items[i].text,
                       {{reply.items[i + 1].text, {{"t", reply.items[i + 2].text}}}}});
  }
  return batches;
}

}  // namespace

std::string TaskStream(std::string_view tenant, std::string_view agent, int priority) {
  return "af:tasks:{" + std::string(tenant) + ":" + std::string(agent) +
         "}:" + std::to_string(priority);
}

std::string TenantsKey(std::string_view agent) {
  return "af:agents:{" + std::string(agent) + "}";
}

Fetcher::Fetcher(Hub& hub, const Clock& clock, Options options, obs::Registry& metrics,
                 std::function<int64_t(const std::string& tenant)> weight)
    : hub_(hub),
      clock_(clock),
      options_(std::move(options)),
      wake_stream_("af:wake:" + options_.consumer),
      turns_(std::move(weight)),
      redis_(options_.redis),
      waker_(options_.redis),
      fetched_(metrics.Counter("agentflow_coordinator_tasks_fetched_total",
                               "Tasks taken from the queues and handed to workers.")),
      returned_(metrics.Counter("agentflow_coordinator_tasks_returned_total",
                                "Tasks put back because no worker had a place for them.")) {
  hub_.OnDemand([this] { DemandGrew(); });
  hub_.OnUsed([this](const std::string& tenant, const std::string& agent, int64_t milliseconds) {
    turns_.Used(agent, tenant, milliseconds);
  });
}

Fetcher::~Fetcher() { Stop(); }

void Fetcher::Start() {
  thread_ = std::thread([this] {
    runtime::NameThread("fetch");
    Loop();
  });
  // Wakes the reader out of its blocking read when a new agent has a place free.
  wake_thread_ = std::thread([this] {
    runtime::NameThread("fetch-wake");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_.wait(lock, [this] { return stopping_ || (grew_ && blocked_); });
      if (stopping_) return;
      grew_ = false;
      lock.unlock();
      absl::Status woken = waker_.Call({"XADD", wake_stream_, "*", "w", "1"}).status();
      if (!woken.ok()) obs::Debug("wake-up failed", {{"error", MessageOf(woken)}});
      lock.lock();
    }
  });
}

void Fetcher::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (wake_thread_.joinable()) wake_thread_.join();
  hub_.OnDemand({});
  hub_.OnUsed({});
}

void Fetcher::DemandGrew() {
  {
    std::lock_guard lock(mutex_);
    grew_ = true;
  }
  changed_.notify_all();
}

void Fetcher::Loop() {
  while (!stopping_) {
    absl::StatusOr<int> handed = Step();
    absl::Status status = handed.status();
    std::vector<Demand> demand = hub_.CurrentDemand();
    if (handed.ok() && *handed == 0 && !demand.empty()) status = Wait(demand);
    std::unique_lock lock(mutex_);
    if (!status.ok()) {
      obs::Warn("task queues cannot be read", {{"error", MessageOf(status)}});
      changed_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_.load(); });
    } else if (demand.empty()) {
      // Lanes confirm claims also while nobody has a place free.
      changed_.wait_for(lock, kLookForSpent, [this] { return stopping_ || grew_; });
      grew_ = false;
    }
  }
}

absl::StatusOr<int> Fetcher::Step() {
  DeleteSpent();
  if (redis_.queued() > 0) AF_RETURN_IF_ERROR(redis_.Flush().status());
  int handed = 0;
  int64_t now_ms = clock_.Monotonic() / 1000;
  bool take_over = now_ms - last_take_over_ms_ >= options_.orphan_ms / 2;
  if (take_over) last_take_over_ms_ = now_ms;
  for (const Demand& demand : hub_.CurrentDemand()) {
    std::vector<Demand> orphans;
    if (take_over) orphans = {demand};
    if (take_over && demand.tenant.empty()) {
      AF_ASSIGN_OR_RETURN(orphans, WhoHasTasks(demand));
    }
    for (const Demand& of : orphans) {
      AF_ASSIGN_OR_RETURN(int taken, TakeOver(of));
      handed += taken;
    }
    AF_ASSIGN_OR_RETURN(int fetched,
                        demand.tenant.empty() ? FetchShared(demand) : FetchFor(demand));
    handed += fetched;
  }
  return handed;
}

absl::StatusOr<std::vector<Demand>> Fetcher::WhoMayHaveTasks(const Demand& shared) {
  AF_ASSIGN_OR_RETURN(redis::Reply tenants, redis_.Call({"SMEMBERS", TenantsKey(shared.agent)}));
  std::vector<Demand> all;
  for (const redis::Reply& tenant : tenants.items) {
    all.push_back({tenant.text, shared.agent, shared.tasks});
  }
  return all;
}

absl::StatusOr<std::vector<Demand>> Fetcher::WhoHasTasks(const Demand& shared) {
  AF_ASSIGN_OR_RETURN(std::vector<Demand> all, WhoMayHaveTasks(shared));
  for (const Demand& demand : all) {
    for (const std::string& stream : StreamsOf(demand)) redis_.Queue({"XLEN", stream});
  }
  if (all.empty()) return all;
  AF_ASSIGN_OR_RETURN(std::vector<redis::Reply> lengths, redis_.Flush());
  std::vector<Demand> waiting;
  for (size_t i = 0; i < all.size(); ++i) {
    int64_t length = 0;
    for (size_t p = 0; p < kPriorities; ++p) length += lengths[i * kPriorities + p].number;
    if (length > 0) waiting.push_back(std::move(all[i]));
  }
  return waiting;
}

absl::StatusOr<int> Fetcher::FetchShared(const Demand& demand) {
  AF_ASSIGN_OR_RETURN(std::vector<Demand> waiting, WhoHasTasks(demand));
  std::vector<std::string> tenants;
  for (const Demand& of : waiting) tenants.push_back(of.tenant);
  turns_.SetWaiting(demand.agent, tenants);
  int handed = 0;
  int left = std::min(demand.tasks, options_.most_per_read);
  while (left > 0) {
    const std::string tenant = turns_.Next(demand.agent);
    if (tenant.empty()) break;
    // Alone, a tenant may have all places; else small portions keep the turns fair.
    const int portion = turns_.waiting(demand.agent) == 1 ? left : 1;
    AF_ASSIGN_OR_RETURN(int fetched, FetchFor({tenant, demand.agent, portion}));
    if (fetched == 0) turns_.NoneLeft(demand.agent, tenant);
    turns_.HandedOut(demand.agent, tenant, fetched);
    handed += fetched;
    left -= fetched;
  }
  return handed;
}

absl::StatusOr<int> Fetcher::FetchFor(const Demand& demand) {
  std::vector<std::string> streams = StreamsOf(demand);
  std::string key_count = std::to_string(streams.size());
  std::string most = std::to_string(std::min(demand.tasks, options_.most_per_read));
  redis::Client::Arguments command{"EVAL", kReadInOrder, key_count};
  command.insert(command.end(), streams.begin(), streams.end());
  command.insert(command.end(), {kGroup, options_.consumer, most});
  AF_ASSIGN_OR_RETURN(redis::Reply reply, redis_.Call(command));
  if (reply.items.empty()) return 0;
  return HandOut(demand, BatchesOf(reply));
}

absl::StatusOr<int> Fetcher::TakeOver(const Demand& demand) {
  std::vector<redis::StreamBatch> batches;
  for (const std::string& stream : StreamsOf(demand)) {
    auto entries = redis::AutoClaim(redis_, stream, kGroup, options_.consumer, options_.orphan_ms,
                                    options_.most_per_read);
    if (!entries.ok()) {
      if (entries.status().code() == absl::StatusCode::kUnavailable) return entries.status();
      continue;  // no such stream or group yet
    }
    if (!entries->empty()) batches.push_back({stream, *std::move(entries)});
  }
  if (batches.empty()) return 0;
  return HandOut(demand, std::move(batches));
}

void Fetcher::DeleteSpent() {
  std::map<std::string, std::vector<std::string>> ids;
  for (QueueEntry& entry : hub_.TakeSpent()) ids[entry.stream].push_back(std::move(entry.id));
  for (const auto& [stream, list] : ids) redis::QueueAckDelete(redis_, stream, kGroup, list);
}

absl::StatusOr<int> Fetcher::HandOut(const Demand& demand,
                                     std::vector<redis::StreamBatch> batches) {
  std::vector<Task> tasks;
  std::map<QueueEntry, std::string_view> bodies;
  for (const redis::StreamBatch& batch : batches) {
    for (const redis::StreamEntry& entry : batch.entries) {
      std::optional<Task> task = DecodeQueuedTask(entry.Field("t"));
      if (!task || task->id.tenant != demand.tenant || task->agent != demand.agent) {
        obs::Error("an entry of a task queue is none", {{"stream", batch.stream}});
        redis::QueueAckDelete(redis_, batch.stream, kGroup, {entry.id});
        continue;
      }
      task->entry = {batch.stream, entry.id};
      bodies[task->entry] = entry.Field("t");
      tasks.push_back(*std::move(task));
    }
  }
  int handed = static_cast<int>(tasks.size());
  for (const Task& left : hub_.Offer(std::move(tasks), clock_.Now() / 1000)) {
    redis::QueueAdd(redis_, left.entry.stream, "t", bodies[left.entry]);
    redis::QueueAckDelete(redis_, left.entry.stream, kGroup, {left.entry.id});
    --handed;
    returned_.Add();
  }
  DeleteSpent();
  fetched_.Add(handed);
  AF_RETURN_IF_ERROR(redis_.Flush().status());
  return handed;
}

absl::Status Fetcher::Wait(const std::vector<Demand>& wanted) {
  std::vector<Demand> demand;
  for (const Demand& one : wanted) {
    std::vector<Demand> each{one};
    if (one.tenant.empty()) {
      AF_ASSIGN_OR_RETURN(each, WhoMayHaveTasks(one));
      if (each.size() > kMostWaitedFor) each.resize(kMostWaitedFor);
    }
    demand.insert(demand.end(), each.begin(), each.end());
  }
  std::vector<std::string> streams{wake_stream_};
  for (const Demand& agent : demand) {
    for (std::string& stream : StreamsOf(agent)) streams.push_back(std::move(stream));
  }
  {
    std::lock_guard lock(mutex_);
    if (grew_) {
      grew_ = false;
      return absl::OkStatus();
    }
    blocked_ = true;
  }
  auto batches = redis::ReadGroup(redis_, kGroup, options_.consumer, streams, 1, options_.block_ms);
  {
    std::lock_guard lock(mutex_);
    blocked_ = false;
  }
  if (!batches.ok()) {
    if (ReasonOf(batches.status()) != "REDIS_GROUP_MISSING") return batches.status();
    for (const std::string& stream : streams) {
      AF_RETURN_IF_ERROR(redis::EnsureGroup(redis_, stream, kGroup));
    }
    return absl::OkStatus();
  }
  for (redis::StreamBatch& batch : *batches) {
    if (batch.stream == wake_stream_) {
      redis_.Queue({"DEL", wake_stream_});
      continue;
    }
    for (const Demand& agent : demand) {
      std::vector<std::string> own = StreamsOf(agent);
      if (std::find(own.begin(), own.end(), batch.stream) == own.end()) continue;
      AF_ASSIGN_OR_RETURN(int handed, HandOut(agent, {batch}));
      turns_.HandedOut(agent.agent, agent.tenant, handed);
    }
  }
  return redis_.queued() > 0 ? redis_.Flush().status() : absl::OkStatus();
}

}  // namespace agentflow::coordinator
