#include "libs/lanes/lane_map.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace agentflow::lanes {
namespace {

class LaneMapTest : public ::testing::Test {
 protected:
  LaneMapTest() { map_.Set(Owners()); }
  // Lane 3 is b's, lane 4 nobody's, all others a's.
  static LaneMap::Owners Owners() {
    LaneMap::Owners owners(256, "127.0.0.1:1");
    owners[3] = "127.0.0.1:2";
    owners[4] = "";
    return owners;
  }
  LaneMap map_{[this](const std::string& address) {
    connected_.push_back(address);
    rpc::ChannelOptions options;
    options.service = "executor";
    options.addresses = {address};
    return *rpc::Channel::Make(options);
  }};
  std::vector<std::string> connected_;
};

TEST_F(LaneMapTest, KnowsTheOwnersAndConnectsOnce) {
  EXPECT_EQ(map_.owners(), 2u);
  rpc::ChannelPtr b = map_.OwnerOf(3);
  EXPECT_EQ(map_.OwnerOf(3), b);
  EXPECT_NE(map_.OwnerOf(5), b);
  EXPECT_EQ(map_.OwnerOf(4), nullptr);
  EXPECT_NE(map_.AnyOwner(), map_.AnyOwner());
  EXPECT_EQ(connected_.size(), 2u);
}

TEST_F(LaneMapTest, WithoutAMapNobodyIsKnown) {
  map_.Set({});
  EXPECT_EQ(map_.OwnerOf(3), nullptr);
  EXPECT_EQ(map_.AnyOwner(), nullptr);
  EXPECT_EQ(map_.owners(), 0u);
}

TEST_F(LaneMapTest, AMovedLaneIsLookedForOnce) {
  rpc::ChannelPtr a = map_.OwnerOf(5), b = map_.OwnerOf(3);
  const absl::Status moved = Unavailable("LANE_MOVED", "");
  EXPECT_EQ(map_.After(moved, 3, a), b);             // the map knows it by now
  EXPECT_EQ(map_.After(moved, 5, a), b);             // it does not: another one
  EXPECT_EQ(map_.After(moved, std::nullopt, a), b);  // any lane will do
  const absl::Status named =
      Error(absl::StatusCode::kUnavailable, "LANE_MOVED", "", {{kOwner, "127.0.0.1:3"}});
  map_.After(named, 5, a);
  EXPECT_EQ(connected_.back(), "127.0.0.1:3");
  EXPECT_EQ(map_.After(Unavailable("PEER_UNAVAILABLE", ""), 5, a), b);
  EXPECT_EQ(map_.After(NotFound("EXECUTION_NOT_FOUND", ""), 5, a), nullptr);
  map_.Set(LaneMap::Owners(256, "127.0.0.1:1"));
  EXPECT_EQ(map_.After(moved, 5, a), a);  // it may have them by now
  EXPECT_EQ(map_.After(Unavailable("PEER_UNAVAILABLE", ""), 5, a), nullptr);
}

}  // namespace
}  // namespace agentflow::lanes
