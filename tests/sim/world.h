#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/uuid.h"
#include "libs/crypto/secret.h"
#include "services/executor/dispatch/task_token.h"
#include "tests/sim/bugs.h"
#include "tests/sim/dice.h"
#include "tests/sim/profile.h"
#include "tests/sim/schedule.h"

namespace agentflow::sim {

class Client;
class Coordinator;
class ExecutorProcess;
class Oracle;
class Postgres;
class Redis;

struct Settings {
  uint64_t seed = 0;
  Bug bug = Bug::kNone;
  // Every line of the story; null: none is written.
  std::function<void(const std::string&)> tell;
};

struct Outcome {
  std::string violation;                  // the first broken invariant; empty: none
  std::map<std::string, int64_t> counts;  // of everything that happened, by kind
  uint64_t events = 0;
};

// One simulated installation. Everything in it happens in this thread, in the order of the
// schedule, and every choice comes from `dice`: the seed decides everything.
class World {
 public:
  explicit World(Settings settings);
  ~World();
  World(const World&) = delete;

  Outcome Run();

  const Settings settings;
  Schedule schedule;
  Dice dice;
  const Profile profile;
  const executor::TaskTokens tokens;

  std::unique_ptr<Oracle> oracle;
  std::unique_ptr<Postgres> postgres;
  std::unique_ptr<Redis> redis;
  std::vector<std::unique_ptr<ExecutorProcess>> executors;
  std::vector<std::unique_ptr<Coordinator>> coordinators;
  std::unique_ptr<Client> client;

  bool Has(Bug bug) const { return settings.bug == bug; }
  // Faults are over: everything gets well, and everything that began must end.
  bool calm() const { return calm_; }
  // One throw for a fault; never in calm times.
  bool Happens(double share) { return share > 0 && !calm_ && dice.Chance(share); }
  // Around `typical`, sometimes much longer.
  int64_t Delay(int64_t typical);

  // "x1" for people.
  std::string NameOf(const Uuid& execution);
  template <typename... Parts>
  void Tell(const Parts&... parts) {
    if (settings.tell) TellLine(absl::StrCat(parts...));
  }
  void Count(const char* what) { ++counts_[what]; }
  // An invariant does not hold.
  void Broken(const std::string& what);
  bool broken() const { return !violation_.empty(); }

 private:
  void TellLine(const std::string& line);
  void PlanFaults();
  void Every(double per_second, const std::function<void()>& happen);
  void Calm();
  bool AllDone();

  bool calm_ = false;
  int rehome_day_ = 20'000;  // since 1970, after all starts
  std::string violation_;
  std::map<const char*, int64_t> counts_;
  std::map<Uuid, int> names_;
};

// Runs one seed from its beginning to its end.
Outcome RunSeed(Settings settings);

}  // namespace agentflow::sim
