#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/redis/client.h"
#include "libs/redis/streams.h"
#include "libs/testing/redis.h"

namespace agentflow::redis {
namespace {

class RedisTest : public ::testing::Test {
 protected:
  testing::RedisForTest server_;
  Client client_{{.url = server_.url()}};
};

TEST_F(RedisTest, CommandsAreAnswered) {
  ASSERT_TRUE(client_.Call({"SET", "key", std::string_view("a\0b", 3)}).ok());
  EXPECT_EQ(client_.Call({"GET", "key"})->text, std::string("a\0b", 3));
  EXPECT_TRUE(client_.Call({"GET", "none"})->is_nil());
  EXPECT_EQ(client_.Call({"INCR", "counter"})->number, 1);
  EXPECT_EQ(client_.Call({"EVAL", "return ARGV[1]", "0", "x"})->text, "x");
  auto wrong = client_.Call({"INCR", "key"});
  EXPECT_EQ(ReasonOf(wrong.status()), "REDIS_ERROR");
  EXPECT_TRUE(client_.Call({"PING"}).ok());
}

TEST_F(RedisTest, APipelineAnswersEachCommandInOrder) {
  client_.Queue({"SET", "a", "1"});
  client_.Queue({"HGET", "a", "field"});  // refused: not a hash
  client_.Queue({"GET", "a"});
  EXPECT_EQ(client_.Call({"PING"})->text, "PONG");  // does not mix with what waits
  auto replies = client_.Flush();
  ASSERT_TRUE(replies.ok()) << replies.status();
  ASSERT_EQ(replies->size(), 3u);
  EXPECT_TRUE((*replies)[1].is_error());
  EXPECT_EQ((*replies)[2].text, "1");
  EXPECT_EQ(client_.queued(), 0u);
}

TEST_F(RedisTest, ABrokenConnectionFailsOnceAndIsMadeAgain) {
  ASSERT_TRUE(client_.Call({"SET", "a", "1"}).ok());
  server_.Restart();
  EXPECT_EQ(ReasonOf(client_.Call({"GET", "a"}).status()), "REDIS_UNAVAILABLE");
  EXPECT_TRUE(client_.Call({"GET", "a"})->is_nil());
}

TEST_F(RedisTest, NobodyThereIsUnavailable) {
  Client client({.url = "redis://127.0.0.1:1"});
  EXPECT_EQ(ReasonOf(client.Call({"PING"}).status()), "REDIS_UNAVAILABLE");
  Client broken({.url = "http://x"});
  EXPECT_EQ(ReasonOf(broken.Call({"PING"}).status()), "REDIS_URL_INVALID");
}

TEST_F(RedisTest, TheIncarnationTellsRestartsAndFlushes) {
  const std::string first = *client_.Incarnation();
  EXPECT_EQ(*client_.Incarnation(), first);
  ASSERT_TRUE(client_.Call({"FLUSHALL"}).ok());
  const std::string flushed = *client_.Incarnation();
  EXPECT_NE(flushed, first);
  server_.Restart();
  client_.Disconnect();
  EXPECT_NE(*client_.Incarnation(), flushed);
}

TEST_F(RedisTest, AStreamIsAQueue) {
  ASSERT_TRUE(EnsureGroup(client_, "s", "g").ok());
  ASSERT_TRUE(EnsureGroup(client_, "s", "g").ok());
  for (const char* value : {"one", "two", "three"}) QueueAdd(client_, "s", "t", value);
  ASSERT_TRUE(client_.Flush().ok());
  auto batches = ReadGroup(client_, "g", "c1", {"s"}, 2, 0);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_EQ(batches->size(), 1u);
  ASSERT_EQ((*batches)[0].entries.size(), 2u);
  EXPECT_EQ((*batches)[0].entries[0].Field("t"), "one");
  EXPECT_EQ((*batches)[0].entries[0].Field("none"), "");
  QueueAckDelete(client_, "s", "g", {(*batches)[0].entries[0].id});
  ASSERT_TRUE(client_.Flush().ok());
  // What c1 read and did not acknowledge can be taken over.
  auto claimed = AutoClaim(client_, "s", "g", "c2", 0, 10);
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ((*claimed)[0].Field("t"), "two");
  EXPECT_EQ(ReadGroup(client_, "g", "c2", {"s"}, 10, 0)->at(0).entries[0].Field("t"), "three");
  EXPECT_TRUE(ReadGroup(client_, "g", "c2", {"s"}, 10, 1)->empty());
  ASSERT_TRUE(client_.Call({"FLUSHALL"}).ok());
  EXPECT_EQ(ReasonOf(ReadGroup(client_, "g", "c2", {"s"}, 10, 0).status()), "REDIS_GROUP_MISSING");
}

}  // namespace
}  // namespace agentflow::redis
