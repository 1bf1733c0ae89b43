#include "tests/sim/world.h"

#include <cstdio>

#include "libs/engine/testing/plan_text.h"
#include "libs/obs/log.h"
#include "tests/sim/client.h"
#include "tests/sim/coordinator.h"
#include "tests/sim/executor.h"
#include "tests/sim/graphs.h"
#include "tests/sim/last_words.h"
#include "tests/sim/oracle.h"
#include "tests/sim/postgres.h"
#include "tests/sim/redis.h"

namespace agentflow::sim {
namespace {

// Once faults are over everything must have ended by then.
constexpr int64_t kEndsWithin = 1'800'000'000;
constexpr int64_t kLookEvery = 500'000;
// Days after which everything that runs has outlived its retention class.
constexpr int kRetention = 40;
constexpr uint64_t kMostEvents = 2'000'000;

}  // namespace

World::World(Settings given)
    : settings(std::move(given)),
      dice(settings.seed),
      profile(Profile::Draw(dice)),
      tokens(crypto::Secret("simulated")),
      oracle(std::make_unique<Oracle>(*this)),
      postgres(std::make_unique<Postgres>(*this)),
      redis(std::make_unique<Redis>(*this)),
      client(std::make_unique<Client>(*this)) {
  // The last one is the workflow that others start as their child.
  for (int i = 0; i <= profile.graphs; ++i) {
    const bool child = i == profile.graphs;
    const std::string text = RandomGraph(dice, !child && dice.Chance(0.5));
    auto plan = std::make_shared<workflow::Plan>(*engine::testing::PlanOf(text));
    plan->hash = child ? std::string("child") : absl::StrCat("plan-", i);
    plan->concurrency.when_busy = static_cast<workflow::WhenBusy>(dice.Between(1, 3));
    if (settings.tell) settings.tell(plan->hash + ":\n" + text);
    const Version next = NextVersion(dice, text);
    auto changed = std::make_shared<workflow::Plan>(*engine::testing::PlanOf(next.text));
    changed->hash = plan->hash + "+";
    changed->concurrency = plan->concurrency;
    oracle->AddNextPlan(plan->hash, changed->hash, next.mapping);
    oracle->AddPlan(std::move(plan));
    oracle->AddPlan(std::move(changed));
  }
  redis->on_entry = [this] {
    for (auto& coordinator : coordinators) coordinator->Wake();
  };
}

// Executors first: their ends may still call what is below.
World::~World() {
  executors.clear();
}

int64_t World::Delay(int64_t typical) {
  const int64_t delay = dice.Between(typical / 4, typical * 2);
  return !calm_ && dice.Chance(0.02) ? delay * 10 : delay;
}

std::string World::NameOf(const Uuid& execution) {
  auto [it, fresh] = names_.try_emplace(execution, static_cast<int>(names_.size()));
  return absl::StrCat("e", it->second);
}

void World::TellLine(const std::string& line) {
  char time[32];
  std::snprintf(time, sizeof(time), "%10.6f ",
                static_cast<double>(schedule.now() - 1'700'000'000'000'000) / 1e6);
  settings.tell(time + line);
}

void World::Broken(const std::string& what) {
  Tell("BROKEN: ", what);
  if (violation_.empty()) violation_ = what;
}

void World::Every(double per_second, const std::function<void()>& happen) {
  if (per_second <= 0) return;
  const double mean = 1e6 / per_second;
  int64_t at = 0;
  while (true) {
    at += 1 + static_cast<int64_t>(mean * 2.0 * static_cast<double>(dice.Roll(1000)) / 1000.0);
    if (at > profile.busy_micros) return;
    schedule.After(at, [this, happen] {
      if (!calm_) happen();
    });
  }
}

void World::PlanFaults() {
  auto executor = [this]() -> ExecutorProcess& { return *executors[dice.Roll(executors.size())]; };
  auto coordinator = [this]() -> Coordinator& {
    return *coordinators[dice.Roll(coordinators.size())];
  };
  auto start_again = [this](ExecutorProcess& process) {
    schedule.After(dice.Between(50, 6000) * 1000, [this, &process] {
      if (!process.running()) process.Start();
    });
  };
  Every(profile.crashes, [=, this] {
    ExecutorProcess& process = executor();
    if (!process.running()) return;
    Count("executor killed");
    Tell(process.name(), " is killed");
    process.Kill();
    start_again(process);
  });
  Every(profile.pauses, [=, this] {
    ExecutorProcess& process = executor();
    process.Pause();
    schedule.After(dice.Between(100, 7000) * 1000, [&process] { process.GoOn(); });
  });
  Every(profile.drains, [=, this] {
    ExecutorProcess& process = executor();
    process.Drain([=, &process] { start_again(process); });
  });
  Every(profile.rehomes, [=, this] {
    rehome_day_ += kRetention;
    executor().Rehome(rehome_day_);
  });
  Every(profile.database_restarts, [this] { postgres->Restart(); });
  Every(profile.database_clock_jumps, [this] { postgres->JumpClock(); });
  Every(profile.redis_flushes, [this] { redis->Flush(); });
  Every(profile.redis_outages, [this] { redis->GoAway(); });
  Every(profile.coordinator_crashes, [=, this] {
    Coordinator& process = coordinator();
    if (!process.running()) return;
    process.Kill();
    schedule.After(dice.Between(50, 4000) * 1000, [&process] {
      if (!process.running()) process.Start();
    });
  });
  Every(profile.coordinator_pauses, [=, this] {
    Coordinator& process = coordinator();
    if (process.running()) process.Pause();
    schedule.After(dice.Between(100, 8000) * 1000, [&process] { process.GoOn(); });
  });
  Every(profile.link_breaks, [=] {
    if (Coordinator& process = coordinator(); process.running()) process.BreakLink();
  });
  Every(profile.worker_breaks, [=] {
    if (Coordinator& process = coordinator(); process.running()) process.AnyWorker().Break();
  });
}

void World::Calm() {
  Tell("--- faults are over");
  calm_ = true;
  postgres->Heal();
  redis->Heal();
  for (auto& executor : executors) {
    executor->GoOn();
    if (!executor->running()) executor->Start();
  }
  for (auto& coordinator : coordinators) {
    coordinator->GoOn();
    if (!coordinator->running()) coordinator->Start();
  }
}

bool World::AllDone() {
  return postgres->rows().live.empty() && client->AtRest().empty();
}

Outcome World::Run() {
  Tell(profile.ToString());
  for (int i = 0; i < profile.executors; ++i) {
    executors.push_back(std::make_unique<ExecutorProcess>(*this, i));
    schedule.After(Delay(100'000), [&process = *executors.back()] { process.Start(); });
  }
  for (int i = 0; i < profile.coordinators; ++i) {
    coordinators.push_back(std::make_unique<Coordinator>(*this, i));
    schedule.After(Delay(100'000), [&process = *coordinators.back()] { process.Start(); });
  }
  client->Plan();
  PlanFaults();
  schedule.After(profile.busy_micros, [this] { Calm(); });
  const int64_t end = schedule.now() + profile.busy_micros + kEndsWithin;
  int64_t look_at = schedule.now() + profile.busy_micros;
  int64_t done_at = 0;  // when everything had ended; then it gets time to come to rest
  while (!broken() && schedule.RunNext()) {
    if (schedule.events() > kMostEvents) Broken("it never comes to rest");
    if (!calm_ || schedule.now() < look_at) continue;
    look_at += kLookEvery;
    if (done_at == 0 && AllDone()) done_at = schedule.now();
    if (done_at == 0 && schedule.now() > end) {
      std::string stuck = client->AtRest();
      for (const auto& [id, row] : postgres->rows().live) {
        stuck += "\nstuck: " + NameOf(id) + " " + oracle->Describe(id);
      }
      Broken(stuck);
    }
    if (done_at == 0) continue;
    std::string restless;
    for (auto& executor : executors) restless += executor->AtRest();
    for (auto& coordinator : coordinators) restless += coordinator->AtRest();
    restless += postgres->AtRest();
    if (restless.empty()) break;
    if (schedule.now() > done_at + 180'000'000) Broken("at the end: " + restless);
  }
  if (!broken()) client->CheckLedger();
  Outcome outcome{.violation = violation_, .events = schedule.events()};
  for (const auto& [what, count] : counts_) outcome.counts[what] += count;
  outcome.counts["execution"] = static_cast<int64_t>(oracle->All().size());
  outcome.counts["virtual second"] = (schedule.now() - 1'700'000'000'000'000) / 1'000'000;
  return outcome;
}

Outcome RunSeed(Settings settings) {
  PrepareLastWords(settings);
  return World(std::move(settings)).Run();
}

}  // namespace agentflow::sim
