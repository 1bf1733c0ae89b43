#include "services/gateway/delivery.h"

#include <condition_variable>
#include <map>
#include <mutex>

#include "agentflow/api/v1/approval.pb.h"
#include "agentflow/api/v1/execution.pb.h"
#include "gtest/gtest.h"
#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/rpc/testing/test_network.h"

namespace agentflow::gateway {
namespace {

using api::v1::Execution;
using Answer = std::function<void(absl::Status)>;  // with a refusal

absl::Status Moved() {
  return Unavailable("LANE_MOVED", "not mine");
}
absl::Status NoDatabase() {
  return Unavailable("DATABASE_UNAVAILABLE", "away");
}
absl::Status Gone() {
  return Unavailable("PEER_UNAVAILABLE", "127.0.0.1:7 was reset");
}

// Two executors over real mutual TLS. Each answers with its own number in `workflow`, or with what
// `refuse` says, or not at all while it is `silent`.
class DeliveryTest : public testing::Test {
 protected:
  struct Executor {
    std::unique_ptr<rpc::Server> server;
    std::string address;
    std::vector<absl::Status> refuse;  // one for each of the next calls
    bool silent = false;
    std::vector<Answer> unanswered;
    int calls = 0;
  };

  DeliveryTest() {
    for (int i = 0; i < 2; ++i) {
      rpc::ServerOptions options = network_.ServerOptionsFor("executor");
      options.require_all_methods = false;
      Executor& executor = executors_[i];
      executor.server = std::make_unique<rpc::Server>(std::move(options));
      Register<api::v1::GetExecutionRequest>(i, "ExecutionService/GetExecution");
      Register<api::v1::StartExecutionRequest>(i, "ExecutionService/StartExecution");
      Register<api::v1::CancelExecutionRequest>(i, "ExecutionService/CancelExecution");
      Register<api::v1::PauseExecutionRequest>(i, "ExecutionService/PauseExecution");
      Register<api::v1::ApproveRequest, api::v1::Approval>(i, "ApprovalService/Approve");
      EXPECT_TRUE(executor.server->Start().ok());
      executor.address = "127.0.0.1:" + std::to_string(executor.server->port());
      rpc::ChannelPtr channel = network_.Connect("gateway", "executor", executor.server->port());
      EXPECT_TRUE(channel->WaitConnected(runtime::Deadline::After(std::chrono::seconds(30))));
      channels_[executor.address] = std::move(channel);
    }
    backends_ = std::make_unique<Backends>(
        std::map<std::string, rpc::ChannelPtr>{{"executor", channels_[executors_[0].address]}},
        std::vector<std::string>{executors_[0].address, executors_[1].address},
        [this](const std::string& address) { return channels_.at(address); });
    AllLanesAt(0);
  }
  ~DeliveryTest() override {
    for (Executor& executor : executors_) {
      for (Answer& answer : executor.unanswered) answer(Moved());
    }
    for (Executor& executor : executors_) executor.server->Drain(std::chrono::seconds(5));
  }

  template <class Request, class Response = Execution>
  void Register(int number, const std::string& method) {
    using Done = std::function<void(absl::StatusOr<Response>)>;
    executors_[number].server->UnaryAsync<Request, Response>(
        "agentflow.api.v1." + method,
        [this, number](rpc::CallPtr, std::unique_ptr<Request>, Done done) {
          std::unique_lock lock(mutex_);
          Executor& executor = executors_[number];
          ++executor.calls;
          if (executor.silent) {
            executor.unanswered.push_back([done](absl::Status status) { done(status); });
            changed_.notify_all();
            return;
          }
          absl::Status refusal;
          if (!executor.refuse.empty()) {
            refusal = executor.refuse.front();
            executor.refuse.erase(executor.refuse.begin());
          }
          lock.unlock();
          if (!refusal.ok()) return done(refusal);
          Response response;
          if constexpr (std::is_same_v<Response, Execution>) {
            response.set_workflow(std::to_string(number));
          } else {
            response.set_name(std::to_string(number));
          }
          done(std::move(response));
        });
  }
  void AllLanesAt(int number) {
    backends_->SetLanes(static_cast<size_t>(number),
                        std::vector<std::string>(kLaneCount, executors_[number].address));
  }
  void Refuse(int number, std::vector<absl::Status> statuses) {
    std::lock_guard lock(mutex_);
    executors_[number].refuse = std::move(statuses);
  }
  void Silence(int number) {
    std::lock_guard lock(mutex_);
    executors_[number].silent = true;
  }
  void WaitUnanswered(int number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !executors_[number].unanswered.empty(); });
  }
  int Calls(int number) {
    std::lock_guard lock(mutex_);
    return executors_[number].calls;
  }

