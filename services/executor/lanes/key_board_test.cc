#include "services/executor/lanes/key_board.h"

#include <gtest/gtest.h>

#include "libs/base/lane.h"

namespace agentflow::executor {
namespace {

using Kind = LaneMessage::Kind;

class KeyBoardTest : public ::testing::Test {
 protected:
  static Uuid Execution(int number) {
    std::array<uint8_t, 16> bytes{};
    bytes[0] = static_cast<uint8_t>(number);
    return Uuid(bytes);
  }
  // What the board answers, as "granted 1, canceled 2".
  std::string Send(Kind kind, int execution, uint32_t limit = 1, WhenBusy busy = WhenBusy::kQueue,
                   bool held = false, const std::string& step = "") {
    const LaneMessage message{.kind = kind,
                              .tenant = "acme",
                              .key = "k",
                              .ticket = {Execution(execution), step},
                              .limit = limit,
                              .when_busy = busy,
                              .held = held};
    KeyBoard::Result result = board_.Take(message);
    for (const KeyChange& change : result.changes) {
      const auto name = std::make_pair(change.row.ticket, change.row.key);
      if (change.gone) {
        EXPECT_EQ(stored_.erase(name), 1u);
      } else {
        stored_[name] = change.row;
      }
    }
    std::string text;
    for (const LaneMessage& answer : result.answers) {
      if (!text.empty()) text += ", ";
      text += answer.kind == Kind::kGranted   ? "granted "
              : answer.kind == Kind::kRefused ? "refused "
                                              : "canceled ";
      text += std::to_string(answer.ticket.execution.bytes()[0]) + answer.ticket.step;
    }
    return text;
  }
  std::string Acquire(int execution, uint32_t limit = 1, WhenBusy busy = WhenBusy::kQueue) {
    return Send(Kind::kAcquire, execution, limit, busy);
  }
  std::string Release(int execution) { return Send(Kind::kRelease, execution); }

  KeyBoard board_;
  std::map<std::pair<KeyTicket, std::string>, KeyRow> stored_;
};

TEST_F(KeyBoardTest, TheFirstHoldAndTheOthersWaitInOrder) {
  EXPECT_EQ(Acquire(1, 2), "granted 1");
  EXPECT_EQ(Acquire(2, 2), "granted 2");
  EXPECT_EQ(Acquire(3, 2), "");
  EXPECT_EQ(Acquire(4, 2), "");
  EXPECT_EQ(Release(3), "");  // it leaves the queue
  EXPECT_EQ(Release(1), "granted 4");
  EXPECT_EQ(Release(2), "");
  EXPECT_EQ(Release(4), "");
  EXPECT_TRUE(stored_.empty());
  EXPECT_EQ(board_.size(), 0u);
}

TEST_F(KeyBoardTest, EveryMessageMayComeTwice) {
  EXPECT_EQ(Acquire(1), "granted 1");
  EXPECT_EQ(Acquire(1), "granted 1");
  EXPECT_EQ(Acquire(2), "");
  EXPECT_EQ(Acquire(2), "");
  EXPECT_EQ(Release(1), "granted 2");
  EXPECT_EQ(Release(1), "");
  EXPECT_EQ(stored_.size(), 1u);
}

TEST_F(KeyBoardTest, WhenBusySaysWhoGivesWay) {
  EXPECT_EQ(Acquire(1), "granted 1");
  EXPECT_EQ(Acquire(2, 1, WhenBusy::kCancelNew), "refused 2");
  EXPECT_EQ(Acquire(3, 1, WhenBusy::kCancelRunning), "canceled 1");
  EXPECT_EQ(Acquire(4, 1, WhenBusy::kCancelRunning), "canceled 1, canceled 3");
  EXPECT_EQ(Release(1), "granted 3");
  EXPECT_EQ(Release(3), "granted 4");
  EXPECT_EQ(Acquire(5, 2, WhenBusy::kCancelNew), "granted 5");  // not busy for two
}

TEST_F(KeyBoardTest, StepsOfOneExecutionAreTicketsOfTheirOwn) {
  EXPECT_EQ(Send(Kind::kAcquire, 1, 1, WhenBusy::kQueue, false, "a"), "granted 1a");
  EXPECT_EQ(Send(Kind::kAcquire, 1, 1, WhenBusy::kQueue, false, "b"), "");
  EXPECT_EQ(Send(Kind::kRelease, 1, 1, WhenBusy::kQueue, false, "a"), "granted 1b");
}

TEST_F(KeyBoardTest, AStoredBoardGoesOnWhereItWas) {
  Acquire(1);
  Acquire(2);
  Acquire(3);
  Release(2);
  std::vector<KeyRow> rows;
  for (const auto& [name, row] : stored_) rows.push_back(row);
  board_.Clear();
  board_.Load(rows);
  EXPECT_EQ(board_.size(), 2u);
  EXPECT_EQ(Acquire(1), "granted 1");  // its lane asks again
  EXPECT_EQ(Acquire(4), "");
  EXPECT_EQ(Release(1), "granted 3");
  EXPECT_EQ(Release(3), "granted 4");
  board_.DropLane(LaneOfKey("acme", "k"));
  EXPECT_EQ(board_.size(), 0u);
  // What was granted stays so even where its row is not known.
  EXPECT_EQ(Acquire(5), "granted 5");
  EXPECT_EQ(Send(Kind::kAcquire, 4, 1, WhenBusy::kQueue, /*held=*/true), "granted 4")
      << "who has given it back meanwhile must hear of it";
  EXPECT_EQ(Release(5), "");
  EXPECT_EQ(Acquire(6), "");
}

TEST_F(KeyBoardTest, APlaceThatIsFreeAsItIsLoadedIsGiven) {
  Acquire(1);
  Acquire(2);
  std::vector<KeyRow> rows;
  for (const auto& [name, row] : stored_) {
    if (!row.held) rows.push_back(row);  // the row of the one that held it is gone already
  }
  board_.Clear();
  const KeyBoard::Result result = board_.Load(rows);
  ASSERT_EQ(result.answers.size(), 1u);
  EXPECT_EQ(result.answers[0].kind, Kind::kGranted);
  ASSERT_EQ(result.changes.size(), 1u);
  EXPECT_TRUE(result.changes[0].row.held);
}

TEST(LaneMessageTest, SurvivesItsBytes) {
  SeededRandom random(3);
  const LaneMessage message{.kind = Kind::kAcquire,
                            .tenant = "acme",
                            .key = std::string("a\0b", 3),
                            .ticket = {Uuid::Make(random), "outer.inner#2.5"},
                            .limit = 7,
                            .when_busy = WhenBusy::kCancelRunning,
                            .held = true};
  EXPECT_EQ(DecodeLaneMessage(Encode(message)), message);
  const LaneMessage refused{.kind = Kind::kRefused,
                            .tenant = "acme",
                            .key = "k",
                            .ticket = {Uuid::Make(random), ""},
                            .reason = "KEY_BUSY"};
  EXPECT_EQ(DecodeLaneMessage(Encode(refused)), refused);
  EXPECT_EQ(DecodeLaneMessage("garbage"), std::nullopt);
  EXPECT_EQ(LaneOfMessage(refused), LaneOf(refused.ticket.execution));
  EXPECT_EQ(LaneOfMessage(message), LaneOfKey("acme", message.key));
  EXPECT_NE(LaneOfKey("acme", "k"), LaneOfKey("rival", "k"));
}

}  // namespace
}  // namespace agentflow::executor
