#include "libs/cel/document.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/macros.h"
#include "libs/tz/time_zones.h"

// docs/expressions.md is held to what the code does: its function tables are generated (run with
// AGENTFLOW_REWRITE=1 to write them), its examples are evaluated.
namespace agentflow::cel {
namespace {

constexpr char kPage[] = "docs/expressions.md";
constexpr char kBegin[] = "<!-- functions: generated -->\n";
constexpr char kFailures[] = "## When it fails\n";
constexpr char kEnd[] = "<!-- end of functions -->\n";

std::string Page() {
  std::ifstream in(kPage);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Between(const std::string& page, std::string_view begin, std::string_view end) {
  size_t from = page.find(begin);
  size_t to = from == std::string::npos ? from : page.find(end, from + begin.size());
  if (from == std::string::npos || to == std::string::npos) return "";
  return page.substr(from + begin.size(), to - from - begin.size());
}

TEST(DocumentTest, TheFunctionTablesAreTheRegistrys) {
  std::string page = Page();
  std::string tables = FunctionTables(Functions::Standard());
  if (std::getenv("AGENTFLOW_REWRITE")) {
    std::string before = page.substr(0, page.find(kBegin) + sizeof(kBegin) - 1);
    std::ofstream(kPage) << before << tables << page.substr(page.find(kEnd));
    page = Page();
  }
  EXPECT_EQ(Between(page, kBegin, kEnd), tables) << "run with AGENTFLOW_REWRITE=1";
}

std::string Unescape(std::string text) {
  for (size_t at; (at = text.find("\\|")) != std::string::npos;) text.erase(at, 1);
  return text;
}

// The cells of "| `expression` | `result` | ..." rows.
std::vector<std::pair<std::string, std::string>> Examples(const std::string& page) {
  std::vector<std::pair<std::string, std::string>> examples;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.substr(0, 3) != "| `") continue;
    size_t end = line.find("` | `");
    size_t close = line.find("` |", end + 5);
    if (end == std::string::npos || close == std::string::npos) continue;
    examples.emplace_back(Unescape(line.substr(3, end - 3)),
                          Unescape(line.substr(end + 5, close - end - 5)));
  }
  return examples;
}

// The page's sample, and when its execution started.
class Variables final : public Activation {
 public:
  explicit Variables(const json::Value& sample) : json_(sample) {}
  bool Find(int slot, std::string_view name, Value& value) const override {
    if (name != "execution.startTime") return json_.Find(slot, name, value);
    value = Value::Timestamp(1'714'557'600, 0);  // 2024-05-01T10:00:00Z
    return true;
  }

 private:
  JsonActivation json_;
};

// What an expression gives with the page's sample, as JSON, or what it says when it cannot.
std::string Answer(const std::string& expression, const json::Value& sample) {
  Environment environment;
  for (const auto& [name, value] : sample.as_object()) environment.Declare(name, Type());
  environment.Declare("execution.startTime", Type::Kind::kTimestamp);
  Compiled compiled = Compile(expression, environment);
  if (!compiled.program) return MessageOf(ToStatus(compiled.issues));
  tz::SystemTimeZones time_zones;
  auto result = compiled.program->Evaluate(Variables(sample), {.time_zones = &time_zones});
  return result.ok() ? json::Dump(*result) : MessageOf(result.status());
}

TEST(DocumentTest, TheExamplesGiveWhatThePageSays) {
  std::string page = Page();
  auto sample = json::Parse(Between(page, "```json\n", "```"));
  ASSERT_TRUE(sample.ok()) << sample.status();
  auto examples = Examples(page.substr(0, page.find(kFailures)));
  EXPECT_GT(examples.size(), 40u);
  for (const auto& [expression, expected] : examples) {
    auto value = json::Parse(expected);
    ASSERT_TRUE(value.ok()) << expression << ": " << expected;
    EXPECT_EQ(Answer(expression, *sample), json::Dump(*value)) << expression;
  }
}

TEST(DocumentTest, TheFailuresSayWhatThePageSays) {
  std::string page = Page();
  auto sample = json::Parse(Between(page, "```json\n", "```"));
  ASSERT_TRUE(sample.ok()) << sample.status();
  auto failures = Examples(Between(page, kFailures, kBegin));
  EXPECT_GT(failures.size(), 5u);
  for (const auto& [expression, expected] : failures) {
    EXPECT_EQ(Answer(expression, *sample), expected) << expression;
  }
}

TEST(DocumentTest, TheExamplesOfMacrosHold) {
  for (const MacroDoc& macro : MacroDocs()) {
    std::string example(macro.example);
    Compiled compiled = Compile(example, Environment(), {.expected = Type(Type::Kind::kBool)});
    ASSERT_NE(compiled.program, nullptr) << example << ToStatus(compiled.issues);
    EXPECT_TRUE(*compiled.program->EvaluateBool(EmptyActivation())) << example;
    EXPECT_NE(example.find(macro.name), std::string::npos) << example;
  }
}

// Examples of the registry that are conditions on constants hold.
TEST(DocumentTest, TheExamplesOfFunctionsCompile) {
  Environment environment;
  for (const char* name : {"inputs", "nodes"}) environment.Declare(name, Type());
  environment.Declare("t", Type::Kind::kTimestamp);
  environment.Declare("execution.startTime", Type::Kind::kTimestamp);
  EmptyActivation nothing;
  for (const Function* function : Functions::Standard().all()) {
    EXPECT_FALSE(function->documentation.empty()) << function->name;
    Compiled compiled = Compile(function->example, environment);
    ASSERT_NE(compiled.program, nullptr) << function->example << ToStatus(compiled.issues);
    if (!compiled.references.empty() || !compiled.type.is(Type::Kind::kBool)) continue;
    EXPECT_TRUE(*compiled.program->EvaluateBool(nothing)) << function->example;
  }
}

}  // namespace
}  // namespace agentflow::cel
