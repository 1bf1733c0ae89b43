// The simulation itself: it is the same each time, takes its rare paths, and finds known bugs.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/obs/log.h"
#include "tests/sim/world.h"

namespace agentflow::sim {
namespace {

constexpr uint64_t kSeedsForABug = 600;

// Of everything that is told, in order.
std::string StoryOf(uint64_t seed) {
  std::string story;
  RunSeed({.seed = seed, .tell = [&](const std::string& line) { story += line + "\n"; }});
  return crypto::Sha256Hex(story);
}

TEST(Simulation, OneSeedIsOneStory) {
  std::map<std::string, uint64_t> stories;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const std::string story = StoryOf(seed);
    EXPECT_EQ(StoryOf(seed), story) << "seed " << seed;
    EXPECT_TRUE(stories.emplace(story, seed).second) << "seed " << seed << " tells another's";
  }
}

TEST(Simulation, TheStoryIsTheSameWhetherItIsToldOrNot) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Outcome told = RunSeed({.seed = seed, .tell = [](const std::string&) {}});
    const Outcome silent = RunSeed({.seed = seed});
    EXPECT_EQ(told.events, silent.events) << "seed " << seed;
    EXPECT_EQ(told.counts, silent.counts) << "seed " << seed;
  }
}

TEST(Simulation, AProcessThatASeedEndsNamesTheSeed) {
  const Settings settings{.seed = 7, .tell = [](const std::string&) { AF_CHECK(false); }};
  EXPECT_DEATH(RunSeed(settings), "broken invariant.*\n.*tools/dev sim --seed 7 --trace");
}

// What hides where nothing looks rare: each of these happens within a few hundred seeds.
TEST(Simulation, RarePathsAreTaken) {
  std::map<std::string, int64_t> counts;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const Outcome outcome = RunSeed({.seed = seed});
    EXPECT_EQ(outcome.violation, "") << "seed " << seed;
    for (const auto& [what, count] : outcome.counts) counts[what] += count;
  }
  for (const char* what : {
           // PostgreSQL and the lane table
           "commit not done", "commit lost before", "commit lost after", "commit late",
           "commit stale", "commit fenced", "commit refused", "fence not asked", "read failed",
           "lane table away", "database restart", "database clock jump", "snapshot", "takeover",
           "takeover on silence", "takeover of one that is gone", "lanes given away",
           "started and over in one batch",
           // processes
           "executor killed", "executor stopped", "executor drained", "coordinator killed",
           "coordinator stopped", "link broke", "worker's stream broke", "executor busy",
           // Redis and tasks
           "redis flush", "redis outage", "entry twice", "entry late", "entry out of order",
           "claim refused", "task failed", "task forgotten", "task slow", "task taken back",
           "answered twice", "forged answer refused", "odd value",
           // clients
           "answer lost", "call timed out", "order carried out", "signal told twice",
           "input over the limit", "payload over the limit", "start over the limit",
           "execution queued by a limit", "forked execution", "retried execution",
           "execution migrated", "execution rehomed", "approval decided",
           // executions
           "child asked for", "child ended", "step compensated", "place at a key",
           "mail between executors", "plan late"}) {
    EXPECT_GT(counts[what], 0) << what;
  }
}

class KnownBug : public ::testing::TestWithParam<BugInfo> {};

TEST_P(KnownBug, IsFound) {
  for (uint64_t seed = 1; seed <= kSeedsForABug; ++seed) {
    const Outcome outcome = RunSeed({.seed = seed, .bug = GetParam().bug});
    if (outcome.violation.empty()) continue;
    std::printf("%s: seed %d: %s\n", std::string(GetParam().name).c_str(),
                static_cast<int>(seed), outcome.violation.substr(0, 100).c_str());
    return;
  }
  ADD_FAILURE() << GetParam().what << ": not found within " << kSeedsForABug << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Simulation, KnownBug, ::testing::ValuesIn(AllBugs()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace agentflow::sim

int main(int argc, char** argv) {
  agentflow::obs::InitLogging({.service = "sim", .level = agentflow::obs::Level::kOff});
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
