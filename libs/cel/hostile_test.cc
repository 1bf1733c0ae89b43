#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/complete.h"

// Texts and data made to take long or much: each ends with a clear answer. How long they take is
// measured by the benchmark; here the default limits must catch them.
namespace agentflow::cel {
namespace {

std::string Repeat(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

// "ok", the reason of the failure, or the first issue.
std::string Outcome(const std::string& text, const json::Value& variables = json::Object()) {
  Environment environment;
  for (const auto& [name, value] : variables.as_object()) environment.Declare(name, Type());
  Compiled compiled = Compile(text, environment);
  if (!compiled.program) {
    for (const Issue& issue : compiled.issues) {
      if (issue.severity == Issue::Severity::kError) return issue.message;
    }
  }
  auto result = compiled.program->Evaluate(JsonActivation(variables));
  return result.ok() ? "ok" : ReasonOf(result.status());
}

json::Value Numbers(size_t count) {
  json::Array array;
  for (size_t i = 0; i < count; ++i) array.push_back(json::Value(static_cast<int64_t>(i)));
  return json::Object{{"l", json::Value(std::move(array))}};
}

TEST(HostileTest, NestedMacrosEndAtTheCostLimit) {
  std::string text = "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))";
  EXPECT_EQ(Outcome(text, Numbers(1000)), "EXPRESSION_LIMIT");
  text = "l.map(a, l.map(b, l.map(c, [a, b, c])))";
  EXPECT_EQ(Outcome(text, Numbers(1000)), "EXPRESSION_LIMIT");
}

TEST(HostileTest, AbsorbedErrorsCountToo) {
  EXPECT_EQ(Outcome("l.all(a, l.exists(b, l.exists(c, 1 / 0 == 1) || true))", Numbers(1000)),
            "EXPRESSION_LIMIT");
}

TEST(HostileTest, DoublingTextsEndsAtALimit) {
  std::string text = "'0123456789abcdef'";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", x + x)";
  EXPECT_EQ(Outcome(text), "EXPRESSION_LIMIT");
  text = "[l]";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", x + x)";
  EXPECT_EQ(Outcome(text, Numbers(10)), "EXPRESSION_LIMIT");
}

TEST(HostileTest, GrowingListsOfSharedPartsAreComparedWithinTheLimit) {
  std::string text = "[1]";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", [x, x])";
  EXPECT_EQ(Outcome("(" + text + ") == (" + text + ")"), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("'%s'.format([" + text + "])"), "EXPRESSION_LIMIT");
}

TEST(HostileTest, ASharedResultIsNotUnfoldedIntoJson) {
  std::string text = "[1]";
  for (int i = 0; i < 28; ++i) text = "cel.bind(x, " + text + ", [x, x])";
  EXPECT_EQ(Outcome(text), "EXPRESSION_LIMIT");
  for (int i = 0; i < 10; ++i) text = "cel.bind(x, " + text + ", [x, x])";
  EXPECT_EQ(Outcome(text), "EXPRESSION_RESULT");  // deeper than JSON may be
}

TEST(HostileTest, HugeConcatenationsEndAtTheCostLimit) {
  json::Value variables = json::Object{{"s", json::Value(std::string(1 << 20, 'x'))},
                                       {"l", *Numbers(1000).Find("l")}};
  EXPECT_EQ(Outcome("size(" + Repeat("s + ", 200) + "s)", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.map(x, s + 'x').size()", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("s.replace('x', s).size()", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("s.replace('', s).size()", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.map(x, s).join(s).size()", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("'%s'.format([l.map(x, s)]).size()", variables), "EXPRESSION_LIMIT");
}

TEST(HostileTest, SearchesInLongTextsAreCharged) {
  std::string text(1 << 20, 'a');
  json::Value variables = json::Object{{"s", json::Value(text)},
                                       {"p", json::Value(std::string(1 << 19, 'a') + "b")},
                                       {"l", *Numbers(1000).Find("l")}};
  EXPECT_EQ(Outcome("s.lastIndexOf('b' + p)", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.all(x, !s.contains(p))", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.all(x, s == s + '')", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.all(x, size(s) > 0)", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.all(x, s < 'b')", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("s.split('').map(c, s.split('')).size()", variables), "EXPRESSION_LIMIT");
}

TEST(HostileTest, RegexBombsEnd) {
  json::Value variables = json::Object{{"s", json::Value(std::string(1 << 20, 'a'))},
                                       {"p", json::Value("(((a{1,50}){1,50}){1,50})")},
                                       {"q", json::Value("((((a?){0,9}){0,9}){0,9})$b")},
                                       {"l", *Numbers(1000).Find("l")}};
  EXPECT_EQ(Outcome("s.matches('(a*)*b')", variables), "ok");
  EXPECT_EQ(Outcome("s.matches(p)", variables), "EXPRESSION_FAILED");
  EXPECT_EQ(Outcome("s.matches('(((a{1,50}){1,50}){1,50})')", variables), "EXPRESSION_FAILED");
  EXPECT_EQ(Outcome("l.all(x, !s.matches(q))", variables), "EXPRESSION_LIMIT");
  EXPECT_EQ(Outcome("l.all(x, l.all(y, !string(y).matches(q)))", variables), "EXPRESSION_LIMIT");
}

TEST(HostileTest, MapsWithManyKeysAreIndexed) {
  EXPECT_EQ(Outcome("l.all(x, l.transformMap(i, v, v)[x] == x)", Numbers(300)), "ok");
  EXPECT_EQ(Outcome("l.transformMap(i, v, v) == l.transformMap(i, v, v)", Numbers(20'000)), "ok");
}

TEST(HostileTest, DeepNestingIsRefused) {
  const std::string deep = "the expression is nested more than 250 deep";
  EXPECT_EQ(Outcome(Repeat("(", 300) + "1" + Repeat(")", 300)), deep);
  EXPECT_EQ(Outcome(Repeat("[", 300) + Repeat("]", 300)), deep);
  EXPECT_EQ(Outcome(Repeat("(", 30'000)), deep);
  EXPECT_EQ(Outcome(Repeat("{1:", 20'000)), deep);
  EXPECT_EQ(Outcome(Repeat("[1].all(x, ", 1000)), deep);
  EXPECT_EQ(Outcome(Repeat("(", 200) + "1" + Repeat(")", 200)), "ok");
}

TEST(HostileTest, LongChainsAreRefusedOrStayFlat) {
  const std::string chained =
      "the expression is nested or chained too deeply; split it with cel.bind()";
  EXPECT_EQ(Outcome(Repeat("!", 30'000) + "true"), chained);
  EXPECT_EQ(Outcome(Repeat("-", 30'000) + "1"), chained);
  EXPECT_EQ(Outcome("1" + Repeat("+1", 30'000)), chained);
  EXPECT_EQ(Outcome("{}" + Repeat(".a", 30'000)), chained);
  EXPECT_EQ(Outcome("[]" + Repeat("[0]", 20'000)), chained);
  EXPECT_EQ(Outcome("true" + Repeat("&&true", 10'000)), "ok");
  EXPECT_EQ(Outcome("false" + Repeat("||false", 9'000)), "ok");
  EXPECT_EQ(Outcome("[" + Repeat("1,", 30'000) + "]"), "ok");
}

TEST(HostileTest, LongTextsAreRefused) {
  EXPECT_EQ(Outcome(std::string(70'000, ' ') + "1"),
            "the expression is longer than 65536 bytes");
}

TEST(HostileTest, ManyMistakesAreReportedUpToALimit) {
  Environment environment;
  EXPECT_EQ(Check(Repeat("= ", 20'000), environment).issues.size(), 20u);
  EXPECT_EQ(Check("[" + Repeat("x,", 20'000) + "]", environment).issues.size(), 20u);
  environment.Declare("x", Type());
  EXPECT_EQ(Check("[" + Repeat("x,", 20'000) + "]", environment).references.size(), 20'000u);
}

TEST(HostileTest, TypesDoNotGrowExponentially) {
  std::string text = "{1: 1}";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", {x: x})";
  Environment environment;
  EXPECT_LT(Check(text, environment).type.ToString().size(), 100'000u);
  text = "[]";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", [x, x] + [x])";
  EXPECT_LT(Check(text, environment).type.ToString().size(), 100'000u);
}

TEST(HostileTest, CheckingManyUnknownTypesStaysLinear) {
  Environment environment;
  EXPECT_FALSE(HasErrors(Check("[" + Repeat("[] == [],", 6'000) + "]", environment).issues));
}

TEST(HostileTest, CompletionAnswersForAnything) {
  Environment environment;
  environment.Declare("inputs", Type());
  for (std::string text : {Repeat("(", 30'000), Repeat("inputs.", 9'000), Repeat("[1].map(x,", 900),
                           Repeat("'", 30'001), Repeat("`a`.", 9'000)}) {
    Complete(text, static_cast<uint32_t>(text.size()), environment);
  }
}

}  // namespace
}  // namespace agentflow::cel
