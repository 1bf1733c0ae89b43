#include "libs/pg/listener.h"

#include <gtest/gtest.h>

#include <semaphore>

#include "libs/testing/postgres.h"

namespace agentflow::pg {
namespace {

class ListenerTest : public ::testing::Test {
 protected:
  ListenerOptions Options() {
    return {.url = database_.Url("monitor_app"),
            .name = "listener-test",
            .channel = "news",
            .quiet = std::chrono::hours(1)};
  }
  bool Looked() { return looks_.try_acquire_for(std::chrono::seconds(30)); }

  testing::PostgresForTest database_;
  std::counting_semaphore<> looks_{0};
};

TEST_F(ListenerTest, LooksAtFirstAndAfterEveryNotice) {
  Listener listener(Options(), [this] { looks_.release(); });
  ASSERT_TRUE(Looked());
  for (int i = 0; i < 3; ++i) {
    database_.Sql("NOTIFY news");
    EXPECT_TRUE(Looked());
  }
  database_.Sql("NOTIFY weather");
  EXPECT_FALSE(looks_.try_acquire_for(std::chrono::milliseconds(100)));
}

TEST_F(ListenerTest, LooksAgainAndListensOnWhenItsSessionIsLost) {
  ::testing::internal::CaptureStderr();
  Listener listener(Options(), [this] { looks_.release(); });
  ASSERT_TRUE(Looked());
  database_.Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'listener-test'");
  ASSERT_TRUE(Looked());
  // The look after the loss comes when the new session listens.
  database_.Sql("NOTIFY news");
  EXPECT_TRUE(Looked());
  // Nothing but lines of the log goes to stderr.
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("FATAL"), std::string::npos);
}

TEST_F(ListenerTest, LooksOftenWhileTheServerIsAway) {
  ListenerOptions options = Options();
  options.url = "postgresql://nobody@127.0.0.1:1/none";
  options.away = std::chrono::milliseconds(1);
  Listener listener(options, [this] { looks_.release(); });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Looked());
}

}  // namespace
}  // namespace agentflow::pg
