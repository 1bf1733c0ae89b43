#include "libs/workflow/source_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "libs/base/status.h"

namespace agentflow::workflow {
namespace {

std::string Json(std::string_view yaml) {
  auto parsed = ParseYaml(yaml);
  return parsed.ok() ? json::Dump(parsed->value) : parsed.status().ToString();
}

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
  struct Case {
    const char* yaml;
    const char* json;
  };
  const Case cases[] = {
      {"no", "\"no\""},
      {"yes", "\"yes\""},
      {"on", "\"on\""},
      {"true", "true"},
      {"False", "false"},
      {"tRue", "\"tRue\""},
      {"null", "null"},
      {"~", "null"},
      {"v:", "{\"v\":null}"},
      {"nUll", "\"nUll\""},
      {"1e3", "1000"},
      {"1.5", "1.5"},
      {"-12", "-12"},
      {"+12", "12"},
      {"017", "17"},
      {"0o17", "15"},
      {"0x1F", "31"},
      {"0o9", "\"0o9\""},
      {"0b11", "\"0b11\""},
      {"1_000", "\"1_000\""},
      {"12:30", "\"12:30\""},
      {"2026-01-01", "\"2026-01-01\""},
      {"2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\""},
      {".5", "0.5"},
      {"5.", "5"},
      {"1e", "\"1e\""},
      {".", "\".\""},
      {"-", "[null]"},
      {"'1'", "\"1\""},
      {"\"true\"", "\"true\""},
      {"!!str 1", "\"1\""},
      {"!!int 3", "3"},
      {"!!float 3", "3"},
      {"! 3", "\"3\""},
      {"9007199254740993", "9007199254740992"},
      {"1.0", "1"},
      {"=inputs.x", "\"=inputs.x\""},
      {"|\n  a\n  b\n", "\"a\\nb\\n\""},
      {">-\n  a\n  b\n", "\"a b\""},
  };
  for (const Case& c : cases) EXPECT_EQ(Json(c.yaml), c.json) << c.yaml;
}

TEST(Yaml, KeysAreText) {
  EXPECT_EQ(Json("no: 1\n1: 2\ntrue: 3"), R"({"1":2,"no":1,"true":3})");
}

TEST(Yaml, AliasesAreFollowed) {
  EXPECT_EQ(Json("a: &x {k: 1}\nb: *x"), R"({"a":{"k":1},"b":{"k":1}})");
}

struct Refused {
  const char* text;
  const char* reason;
  int line;
  int column;
};

void ExpectRefused(const Refused& c, const TextLimits& limits = {}) {
  auto parsed = ParseText(c.text, limits);
  ASSERT_FALSE(parsed.ok()) << c.text;
  EXPECT_EQ(ReasonOf(parsed.status()), c.reason) << c.text << "\n" << parsed.status();
  if (c.line == 0) return;
  EXPECT_EQ(MetadataOf(parsed.status())["line"], std::to_string(c.line)) << c.text;
  EXPECT_EQ(MetadataOf(parsed.status())["column"], std::to_string(c.column)) << c.text;
}

TEST(Text, RefusalsNameThePlace) {
  const Refused cases[] = {
      {"", "TEXT_EMPTY", 0, 0},
      {" \n\t\n", "TEXT_EMPTY", 0, 0},
      {"a: 1\na: 2\n", "DUPLICATE_KEY", 2, 1},
      {"a: {b: 1, b: 2}\n", "DUPLICATE_KEY", 1, 11},
      {"a:\n  <<: {b: 1}\n", "YAML_MERGE_KEY", 2, 3},
      {"a: !python/object x\n", "YAML_TAG_UNKNOWN", 1, 4},
      {"a: !!binary AAAA\n", "YAML_TAG_UNKNOWN", 1, 4},
      {"a: .inf\n", "YAML_NUMBER_NOT_JSON", 1, 4},
      {"a: .NaN\n", "YAML_NUMBER_NOT_JSON", 1, 4},
      {"a: 1e999\n", "YAML_NUMBER_NOT_JSON", 1, 4},
      {"? [a, b]\n: 1\n", "YAML_KEY_NOT_TEXT", 1, 3},
      {"a: 1\n---\nb: 2\n", "YAML_MANY_DOCUMENTS", 3, 1},
      {"a: [1, 2\n", "YAML_MALFORMED", 2, 1},
      {"a: 'open\n", "YAML_MALFORMED", 1, 4},
      {"a: \"open \\\"\n", "YAML_MALFORMED", 1, 4},
      {"'open: 1\n", "YAML_MALFORMED", 1, 1},
      {"a: &x [*x]\n", "YAML_MALFORMED", 1, 8},
      {"a: *nowhere\n", "YAML_MALFORMED", 1, 4},
      {"a: \xff\n", "TEXT_NOT_UTF8", 0, 0},
      {"{\"a\": 1,\n \"a\": 2}", "DUPLICATE_KEY", 2, 2},
      {"{\"a\": 1,\n \"b\" 2}", "JSON_MALFORMED", 2, 6},
  };
  for (const Refused& c : cases) ExpectRefused(c);
}

TEST(Text, AnExpressionThatYamlReadsAsItsOwnIsToBeQuoted) {
  for (const char* text : {"a: {v: =inputs.?x}\n", "a: {v: =inputs.?x.orValue(1), w: 2}\n",
                           "a: [=inputs.?x, 1]\n"}) {
    const auto parsed = ParseText(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(ReasonOf(parsed.status()), "YAML_MALFORMED") << parsed.status();
    EXPECT_NE(MessageOf(parsed.status()).find("quotes"), std::string::npos) << parsed.status();
  }
  EXPECT_TRUE(ParseText("a: {v: \"=inputs.?x\"}\nb: =inputs.?x\n").ok());
  EXPECT_EQ(MessageOf(ParseText("a: [1, 2\n").status()).find("quotes"), std::string::npos);
}

TEST(Text, LimitsAreAnswered) {
  ExpectRefused({"a: [[[1]]]", "TEXT_TOO_DEEP", 1, 6}, {.depth = 3});
  ExpectRefused({R"({"a": [[[1]]]})", "TEXT_TOO_DEEP", 1, 9}, {.depth = 3});
  ExpectRefused({"a: &x [[1]]\nb: [*x]\n", "TEXT_TOO_DEEP", 2, 5}, {.depth = 3});
  ExpectRefused({"a: 12345", "TEXT_TOO_LARGE", 0, 0}, {.bytes = 5});
  ExpectRefused({"a: &x 1\nb: [*x, *x]\n", "YAML_ALIAS_LIMIT", 2, 9}, {.aliases = 1});
  std::string long_text =
      "a: &x " + std::string(300'000, 'x') + "\nb: [*x, *x, *x, *x, *x, *x, *x]\n";
  EXPECT_TRUE(ParseText(long_text.substr(0, long_text.size() - 6) + "]\n").ok());
  EXPECT_EQ(ReasonOf(ParseText(long_text).status()), "YAML_ALIAS_LIMIT");
  // Each line doubles: a billion laughs ends at the bound on values.
  std::string laughs = "l0: &l0 [1, 1]\n";
  for (int i = 1; i < 40; ++i) {
    std::string previous = "*l" + std::to_string(i - 1);
    laughs += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " " + "[" + previous + ", " +
              previous + "]\n";
  }
  auto parsed = ParseText(laughs, {.depth = 100});
  EXPECT_EQ(ReasonOf(parsed.status()), "YAML_ALIAS_LIMIT");
  EXPECT_EQ(ReasonOf(ParseText(std::string(100'000, '[')).status()), "TEXT_TOO_DEEP");
}

TEST(Text, PositionsOfEveryValue) {
  const char* yaml = "nodes:\n  pay: {type: x}\n  list:\n    - a\n    - 'ü': b\n";
  auto parsed = ParseText(yaml);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const Positions& at = parsed->positions;
  EXPECT_EQ(at.Find("/nodes/pay"), (Position{2, 8}));
  EXPECT_EQ(at.Find("/nodes/pay/type"), (Position{2, 15}));
  EXPECT_EQ(at.Find("/nodes/list/0"), (Position{4, 7}));
  EXPECT_EQ(at.Find("/nodes/list/1/ü"), (Position{5, 12}));
  EXPECT_EQ(at.Find("/nodes/pay/missing/deep"), (Position{2, 8}));

  auto as_json = ParseText("{\n  \"nodes\": {\"a/b\": [1, \"x\", {\"c\": null}], \"ü\": 2}\n}");
  ASSERT_TRUE(as_json.ok()) << as_json.status();
  EXPECT_EQ(as_json->format, TextFormat::kJson);
  EXPECT_EQ(as_json->positions.Find("/nodes/a~1b/0"), (Position{2, 21}));
  EXPECT_EQ(as_json->positions.Find("/nodes/a~1b/2/c"), (Position{2, 35}));
  EXPECT_EQ(as_json->positions.Find("/nodes/ü"), (Position{2, 48}));
}

TEST(Text, WhereTheContentOfAScalarBegins) {
  auto parsed = ParseText("a: =x\nb: \"=x\"\nc: |\n  =x\n");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->positions.FindContent("/a"), (Position{1, 4}));
  EXPECT_EQ(parsed->positions.FindContent("/b"), (Position{2, 5}));
  EXPECT_EQ(parsed->positions.FindContent("/c"), (Position{0, 0}));
  EXPECT_EQ(parsed->positions.FindContent("/none"), (Position{0, 0}));
}

// Text with random changes: an answer, a position inside the text, and no crash.
TEST(Text, TakesAnyText) {
  std::ifstream file("libs/workflow/testdata/review.yaml");
  std::stringstream yaml;
  yaml << file.rdbuf();
  auto parsed = ParseText(yaml.str());
  ASSERT_TRUE(parsed.ok());
  const std::string texts[] = {yaml.str(), json::DumpPretty(parsed->value)};
  const std::string pieces[] = {"\"",
                                "'",
                                "{",
                                "}",
                                "[",
                                "]",
                                ":",
                                ",",
                                "- ",
                                "\n",
                                "  ",
                                "&a",
                                "*a",
                                "!x ",
                                "!!int ",
                                "|",
                                ">-",
                                "#",
                                "%",
                                "---\n",
                                "...\n",
                                "\t",
                                "\\",
                                "\xc3",
                                "\xef\xbb\xbf",
                                "<<: ",
                                "? ",
                                "~",
                                std::string(1, '\0')};
  std::mt19937 random(5);
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = texts[i % 2];
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      size_t at = random() % text.size();
      if (random() % 2 == 0)
        text.insert(at, pieces[random() % std::size(pieces)]);
      else
        text.erase(at, 1 + random() % 5);
    }
    auto result = ParseText(text);
    accepted += result.ok();
    if (result.ok()) continue;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    ErrorMetadata metadata = MetadataOf(result.status());
    if (metadata.contains("line")) {
      EXPECT_LE(std::stoi(metadata["line"]), lines + 1) << text << result.status();
      EXPECT_GE(std::stoi(metadata["column"]), 1) << text << result.status();
    }
  }
  EXPECT_GT(accepted, 100);
}

TEST(Text, JsonLookingYamlIsYaml) {
  auto parsed = ParseText("{a: 1, b: [x]}");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->format, TextFormat::kYaml);
  EXPECT_EQ(json::Dump(parsed->value), R"({"a":1,"b":["x"]})");
}

}  // namespace
}  // namespace agentflow::workflow
