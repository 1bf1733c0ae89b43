#include <gtest/gtest.h>

#include "libs/cel/cel.h"
#include "libs/cel/complete.h"
#include "libs/cel/testing/hostile.h"

// Texts and data made to take long or much: each ends with a clear answer within the default
// limits. How long that takes is measured by the benchmark, with the same inputs.
namespace agentflow::cel {
namespace {

class HostileTest : public testing::TestWithParam<HostileInput> {};
TEST_P(HostileTest, EndsClearly) { EXPECT_EQ(RunHostile(GetParam()), GetParam().outcome); }

std::string TestName(const testing::TestParamInfo<HostileInput>& info) {
  std::string name;
  for (char c : info.param.name) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return std::to_string(info.index) + name;
}
INSTANTIATE_TEST_SUITE_P(Inputs, HostileTest, testing::ValuesIn(HostileInputs()), TestName);

std::string Repeat(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(HostileTextTest, ManyMistakesAreReportedUpToALimit) {
  Environment environment;
  EXPECT_EQ(Check(Repeat("= ", 20'000), environment).issues.size(), 20u);
  EXPECT_EQ(Check("[" + Repeat("x,", 20'000) + "]", environment).issues.size(), 20u);
  environment.Declare("x", Type());
  EXPECT_EQ(Check("[" + Repeat("x,", 20'000) + "]", environment).references.size(), 20'000u);
}

TEST(HostileTextTest, TypesDoNotGrowExponentially) {
  std::string text = "{1: 1}";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", {x: x})";
  Environment environment;
  EXPECT_LT(Check(text, environment).type.ToString().size(), 10'000u);
  text = "[]";
  for (int i = 0; i < 60; ++i) text = "cel.bind(x, " + text + ", [x, x] + [x])";
  EXPECT_LT(Check(text, environment).type.ToString().size(), 10'000u);
}

TEST(HostileTextTest, MessagesOfLargeKeysAreShort) {
  json::Value variables = json::Object{{"s", json::Value(std::string(1 << 20, 'a'))}};
  Environment environment;
  environment.Declare("s", Type());
  auto result = Compile("{'a': 1}[s]", environment).program->Evaluate(JsonActivation(variables));
  EXPECT_LT(result.status().message().size(), 200u) << result.status().message().substr(0, 300);
}

TEST(HostileTextTest, CompletionAnswersForAnything) {
  Environment environment;
  environment.Declare("inputs", Type());
  for (std::string text : {Repeat("(", 30'000), Repeat("inputs.", 9'000), Repeat("[1].map(x,", 900),
                           Repeat("'", 30'001), Repeat("`a`.", 9'000)}) {
    Complete(text, static_cast<uint32_t>(text.size()), environment);
  }
}

}  // namespace
}  // namespace agentflow::cel
