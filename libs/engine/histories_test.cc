#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/escaping.h"
#include "libs/engine/codec.h"
#include "libs/engine/engine.h"
#include "libs/engine/replay.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"

// Replays every history that a build has ever stored: the journal and the snapshot of each must
// give the state they gave then. A history that fails here is a journal in somebody's database.
namespace agentflow::engine::testing {
namespace {

constexpr char kHistories[] = "libs/engine/testdata/histories";

struct History {
  std::string name;
  std::string plan;
  std::string record;
  std::string snapshot;
  std::string state;
};

std::vector<History> ReadHistories(const std::filesystem::path& path) {
  std::vector<History> histories;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("=== ", 0) == 0) {
      histories.emplace_back().name = path.filename().string() + ": " + line.substr(4);
    } else if (line.rfind("record ", 0) == 0) {
      histories.back().record = absl::HexStringToBytes(line.substr(7));
    } else if (line.rfind("snapshot ", 0) == 0) {
      histories.back().snapshot = absl::HexStringToBytes(line.substr(9));
    } else if (line.rfind("  ", 0) == 0) {
      histories.back().state += line.substr(2) + "\n";
    } else if (!line.empty()) {
      histories.back().plan += line + "\n";
    }
  }
  return histories;
}

// Histories that this engine would not decide as they were, and from where on.
const std::map<std::string, uint64_t> kDecidedOtherwise = {
    // Its key was asked for before it was admitted.
    {"2026-11-waits.txt: keys: and for its admission", 2},
};

TEST(Histories, StoredOnesGiveTheStatesTheyGaveThen) {
  size_t replayed = 0;
  std::set<size_t> kinds;
  for (const auto& file : std::filesystem::directory_iterator(kHistories)) {
    for (const History& history : ReadHistories(file.path())) {
      SCOPED_TRACE(history.name);
      if (history.record.empty()) continue;
      PlanPtr plan = PlanOf(history.plan);
      auto events = DecodeEvents(history.record);
      ASSERT_TRUE(events.ok()) << events.status();
      for (const Event& event : *events) kinds.insert(event.body.index());
      ExecutionState state = Replay(plan, *events);
      EXPECT_EQ(Describe(state), history.state);
      auto restored = DecodeState(plan, history.snapshot);
      ASSERT_TRUE(restored.ok()) << restored.status();
      EXPECT_EQ(Describe(*restored), history.state);
      // And this engine, given the same from outside, decides what was decided then.
      auto again = ReplayDecisions(plan, *events, {plan});
      ASSERT_TRUE(again.ok()) << again.status();
      auto known = kDecidedOtherwise.find(history.name);
      if (again->divergence) {
        EXPECT_TRUE(known != kDecidedOtherwise.end() &&
                    known->second == again->divergence->sequence)
            << again->divergence->sequence << "\nexpected " << again->divergence->expected
            << "\nfound " << again->divergence->found;
      } else {
        EXPECT_EQ(Describe(again->state), history.state);
        EXPECT_TRUE(known == kDecidedOtherwise.end()) << "it is decided as then";
      }
      ++replayed;
    }
  }
  EXPECT_GT(replayed, 50u);
  // All but the volatile StepClaimed: a new kind of event needs a new file of histories.
  EXPECT_EQ(kinds.size(), std::variant_size_v<EventBody> - 1);
}

}  // namespace
}  // namespace agentflow::engine::testing
