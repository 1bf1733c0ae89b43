#include "services/gateway/backends.h"

#include <map>
#include <set>

#include "agentflow/api/v1/execution.pb.h"
#include "gtest/gtest.h"
#include "libs/base/lane.h"
#include "libs/base/uuid.h"
#include "services/gateway/grpc_front.h"

namespace agentflow::gateway {
namespace {

class BackendsTest : public testing::Test {
 protected:
  static rpc::ChannelPtr Somewhere(const std::string& address) {
    rpc::ChannelOptions options;
    options.service = "executor";
    options.addresses = {address};
    return *rpc::Channel::Make(options);
  }
  const Method& Find(const std::string& method) {
    return *methods_->Find("agentflow.api.v1.ExecutionService/" + method);
  }

  std::unique_ptr<MethodTable> methods_ = *MethodTable::Build({"executor"});
  std::vector<std::string> connected_;
  rpc::ChannelPtr any_ = Somewhere("127.0.0.1:1");
  Backends backends_{
      {{"executor", any_}}, {"127.0.0.1:7", "127.0.0.1:8"}, [this](const std::string& address) {
        connected_.push_back(address);
        return Somewhere(address);
      }};
  // Where the tries of one call go.
  std::vector<std::string> Tries(const std::string& method,
                                 const google::protobuf::Message& request, size_t count) {
    std::vector<std::string> tries;
    for (size_t attempt = 0; attempt < count; ++attempt) {
      const size_t before = connected_.size();
      rpc::ChannelPtr channel = backends_.For(Find(method), "acme", &request, attempt);
      if (connected_.size() > before) channels_[channel] = connected_.back();
      tries.push_back(channel == any_ ? "any" : channels_.at(channel));
    }
    return tries;
  }
  std::map<rpc::ChannelPtr, std::string> channels_;
};

TEST_F(BackendsTest, TheLaneComesFromTheExecutionOrTheRequestId) {
  SeededRandom random(7);
  Uuid id = MakeExecutionId(1'700'000'000'000, 42, random);
  api::v1::GetExecutionRequest get;
  get.set_name("executions/" + id.ToString());
  EXPECT_EQ(LaneFor(Find("GetExecution"), "acme", get), 42);
  get.set_name("executions/nonsense");
  EXPECT_EQ(LaneFor(Find("GetExecution"), "acme", get), std::nullopt);
  api::v1::ListStepsRequest steps;
  steps.set_parent("executions/" + id.ToString());
  EXPECT_EQ(LaneFor(Find("ListSteps"), "acme", steps), 42);
  api::v1::StartExecutionRequest start;
  EXPECT_EQ(LaneFor(Find("StartExecution"), "acme", start), std::nullopt);
  start.set_request_id("r1");
  EXPECT_EQ(LaneFor(Find("StartExecution"), "acme", start),
            LaneOf(ExecutionIdForRequest("acme", "r1")));
  EXPECT_EQ(LaneFor(Find("ListExecutions"), "acme", api::v1::ListExecutionsRequest()),
            std::nullopt);
}

TEST_F(BackendsTest, WithoutALaneMapEveryCallTakesTheCommonChannel) {
  api::v1::StartExecutionRequest start;
  start.set_request_id("r1");
  EXPECT_FALSE(backends_.Routed(Find("StartExecution")));
  EXPECT_EQ(backends_.For(Find("StartExecution"), "acme", &start), any_);
  EXPECT_TRUE(connected_.empty());
}

TEST_F(BackendsTest, ACallGoesToItsLanesOwner) {
  std::vector<std::string> lanes(kLaneCount, "127.0.0.1:7");
  api::v1::StartExecutionRequest start;
  start.set_request_id("r1");
  lanes[LaneOf(ExecutionIdForRequest("acme", "r1"))] = "127.0.0.1:8";
  backends_.SetLanes(0, lanes);
  EXPECT_TRUE(backends_.Routed(Find("StartExecution")));
  EXPECT_EQ(Tries("StartExecution", start, 2),
            (std::vector<std::string>{"127.0.0.1:8", "127.0.0.1:8"}));
}

TEST_F(BackendsTest, WithoutALaneTheOwnersTakeTurns) {
  std::vector<std::string> lanes(kLaneCount, "127.0.0.1:7");
  lanes[3] = "127.0.0.1:9";
  backends_.SetLanes(0, lanes);
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    seen.insert(Tries("StartExecution", api::v1::StartExecutionRequest(), 1)[0]);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"127.0.0.1:7", "127.0.0.1:9"}));
}

TEST_F(BackendsTest, WithoutALaneTheTriesOfACallGoRoundThemAll) {
  std::vector<std::string> lanes(kLaneCount, "127.0.0.1:7");
  lanes[3] = "127.0.0.1:9";
  backends_.SetLanes(0, lanes);
  for (int i = 0; i < 3; ++i) {
    const auto tries = Tries("ListExecutions", api::v1::ListExecutionsRequest(), 2);
    EXPECT_NE(tries[0], tries[1]);
  }
}

TEST_F(BackendsTest, AReadIsTriedEverywhereAndAWriteWhereAnybodySaysTheLaneIs) {
  SeededRandom random(7);
  const std::string name =
      "executions/" + MakeExecutionId(1'700'000'000'000, 42, random).ToString();
  backends_.SetLanes(0, std::vector<std::string>(kLaneCount, "127.0.0.1:7"));
  api::v1::GetExecutionRequest get;
  get.set_name(name);
  api::v1::CancelExecutionRequest cancel;
  cancel.set_name(name);
  EXPECT_EQ(Tries("GetExecution", get, 2),
            (std::vector<std::string>{"127.0.0.1:7", "127.0.0.1:8"}));
  EXPECT_EQ(Tries("CancelExecution", cancel, 2),
            (std::vector<std::string>{"127.0.0.1:7", "127.0.0.1:7"}));
  // An executor that lost the database repeats its old map; the other one's is remembered.
  backends_.SetLanes(1, std::vector<std::string>(kLaneCount, "127.0.0.1:8"));
  EXPECT_EQ(Tries("CancelExecution", cancel, 3),
            (std::vector<std::string>{"127.0.0.1:8", "127.0.0.1:7", "127.0.0.1:8"}));
  // Nobody's lane: whoever answers says so.
  backends_.SetLanes(0, std::vector<std::string>(kLaneCount));
  backends_.SetLanes(1, std::vector<std::string>(kLaneCount));
  EXPECT_EQ(Tries("CancelExecution", cancel, 1), std::vector<std::string>{"any"});
}

TEST(AddressOfPeer, TakesTheAddressAlone) {
  EXPECT_EQ(AddressOfPeer("ipv4:127.0.0.1:50312"), "127.0.0.1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::1%5D:50312"), "::1");
  EXPECT_EQ(AddressOfPeer("ipv6:[::1]:50312"), "::1");
}

}  // namespace
}  // namespace agentflow::gateway
