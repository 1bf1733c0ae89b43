#include "services/executor/feed/recent_rows.h"

#include <gtest/gtest.h>

namespace agentflow::executor {
namespace {

FeedRow Row(const std::string& committer, int64_t sequence, const std::string& body = "body") {
  return {.committer = committer, .sequence = sequence, .commit_time = sequence, .body = body};
}

// "c/0:5 c/0:6", or "ask" where the database has to be asked.
std::string After(const RecentRows& recent, const FeedCursors& cursors, int limit = 100) {
  const auto rows = recent.After(cursors, limit);
  if (!rows) return "ask";
  std::string text;
  for (const FeedRow& row : *rows) {
    text += (text.empty() ? "" : " ") + row.committer + ":" + std::to_string(row.sequence);
  }
  return text;
}

TEST(RecentRowsTest, GivesWhatFollowsTheCursor) {
  RecentRows recent(1'000);
  EXPECT_EQ(After(recent, {}), "");
  for (int64_t sequence : {8, 9, 10}) recent.Add(Row("c/0", sequence));
  EXPECT_EQ(After(recent, {{"c/0", 7}}), "c/0:8 c/0:9 c/0:10");
  EXPECT_EQ(After(recent, {{"c/0", 9}}), "c/0:10");
  EXPECT_EQ(After(recent, {{"c/0", 10}}), "");
  EXPECT_EQ(After(recent, {{"c/0", 7}}, 2), "c/0:8 c/0:9");
  EXPECT_EQ((*recent.After({{"c/0", 9}}, 1))[0].body, "body");
}

TEST(RecentRowsTest, WhoIsFurtherBehindAsksTheDatabase) {
  RecentRows recent(1'000);
  recent.Add(Row("c/0", 8));
  EXPECT_EQ(After(recent, {{"c/0", 6}}), "ask");
  EXPECT_EQ(After(recent, {}), "ask");
}

TEST(RecentRowsTest, CommitsWithoutARowAreNoGap) {
  RecentRows recent(1'000);
  recent.Add(Row("c/0", 8));
  recent.Add(Row("c/0", 9, ""));
  recent.Add(Row("c/0", 10));
  EXPECT_EQ(After(recent, {{"c/0", 8}}), "c/0:10");
  recent.Add(Row("c/0", 12));  // 11 may be durable
  EXPECT_EQ(After(recent, {{"c/0", 10}}), "ask");
  EXPECT_EQ(After(recent, {{"c/0", 11}}), "c/0:12");
}

TEST(RecentRowsTest, KeepsItsBytes) {
  RecentRows recent(10);
  for (int64_t sequence : {1, 2, 3}) recent.Add(Row("c/0", sequence, "four"));
  EXPECT_EQ(After(recent, {}), "ask");
  EXPECT_EQ(After(recent, {{"c/0", 1}}), "c/0:2 c/0:3");
  recent.Add(Row("c/0", 4, std::string(11, 'x')));
  EXPECT_EQ(After(recent, {{"c/0", 3}}), "ask");
  EXPECT_EQ(After(recent, {{"c/0", 4}}), "");
}

TEST(RecentRowsTest, CommittersAreFollowedEachByItself) {
  RecentRows recent(1'000);
  recent.Add(Row("c/0", 5));
  recent.Add(Row("c/1", 30));
  EXPECT_EQ(After(recent, {{"c/0", 4}, {"c/1", 29}, {"gone/0", 2}}), "c/0:5 c/1:30");
  EXPECT_EQ(After(recent, {{"c/0", 4}, {"c/1", 2}}), "ask");
}

}  // namespace
}  // namespace agentflow::executor