  // The number of the executor that answered, or its reason.
  std::string Bring(const std::string& method, std::shared_ptr<google::protobuf::Message> message,
                    DeliveryOptions options = {.patience = std::chrono::seconds(20),
                                               .pause = std::chrono::milliseconds(1),
                                               .ask_another = std::chrono::milliseconds(20)},
                    const std::function<void()>& meanwhile = {}) {
    Delivery delivery(backends_.get(), options);
    Delivery::Call call{.method = methods_->Find("agentflow.api.v1." + method),
                        .tenant = "acme",
                        .message = message,
                        .bytes = message->SerializeAsString(),
                        .options = network_.As("acme", {"*"})};
    call.options.deadline = runtime::Deadline::After(std::chrono::seconds(30));
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<absl::StatusOr<std::string>> answer;
    delivery.Bring(std::move(call), [&](absl::StatusOr<std::string> bytes) {
      std::lock_guard lock(mutex);
      EXPECT_FALSE(answer.has_value());
      answer = std::move(bytes);
      answered.notify_all();
    });
    if (meanwhile) meanwhile();
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answer.has_value(); });
    last_ = answer->status();
    if (!answer->ok()) return ReasonOf(last_);
    if (method == kApprove) {
      api::v1::Approval approval;
      EXPECT_TRUE(approval.ParseFromString(**answer));
      return approval.name();
    }
    Execution execution;
    EXPECT_TRUE(execution.ParseFromString(**answer));
    return execution.workflow();
  }
  static std::shared_ptr<google::protobuf::Message> Start(const std::string& request_id) {
    auto request = std::make_shared<api::v1::StartExecutionRequest>();
    request->set_request_id(request_id);
    return request;
  }
  static std::shared_ptr<google::protobuf::Message> Get() {
    auto request = std::make_shared<api::v1::GetExecutionRequest>();
    request->set_name(kName);
    return request;
  }
  static std::shared_ptr<google::protobuf::Message> Cancel() {
    auto request = std::make_shared<api::v1::CancelExecutionRequest>();
    request->set_name(kName);
    return request;
  }

  static std::shared_ptr<google::protobuf::Message> Pause(const std::string& request_id) {
    auto request = std::make_shared<api::v1::PauseExecutionRequest>();
    request->set_name(kName);
    request->set_request_id(request_id);
    return request;
  }

  static constexpr char kApprove[] = "ApprovalService/Approve";
  static constexpr char kCancel[] = "ExecutionService/CancelExecution";
  static constexpr char kPause[] = "ExecutionService/PauseExecution";
  static constexpr char kGet[] = "ExecutionService/GetExecution";
  static constexpr char kStart[] = "ExecutionService/StartExecution";
  static constexpr char kName[] = "executions/018bcfe5-6800-7000-8000-00000000002a";
  rpc::TestNetwork network_;
  std::unique_ptr<MethodTable> methods_ = *MethodTable::Build({"executor"});
  std::mutex mutex_;
  std::condition_variable changed_;
  Executor executors_[2];
  std::map<std::string, rpc::ChannelPtr> channels_;
  std::unique_ptr<Backends> backends_;
  absl::Status last_;
};

TEST_F(DeliveryTest, WhatIsCertainlyNotDoneIsTriedAgain) {
  Refuse(0, {Moved(), Moved(), Moved()});
  EXPECT_EQ(Bring(kCancel, Cancel()), "0");
  EXPECT_EQ(Calls(0), 4);
}

