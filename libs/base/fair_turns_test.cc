#include "libs/base/fair_turns.h"

#include <gtest/gtest.h>

#include <map>

namespace agentflow {
namespace {

class FairTurnsTest : public ::testing::Test {
 protected:
  // Takes `count` turns, each of `cost` of its taker; gives what each has used.
  std::map<std::string, int64_t> Use(int count, const std::map<std::string, int64_t>& cost) {
    std::map<std::string, int64_t> used;
    for (int i = 0; i < count; ++i) {
      const std::string name = turns_.Next();
      turns_.Charge(name, cost.at(name));
      used[name] += cost.at(name);
    }
    return used;
  }

  std::map<std::string, int64_t> weights_;
  FairTurns turns_{10, [this](const std::string& name) {
                     auto it = weights_.find(name);
                     return it == weights_.end() ? 1 : it->second;
                   }};
};

TEST_F(FairTurnsTest, EqualSharesOfWhatIsUsedNotOfTurns) {
  turns_.Enter("cheap");
  turns_.Enter("dear");
  auto used = Use(1100, {{"cheap", 1}, {"dear", 10}});
  EXPECT_NEAR(static_cast<double>(used["cheap"]), static_cast<double>(used["dear"]), 20);
}

TEST_F(FairTurnsTest, SharesFollowTheWeights) {
  weights_ = {{"a", 3}, {"b", 1}};
  turns_.Enter("a");
  turns_.Enter("b");
  auto used = Use(4000, {{"a", 2}, {"b", 2}});
  EXPECT_NEAR(static_cast<double>(used["a"]) / static_cast<double>(used["b"]), 3.0, 0.1);
}

TEST_F(FairTurnsTest, AChangedWeightActsOnThoseWhoWaitAlready) {
  turns_.Enter("a");
  turns_.Enter("b");
  Use(100, {{"a", 1}, {"b", 1}});
  weights_["b"] = 9;
  auto used = Use(10'000, {{"a", 1}, {"b", 1}});
  EXPECT_NEAR(static_cast<double>(used["b"]) / static_cast<double>(used["a"]), 9.0, 0.3);
}

TEST_F(FairTurnsTest, WaitingForNothingSavesNothing) {
  turns_.Enter("steady");
  Use(1000, {{"steady", 5}});
  turns_.Enter("late");
  auto used = Use(100, {{"steady", 5}, {"late", 5}});
  EXPECT_NEAR(static_cast<double>(used["steady"]), static_cast<double>(used["late"]), 10);
}

TEST_F(FairTurnsTest, WhatIsChargedLaterIsPaidLater) {
  turns_.Enter("a");
  turns_.Enter("b");
  turns_.Charge("a", 1000);  // of tasks that were handed out before
  auto used = Use(90, {{"a", 1}, {"b", 10}});
  EXPECT_EQ(used["a"], 0);
  EXPECT_EQ(used["b"], 900);
}

TEST_F(FairTurnsTest, AHugeDebtIsPaidOffAtOnceWhenEverybodyHasOne) {
  weights_ = {{"a", 1}, {"b", 4}};
  turns_.Enter("a");
  turns_.Enter("b");
  turns_.Charge("a", 4'000'000'000'000);
  turns_.Charge("b", 8'000'000'000'000);
  EXPECT_EQ(turns_.Next(), "b");  // its weight pays it twice as fast
}

TEST_F(FairTurnsTest, ADebtSurvivesLeavingAndPaymentEndsIt) {
  turns_.Enter("a");
  turns_.Enter("b");
  turns_.Charge("a", 50);
  turns_.Leave("a");
  turns_.Enter("a");
  EXPECT_EQ(turns_.Next(), "b");
  turns_.Charge("a", -50);
  turns_.Leave("b");
  EXPECT_EQ(turns_.Next(), "a");
  EXPECT_EQ(turns_.size(), 1u);
}

}  // namespace
}  // namespace agentflow
