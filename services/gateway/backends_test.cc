#include "services/gateway/backends.h"

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
  Backends backends_{{{"executor", any_}}, [this](const std::string& address) {
                       connected_.push_back(address);
                       return Somewhere(address);
                     }};
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

TEST_F(BackendsTest, WithOneOwnerEveryCallTakesTheCommonChannel) {
  backends_.SetLanes(std::vector<std::string>(kLaneCount, "127.0.0.1:7"));
  api::v1::StartExecutionRequest start;
  start.set_request_id("r1");
  EXPECT_FALSE(backends_.NeedsMessage(Find("StartExecution")));
  EXPECT_EQ(backends_.For(Find("StartExecution"), "acme", &start), any_);
  EXPECT_TRUE(connected_.empty());
}

TEST_F(BackendsTest, WithSeveralOwnersTheCallGoesToItsOwner) {
  std::vector<std::string> lanes(kLaneCount, "127.0.0.1:7");
  api::v1::StartExecutionRequest start;
  start.set_request_id("r1");
  lanes[LaneOf(ExecutionIdForRequest("acme", "r1"))] = "127.0.0.1:8";
  lanes[0] = "";
  backends_.SetLanes(lanes);
  EXPECT_TRUE(backends_.NeedsMessage(Find("StartExecution")));
  EXPECT_FALSE(backends_.NeedsMessage(Find("ListExecutions")));
  rpc::ChannelPtr channel = backends_.For(Find("StartExecution"), "acme", &start);
  EXPECT_NE(channel, any_);
  EXPECT_EQ(backends_.For(Find("StartExecution"), "acme", &start), channel);
  EXPECT_EQ(connected_, std::vector<std::string>{"127.0.0.1:8"});
  start.clear_request_id();
  EXPECT_EQ(backends_.For(Find("StartExecution"), "acme", &start), any_);
}

TEST(AddressOfPeer, TakesTheAddressAlone) {
  EXPECT_EQ(AddressOfPeer("ipv4:127.0.0.1:50312"), "127.0.0.1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::1%5D:50312"), "::1");
  EXPECT_EQ(AddressOfPeer("ipv6:[::1]:50312"), "::1");
}

}  // namespace
}  // namespace agentflow::gateway