TEST_F(DeliveryTest, ATryFollowsTheLane) {
  Refuse(0, std::vector<absl::Status>(10'000, Moved()));
  EXPECT_EQ(
      Bring(kCancel, Cancel(), {.patience = std::chrono::seconds(20)}, [this] { AllLanesAt(1); }),
      "1");
}

TEST_F(DeliveryTest, AnErrorOfTheServiceIsTheAnswer) {
  for (const absl::Status& error :
       {NotFound("EXECUTION_NOT_FOUND", "no"), Unavailable("EXECUTOR_BUSY", "later")}) {
    Refuse(0, {error});
    EXPECT_EQ(Bring(kGet, Get()), ReasonOf(error));
  }
}

TEST_F(DeliveryTest, PatienceEndsInARefusalThatSaysWhenToComeAgain) {
  Refuse(0, std::vector<absl::Status>(10'000, Moved()));
  EXPECT_EQ(Bring(kCancel, Cancel(), {.patience = std::chrono::milliseconds(5)}), "LANE_MOVED");
  EXPECT_EQ(last_.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MetadataOf(last_)[kErrorRetryAfterMs], "1000");
}

TEST_F(DeliveryTest, ReadsAndRequestsWithAnIdOutliveTheirExecutor) {
  Refuse(0, std::vector<absl::Status>(10'000, Gone()));
  EXPECT_EQ(Bring(kGet, Get()), "1");
  EXPECT_EQ(
      Bring(kStart, Start("r"), {.patience = std::chrono::seconds(20)}, [this] { AllLanesAt(1); }),
      "1");
}

TEST_F(DeliveryTest, WhatMayHaveBeenDoneIsNotDoneTwice) {
  Refuse(0, {Gone()});
  EXPECT_EQ(Bring(kPause, Pause("")), "PEER_UNAVAILABLE");
  EXPECT_EQ(Calls(0) + Calls(1), 1);
  EXPECT_EQ(MetadataOf(last_)[kErrorRetryAfterMs], "1000");
  EXPECT_EQ(MessageOf(last_).find("127.0.0.1"), std::string::npos) << last_;
}

TEST_F(DeliveryTest, WhatItsProtoCallsIdempotentMayBeDoneTwice) {
  auto approve = std::make_shared<api::v1::ApproveRequest>();
  approve->set_name("approvals/018bcfe5-6800-7000-8000-00000000002a");
  Refuse(0, {Gone(), Gone()});
  EXPECT_EQ(Bring(kApprove, approve), "0");
  EXPECT_EQ(Calls(0), 3);
  Refuse(0, {Gone()});
  EXPECT_EQ(Bring(kCancel, Cancel()), "0");
}

TEST_F(DeliveryTest, APauseWithARequestIdMayBeDoneTwice) {
  Refuse(0, {Gone()});
  EXPECT_EQ(Bring(kPause, Pause("p1")), "0");
}

TEST_F(DeliveryTest, AReadThatNobodyAnswersIsAskedElsewhere) {
  Silence(0);
  EXPECT_EQ(Bring(kGet, Get()), "1");
}

TEST_F(DeliveryTest, ARefusalIsTriedAgainWhereNobodyKeepsSilent) {
  Silence(0);
  Refuse(1, {Gone(), NoDatabase(), Gone(), NoDatabase()});
  EXPECT_EQ(Bring(kGet, Get()), "1");
  EXPECT_EQ(Calls(0), 1);
}

TEST_F(DeliveryTest, OnlySoManyReadsAreAskedTwice) {
  Silence(0);
  DeliveryOptions options{.ask_another = std::chrono::milliseconds(1), .ask_another_burst = 0};
  EXPECT_EQ(Bring(kGet, Get(), options,
                  [this] {
                    WaitUnanswered(0);
                    std::lock_guard lock(mutex_);
                    executors_[0].unanswered[0](NotFound("EXECUTION_NOT_FOUND", "no"));
                    executors_[0].unanswered.clear();
                  }),
            "EXECUTION_NOT_FOUND");
  EXPECT_EQ(Calls(1), 0);
}

TEST_F(DeliveryTest, AReadGoesPastAnExecutorWithoutItsDatabase) {
  Refuse(0, {NoDatabase(), Unavailable("DATABASE_COMMIT_UNKNOWN", "was it?"), NoDatabase()});
  EXPECT_EQ(Bring(kGet, Get()), "1");
  EXPECT_EQ(Bring(kStart, Start("r")), "0");
}

TEST_F(DeliveryTest, ARequestWithAnIdIsAskedOfTheLanesNewOwner) {
  Silence(0);
  EXPECT_EQ(Bring(kStart, Start("r"), {.ask_another = std::chrono::milliseconds(20)},
                  [this] {
                    WaitUnanswered(0);
                    AllLanesAt(1);
                  }),
            "1");
}

}  // namespace
}  // namespace agentflow::gateway
