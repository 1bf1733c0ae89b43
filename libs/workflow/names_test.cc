#include "libs/workflow/names.h"

#include <gtest/gtest.h>

#include "libs/workflow/duration.h"

namespace agentflow::workflow {
namespace {

TEST(Duration, ReadsUnitsLargestFirst) {
  EXPECT_EQ(ParseDurationMs("250ms"), 250);
  EXPECT_EQ(ParseDurationMs("30s"), 30'000);
  EXPECT_EQ(ParseDurationMs("2m"), 120'000);
  EXPECT_EQ(ParseDurationMs("4h"), 14'400'000);
  EXPECT_EQ(ParseDurationMs("1d"), 86'400'000);
  EXPECT_EQ(ParseDurationMs("1h30m"), 5'400'000);
  EXPECT_EQ(ParseDurationMs("1s500ms"), 1'500);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "30", "s", "1.5s", "-1s", "30m1h", "1s1s", "5 m", "1w", "1e3s",
                           "99999999999999999999s", "4000d", "3650d1s"}) {
    EXPECT_EQ(ParseDurationMs(text), std::nullopt) << text;
  }
}

TEST(Duration, FormatsWhatItReads) {
  for (const char* text : {"0s", "250ms", "30s", "1h30m", "1d2h3m4s5ms"}) {
    EXPECT_EQ(FormatDurationMs(*ParseDurationMs(text)), text);
  }
}

TEST(Names, SlugsAndKeywords) {
  EXPECT_TRUE(IsSlug("undo_pay2"));
  for (const char* text : {"", "Pay", "2pay", "_pay", "pay-now", "pay now"}) {
    EXPECT_FALSE(IsSlug(text)) << text;
  }
  EXPECT_FALSE(IsSlug(std::string(64, 'a')));
  EXPECT_TRUE(IsResourceId("refund-triage"));
  EXPECT_TRUE(IsCelKeyword("in"));
  EXPECT_FALSE(IsCelKeyword("inside"));
}

TEST(Names, SlugFromSaysWhatToWriteInstead) {
  EXPECT_EQ(SlugFrom("Pay Customer!"), "pay_customer");
  EXPECT_EQ(SlugFrom("2nd try"), "nd_try");
  EXPECT_EQ(SlugFrom("in"), "in_node");
  EXPECT_EQ(SlugFrom("--"), "node");
}

TEST(Edges, PortsAreOptional) {
  auto edge = ParseEdge("a -> b");
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->source_port, "out");
  EXPECT_EQ(edge->target_port, "in");
  edge = ParseEdge("  pay.error->reply.in ");
  ASSERT_TRUE(edge);
  EXPECT_EQ(edge->source, "pay");
  EXPECT_EQ(edge->source_port, "error");
  EXPECT_EQ(FormatEdge(*edge), "pay.error -> reply");
}

TEST(Edges, RefusesWhatIsNone) {
  for (const char* text :
       {"", "a", "a ->", "-> b", "a -> b -> c", "a b -> c", "a. -> b", "a.b.c -> d", "a - > b"}) {
    EXPECT_FALSE(ParseEdge(text)) << text;
  }
}

TEST(FieldTexts, LeadingEqualsMarksAnExpression) {
  EXPECT_TRUE(ReadFieldText("=a + b").is_expression);
  EXPECT_EQ(ReadFieldText("=a + b").expression, "a + b");
  EXPECT_FALSE(ReadFieldText("==x").is_expression);
  EXPECT_EQ(ReadFieldText("==x").literal, "=x");
  EXPECT_EQ(ReadFieldText("a = b").literal, "a = b");
  EXPECT_EQ(ReadFieldText("").literal, "");
}

TEST(Closest, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(Closest("clasify", {"classify", "pay"}), "classify");
  EXPECT_EQ(Closest("imputs", {"inputs", "nodes"}), "inputs");
  EXPECT_EQ(Closest("zebra", {"classify", "pay"}), "");
}

}  // namespace
}  // namespace agentflow::workflow
