#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "services/designer/expressions/context_cache.h"
#include "services/designer/expressions/evaluation.h"
#include "services/designer/expressions/text_positions.h"

namespace agentflow::designer {
namespace {

constexpr OffsetUnit kUnits[] = {OffsetUnit::kUtf8Bytes, OffsetUnit::kUtf16Units,
                                 OffsetUnit::kCodePoints};

TEST(TextPositions, CountsInTheUnitOfTheCaller) {
  // One, two, three and four bytes; the last is a surrogate pair in UTF-16.
  const std::string text = "aä€😀\n'😀' + b";
  const auto b = static_cast<uint32_t>(text.find("b"));
  struct Case {
    OffsetUnit unit;
    int32_t b_offset, b_column, smile_length;
  };
  for (const Case& c :
       {Case{OffsetUnit::kUtf8Bytes, 20, 10, 4}, Case{OffsetUnit::kUtf16Units, 13, 8, 2},
        Case{OffsetUnit::kCodePoints, 11, 7, 1}}) {
    const TextPositions positions(text, c.unit);
    const TextPositions::Place place = positions.Of(b, b + 1);
    EXPECT_EQ(place.offset, c.b_offset);
    EXPECT_EQ(place.length, 1);
    EXPECT_EQ(place.line, 2);
    EXPECT_EQ(place.column, c.b_column);
    EXPECT_EQ(positions.Of(6, 10).length, c.smile_length);
    EXPECT_EQ(*positions.ByteAt(c.b_offset), b);
    EXPECT_EQ(positions.ByteOfLine(2, 7), b);
  }
}

TEST(TextPositions, ACursorStandsBetweenCharacters) {
  const std::string text = "ä😀";
  for (OffsetUnit unit : kUnits) {
    const TextPositions positions(text, unit);
    const int32_t end = positions.Of(0, 6).length;
    EXPECT_EQ(*positions.ByteAt(0), 0u);
    EXPECT_EQ(*positions.ByteAt(end), 6u);
    for (int64_t bad : {int64_t{-1}, int64_t{end} + 1, int64_t{1} << 40}) {
      absl::Status status = positions.ByteAt(bad).status();
      EXPECT_EQ(ReasonOf(status), "CURSOR_INVALID") << bad;
      EXPECT_EQ(MetadataOf(status)[kErrorField], "cursor");
    }
  }
  EXPECT_FALSE(TextPositions(text, OffsetUnit::kUtf8Bytes).ByteAt(1).ok()) << "inside ä";
  EXPECT_FALSE(TextPositions(text, OffsetUnit::kUtf16Units).ByteAt(2).ok()) << "inside the pair";
  EXPECT_EQ(*TextPositions(text, OffsetUnit::kUtf16Units).ByteAt(1), 2u);
}

TEST(TextPositions, WhatLiesBehindTheTextIsItsEnd) {
  const TextPositions positions("ab", OffsetUnit::kUtf8Bytes);
  EXPECT_EQ(positions.Of(7, 9).offset, 2);
  EXPECT_EQ(positions.Of(7, 9).length, 0);
  EXPECT_EQ(positions.ByteOfLine(9, 1), 2u);
  EXPECT_EQ(positions.ByteOfLine(1, 9), 2u);
  EXPECT_EQ(TextPositions("", OffsetUnit::kCodePoints).ByteOfLine(2, 2), 0u);
}

TEST(EndOfToken, IsThatOfAWordAnOperatorOrACharacter) {
  EXPECT_EQ(EndOfToken("foo.bar", 0), 3u);
  EXPECT_EQ(EndOfToken("a&&b", 1), 3u);
  EXPECT_EQ(EndOfToken("1/0", 1), 2u);
  EXPECT_EQ(EndOfToken("a€", 1), 4u);
  EXPECT_EQ(EndOfToken("a", 1), 1u);
}

json::Value DocumentOf(int number) {
  return json::Object{{"nodes", json::Object{{"n" + std::to_string(number), json::Object{}}}}};
}

TEST(ContextCache, AnalysesADocumentOnceAndForgetsTheOldest) {
  const int64_t one = DocumentOf(1).ByteSize();
  ContextCache cache(2 * one, nullptr);
  int loads = 0;
  auto get = [&](int number) {
    auto context = cache.Get("hash" + std::to_string(number), [&]() -> absl::StatusOr<json::Value> {
      ++loads;
      return DocumentOf(number);
    });
    ASSERT_TRUE(context.ok()) << context.status();
    EXPECT_TRUE((*context)->PlaceOfNode("n" + std::to_string(number)).ok());
  };
  get(1);
  get(2);
  get(1);
  EXPECT_EQ(loads, 2);
  get(3);  // 2 was used longest ago
  get(1);
  EXPECT_EQ(loads, 3);
  get(2);
  EXPECT_EQ(loads, 4);
  EXPECT_LE(cache.bytes(), 2 * one);
}

TEST(ContextCache, KeepsNothingThatIsTooLargeOrCouldNotBeLoaded) {
  ContextCache cache(1, nullptr);
  EXPECT_TRUE(cache.Get("h", [] { return DocumentOf(1); }).ok());
  EXPECT_EQ(cache.bytes(), 0);
  auto failed =
      cache.Get("h", [] { return absl::StatusOr<json::Value>(NotFound("GONE", "gone")); });
  EXPECT_EQ(ReasonOf(failed.status()), "GONE");
}

Outcome Try(const std::string& text, const ExpressionLimits& limits = {}) {
  cel::Compiled compiled = cel::Compile(text, cel::Environment());
  EXPECT_NE(compiled.program, nullptr) << text;
  return Evaluate(*compiled.program, cel::EmptyActivation(), limits, nullptr);
}

TEST(Evaluation, GivesValueTypeAndCost) {
  struct Case {
    const char *text, *json, *type;
  };
  for (const Case& c :
       {Case{"1 + 1", "2", "int"}, Case{"1.0 + 1.0", "2", "double"}, Case{"'a'", "\"a\"", "string"},
        Case{"[1, 2]", "[1,2]", "list"}, Case{"null", "null", "null_type"},
        Case{"timestamp('2024-01-01T00:00:00Z')", "\"2024-01-01T00:00:00Z\"",
             "google.protobuf.Timestamp"},
        Case{"{'a': b'x'}", "{\"a\":\"eA==\"}", "map"}}) {
    const Outcome outcome = Try(c.text);
    ASSERT_TRUE(outcome.error.ok()) << c.text << outcome.error;
    EXPECT_EQ(json::Dump(*outcome.value), c.json);
    EXPECT_EQ(outcome.type, c.type);
    EXPECT_GE(outcome.cost, 0);
  }
  EXPECT_GT(Try("[1, 2, 3].map(x, x * 2).exists(x, x == 6)").cost, 3);
}

TEST(Evaluation, EndsAtEachLimit) {
  struct Case {
    std::string text;
    ExpressionLimits limits;
    std::string reason;
  };
  const std::string many = "['a','b','c','d','e','f','g','h']";
  std::string nested = "1";
  for (int i = 0; i < 40; ++i) nested = "[" + nested + "]";
  for (const Case& c :
       {Case{many + ".all(x, " + many + ".all(y, x + y != ''))", {.cost = 20}, "EXPRESSION_LIMIT"},
        Case{many + ".map(x, " + many + ".map(y, x + y))",
             {.memory_bytes = 1024},
             "EXPRESSION_LIMIT"},
        Case{many, {.result_bytes = 10}, "EXPRESSION_LIMIT"}, Case{nested, {}, "EXPRESSION_RESULT"},
        Case{"9007199254740993", {}, "EXPRESSION_RESULT"},
        Case{"1.0 / 0.0", {}, "EXPRESSION_RESULT"}, Case{"1 / 0", {}, "EXPRESSION_FAILED"}}) {
    const Outcome outcome = Try(c.text, c.limits);
    EXPECT_EQ(ReasonOf(outcome.error), c.reason) << c.text << ": " << outcome.error;
    EXPECT_FALSE(outcome.value.has_value());
    EXPECT_FALSE(MessageOf(outcome.error).empty());
  }
}

}  // namespace
}  // namespace agentflow::designer
