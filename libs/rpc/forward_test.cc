#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "libs/base/random.h"
#include "libs/rpc/testdata/echo_server.h"

namespace agentflow::rpc {
namespace {

// A gateway that forwards everything to the echo server.
class FallbackTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    ServerOptions options;
    options.service = "gateway";
    options.require_all_methods = false;
    options.reflected_services = {"agentflow.rpc.testdata.EchoService"};
    gateway_ = std::make_unique<Server>(std::move(options));
    gateway_->Fallback([this](CallPtr call, std::optional<std::string> first,
                              Server::ForwardDone done) {
      {
        std::lock_guard lock(mutex_);
        first_ = first;
      }
      if (call->Find("authorization") != "Bearer good") {
        return done(Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID", "sign in"));
      }
      done(Forward{channel_, network_.As("acme", {"echoes.*"})});
    });
    ASSERT_TRUE(gateway_->Start().ok());
    ChannelOptions outside;
    outside.service = "gateway";
    outside.addresses = {"127.0.0.1:" + std::to_string(gateway_->port())};
    outside_ = *Channel::Make(outside);
  }
  CallOptions With(const std::string& token) {
    CallOptions options;
    options.metadata = {{"authorization", "Bearer " + token}};
    return options;
  }

  std::unique_ptr<Server> gateway_;
  ChannelPtr outside_;
  std::optional<std::string> first_;
};

TEST_F(FallbackTest, ForwardsUnaryCallsWithTheGatewaysContext) {
  auto response = outside_->Unary<EchoRequest, EchoResponse>(kEcho, Say("hi"), With("good"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->text(), "hi");
  EXPECT_EQ(response->tenant(), "acme");
  EXPECT_EQ(response->caller(), "gateway");
  EXPECT_EQ(first_, Say("hi").SerializeAsString());
  absl::Status failed =
      outside_->Unary<EchoRequest, EchoResponse>(kEcho, Say("fail"), With("good")).status();
  EXPECT_EQ(ReasonOf(failed), "ECHO_BROKEN");
  EXPECT_EQ(MetadataOf(failed)["a"], "b");
}

TEST_F(FallbackTest, RefusesWithoutForwarding) {
  for (const char* method : {kEcho, kInternal, kCount}) {
    EXPECT_EQ(
        ReasonOf(
            outside_->Unary<EchoRequest, EchoResponse>(method, Say("x"), With("bad")).status()),
        "CREDENTIALS_INVALID");
  }
  // The caller's own claims are not what goes on.
  CallOptions liar = With("good");
  liar.tenant = "other";
  liar.principal = "users/boss";
  auto response = outside_->Unary<EchoRequest, EchoResponse>(kEcho, Say("x"), liar);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->tenant(), "acme");
  EXPECT_EQ(response->principal(), "users/test");
}

TEST_F(FallbackTest, ForwardsStreamsBothWaysWithFlowControl) {
  Collector chat;
  auto stream = outside_->Bidi<EchoRequest, EchoResponse>(kChat, With("good"));
  chat.Attach(stream);
  std::string large(200000, 'x');
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(stream.Write(Say(large + std::to_string(i))));
  stream.WritesDone();
  EXPECT_TRUE(chat.WaitEnd().ok());
  std::vector<EchoResponse> messages = chat.WaitMessages(50);
  ASSERT_EQ(messages.size(), 50u);
  EXPECT_EQ(messages[49].text(), large + "49");
  EXPECT_EQ(first_, std::nullopt);

  Collector count;
  count.Attach(
      outside_->ServerStreaming<EchoRequest, EchoResponse>(kCount, Say("n", 30), With("good")));
  EXPECT_TRUE(count.WaitEnd().ok());
  EXPECT_EQ(count.WaitMessages(30).size(), 30u);
  EXPECT_EQ(first_, Say("n", 30).SerializeAsString());
}

TEST_F(FallbackTest, EndsTravelThrough) {
  Collector chat;
  auto stream = outside_->Bidi<EchoRequest, EchoResponse>(kChat, With("good"));
  chat.Attach(stream);
  stream.Write(Say("fail"));
  EXPECT_EQ(ReasonOf(chat.WaitEnd()), "ECHO_BROKEN");

  Collector stay;
  auto open =
      outside_->ServerStreaming<EchoRequest, EchoResponse>(kCount, Say("stay", 1), With("good"));
  stay.Attach(open);
  EXPECT_EQ(stay.WaitMessages(1).size(), 1u);
  open.Cancel();
  EXPECT_EQ(stay.WaitEnd().code(), absl::StatusCode::kCancelled);
  gateway_->Drain(std::chrono::seconds(10));
  server_->Drain(std::chrono::seconds(10));
  EXPECT_EQ(server_->in_flight(), 0);
}

// Calls broken off at every point, many at once: nothing hangs and nothing is left.
TEST_F(FallbackTest, SurvivesStreamsBrokenOffAnywhere) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      SeededRandom random(static_cast<uint64_t>(t));
      for (int round = 0; round < kRounds; ++round) {
        Collector collector;
        auto stream = outside_->Bidi<EchoRequest, EchoResponse>(kChat, With("good"));
        collector.Attach(stream);
        uint64_t messages = random.Next() % 8;
        for (uint64_t i = 0; i < messages; ++i) stream.Write(Say(std::to_string(i)));
        switch (random.Next() % 4) {
          case 0:
            stream.Cancel();
            break;
          case 1:
            stream.Write(Say("fail"));
            break;
          case 2:
            collector.WaitMessages(random.Next() % (messages + 1));
            stream.Cancel();
            break;
          default:
            stream.WritesDone();
            break;
        }
        (void)collector.WaitEnd();
        CallOptions options = With("good");
        options.deadline = runtime::Deadline::After(std::chrono::seconds(30));
        auto pending = outside_->UnaryAsync<EchoRequest, EchoResponse>(
            kEcho, Say("x"), options, [](absl::StatusOr<EchoResponse>) {});
        if (random.Next() % 2 == 0) pending->Cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  gateway_->Drain(std::chrono::seconds(30));
  server_->Drain(std::chrono::seconds(30));
  EXPECT_EQ(gateway_->in_flight(), 0);
  EXPECT_EQ(server_->in_flight(), 0);
}

}  // namespace
}  // namespace agentflow::rpc
