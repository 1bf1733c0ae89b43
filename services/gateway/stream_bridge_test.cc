#include "services/gateway/stream_bridge.h"

#include "gtest/gtest.h"

namespace agentflow::gateway {
namespace {

TEST(TokenOfSubprotocols, FindsTheToken) {
  EXPECT_EQ(TokenOfSubprotocols("agentflow.v1, bearer.abc.def"), "abc.def");
  EXPECT_EQ(TokenOfSubprotocols("bearer.x"), "x");
  EXPECT_EQ(TokenOfSubprotocols("agentflow.v1"), "");
  EXPECT_EQ(TokenOfSubprotocols(""), "");
}

class FakeStream final : public LiveStream {
 public:
  void End(const absl::Status&) override { ++ended; }
  void Tick() override { ++ticks; }
  int ended = 0;
  int ticks = 0;
};

CallerPtr CallerOf(const std::string& tenant, const std::string& name, UnixMicros expires = 0) {
  auto principal = std::make_shared<auth::Principal>();
  principal->tenant = tenant;
  principal->name = name;
  auto caller = std::make_shared<Caller>();
  caller->principal = principal;
  caller->expires = expires;
  return caller;
}

TEST(LiveStreams, EndWithTheirCredential) {
  LiveStreams live;
  auto one = std::make_shared<FakeStream>();
  auto two = std::make_shared<FakeStream>();
  auto three = std::make_shared<FakeStream>();
  live.Add(one, CallerOf("acme", "users/1", 1000));
  live.Add(two, CallerOf("acme", "users/2"));
  live.Add(three, CallerOf("other", "users/1"));
  live.Tick(999);
  EXPECT_EQ(one->ended, 0);
  EXPECT_EQ(one->ticks, 1);
  live.Tick(1000);
  EXPECT_EQ(one->ended, 1);
  live.EndOf("acme", "users/2");
  EXPECT_EQ(two->ended, 1);
  EXPECT_EQ(three->ended, 0);
  live.EndOf("other", "");
  EXPECT_EQ(three->ended, 1);
  two.reset();
  live.Remove(one.get());
  live.Tick(1);
  EXPECT_EQ(live.size(), 1u);
}

}  // namespace
}  // namespace agentflow::gateway
