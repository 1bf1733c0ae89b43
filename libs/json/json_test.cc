#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::json {
namespace {

TEST(Parse, GivesTheKindsOfTheNumberRule) {
  struct Case { const char* text; Value::Kind kind; };
  for (const Case& c : {Case{"1", Value::Kind::kInt}, Case{"1.0", Value::Kind::kInt},
                        Case{"1e3", Value::Kind::kInt}, Case{"1.5", Value::Kind::kDouble},
                        Case{"9007199254740992", Value::Kind::kInt},
                        Case{"9007199254740993", Value::Kind::kDouble},
                        Case{"-9007199254740993", Value::Kind::kDouble},
                        Case{"18446744073709551615", Value::Kind::kDouble}}) {
    auto value = Parse(c.text);
    ASSERT_TRUE(value.ok()) << c.text;
    EXPECT_EQ(value->kind(), c.kind) << c.text;
  }
}

TEST(Parse, RefusesWithReason) {
  std::string deep = std::string(33, '[') + std::string(33, ']');
  struct Case { std::string text; const char* reason; };
  for (const Case& c : {Case{"{", "JSON_MALFORMED"}, Case{"", "JSON_MALFORMED"},
                        Case{"{\"a\":1} x", "JSON_MALFORMED"}, Case{"\"\xff\"", "JSON_MALFORMED"},
                        Case{"1e999", "JSON_MALFORMED"},
                        Case{R"({"a":1,"a":2})", "JSON_DUPLICATE_KEY"},
                        Case{deep, "JSON_TOO_DEEP"}}) {
    EXPECT_EQ(ReasonOf(Parse(c.text).status()), c.reason) << c.text;
  }
  EXPECT_TRUE(Parse(std::string(32, '[') + std::string(32, ']')).ok());
  EXPECT_EQ(ReasonOf(Parse("12345", {.bytes = 4}).status()), "JSON_TOO_LARGE");
}

TEST(Parse, NamesThePosition) {
  EXPECT_NE(MessageOf(Parse("{\"a\": }").status()).find("line 1, column 7"), std::string::npos);
}

TEST(Dump, RoundTrips) {
  const char* text = R"({"a":[1,2.5,"x\n\u0001",null,true],"b":{}})";
  EXPECT_EQ(Dump(*Parse(text)), text);
  EXPECT_EQ(DumpPretty(*Parse(R"({"a":[1],"b":[]})")), "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}");
}

// The number samples of RFC 8785, appendix B.
TEST(DumpCanonical, WritesNumbersAsTheStandardSays) {
  struct Case { double number; const char* text; };
  for (const Case& c : {Case{0.0, "0"}, Case{-0.0, "0"}, Case{5e-324, "5e-324"},
                        Case{1.7976931348623157e308, "1.7976931348623157e+308"},
                        Case{9007199254740992.0, "9007199254740992"},
                        Case{295147905179352830000.0, "295147905179352830000"},
                        Case{9.999999999999997e22, "9.999999999999997e+22"}, Case{1e23, "1e+23"},
                        Case{999999999999999700000.0, "999999999999999700000"},
                        Case{1e21, "1e+21"}, Case{9.999999999999997e-7, "9.999999999999997e-7"},
                        Case{0.000001, "0.000001"}, Case{333333333.3333332, "333333333.3333332"},
                        Case{-0.0000033333333333333333, "-0.0000033333333333333333"}}) {
    EXPECT_EQ(DumpCanonical(Value(c.number)), c.text);
  }
}

TEST(DumpCanonical, SortsByUtf16) {
  auto value = Parse("{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x82\":2,\"a\":3}");
  EXPECT_EQ(DumpCanonical(*value), "{\"a\":3,\"\xf0\x9f\x98\x82\":2,\"\xef\xac\xb3\":1}");
}

TEST(Value, ComparesDeeplyAndAcrossNumberKinds) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(*Parse("[1,{\"a\":\"b\"}]"), (Value(Array{1, Object{{"a", "b"}}})));
  EXPECT_FALSE(Value("1") == Value(1));
}

TEST(Object, KeepsTheLastOfEqualKeysAndStaysSorted) {
  Object object{{"b", 1}, {"a", 2}, {"b", 3}};
  EXPECT_EQ(object.size(), 2u);
  EXPECT_EQ(object.Find("b")->as_int(), 3);
  object.Set("aa", 4);
  EXPECT_EQ(Dump(Value(object)), R"({"a":2,"aa":4,"b":3})");
  EXPECT_TRUE(object.Erase("aa"));
  EXPECT_FALSE(object.Erase("aa"));
}

TEST(Resolve, FollowsPointers) {
  Value root = *Parse(R"({"a":[{"b/c":1,"~":2}]})");
  EXPECT_EQ(Resolve(root, "/a/0/b~1c")->as_int(), 1);
  EXPECT_EQ(Resolve(root, "/a/0/~0")->as_int(), 2);
  EXPECT_EQ(Resolve(root, ""), &root);
  for (const char* nowhere : {"a", "/a/1", "/a/00", "/a/-", "/x", "/a/0/b~2c"}) {
    EXPECT_EQ(Resolve(root, nowhere), nullptr) << nowhere;
  }
}

}  // namespace
}  // namespace agentflow::json
