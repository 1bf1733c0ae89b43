#include "libs/cel/cel.h"

#include <gtest/gtest.h>

#include <map>

#include "libs/base/status.h"
#include "libs/cel/cache.h"
#include "libs/schema/schema.h"

namespace agentflow::cel {
namespace {

json::Value J(std::string_view text) {
  auto value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.ok() ? *value : json::Value();
}

// What `text` gives for `variables`: JSON, or "REASON message".
std::string Answer(std::string_view text, std::string_view variables) {
  json::Value bound = J(variables);
  Environment environment;
  for (const auto& [name, value] : bound.as_object()) environment.Declare(name, Type());
  Compiled compiled = Compile(text, environment);
  if (!compiled.program) return MessageOf(ToStatus(compiled.issues));
  auto result = compiled.program->Evaluate(JsonActivation(bound));
  if (result.ok()) return json::Dump(*result);
  return ReasonOf(result.status()) + " " + MessageOf(result.status());
}

struct EvaluateCase {
  const char* expression;
  const char* variables;
  const char* result;
};
class EvaluateTest : public testing::TestWithParam<EvaluateCase> {};
TEST_P(EvaluateTest, GivesJson) {
  EXPECT_EQ(Answer(GetParam().expression, GetParam().variables), GetParam().result)
      << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Json, EvaluateTest,
    testing::Values(
        EvaluateCase{"a.b[1].c", R"({"a":{"b":[1,{"c":"x"}]}})", R"("x")"},
        EvaluateCase{"a", R"({"a":{"z":[null,true,1,1.5,"s"]}})", R"({"z":[null,true,1,1.5,"s"]})"},
        EvaluateCase{"a.map(k, a[k])", R"({"a":{"x":1,"y":2}})", "[1,2]"},
        EvaluateCase{"a == {'x': [1, 2.0]}", R"({"a":{"x":[1,2]}})", "true"},
        EvaluateCase{"{'got': a.b}", R"({"a":{"b":{"c":1}}})", R"({"got":{"c":1}})"},
        EvaluateCase{"a.size() + a[0].size()", R"({"a":["xy",3]})", "4"},
        EvaluateCase{"has(a.b) && a.b == null", R"({"a":{"b":null}})", "true"},
        EvaluateCase{"{1: 'a', true: 'b', 2u: 'c'}", "{}", R"({"1":"a","2":"c","true":"b"})"},
        EvaluateCase{"b'hi'", "{}", R"("aGk=")"}, EvaluateCase{"7u", "{}", "7"},
        EvaluateCase{"timestamp(0)", "{}", R"("1970-01-01T00:00:00Z")"},
        EvaluateCase{"duration('90s')", "{}", R"("90s")"},
        EvaluateCase{"optional.of([1])", "{}", "[1]"}, EvaluateCase{"type(1)", "{}", R"("int")"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, EvaluateTest,
    testing::Values(
        EvaluateCase{"1 +\n a.b", R"({"a":{}})", "EXPRESSION_FAILED 2:4: no such key: 'b'"},
        EvaluateCase{"a.b.c", R"({"a":{}})", "EXPRESSION_FAILED 1:3: no such key: 'b'"},
        EvaluateCase{"a.b.c", R"({"a":{"b":"x"}})",
                     "EXPRESSION_FAILED 1:5: a value of type string has no field 'c'"},
        EvaluateCase{"a + 1", R"({"a":"x"})",
                     "EXPRESSION_FAILED 1:3: no overload of '+' for (string, int)"},
        EvaluateCase{"[1][a]", R"({"a":3})", "EXPRESSION_FAILED 1:4: index out of range: 3"},
        EvaluateCase{"a ? 1 : 2", R"({"a":1})",
                     "EXPRESSION_FAILED 1:3: no overload of '?:' for (int)"},
        EvaluateCase{"9007199254740993", "{}",
                     "EXPRESSION_RESULT the result has an integer beyond 2^53, which JSON does not "
                     "keep; use string()"},
        EvaluateCase{"0.0 / 0.0", "{}",
                     "EXPRESSION_RESULT the result has a number that is not finite, which JSON has "
                     "no word for"},
        EvaluateCase{"{}.?a", "{}",
                     "EXPRESSION_RESULT the result has an optional without a value; use "
                     "orValue()"},
        EvaluateCase{"{1: 1, '1': 2}", "{}",
                     "EXPRESSION_RESULT the result has two map keys with the same text, such as 1 "
                     "and '1'"}));

TEST(ProgramTest, ConditionsAndKeysNeedTheirType) {
  Environment environment;
  environment.Declare("a", Type());
  JsonActivation variables(J(R"({"a":1})"));
  auto program = Compile("a", environment).program;
  EXPECT_EQ(MessageOf(program->EvaluateBool(variables).status()),
            "the condition is int, not bool");
  EXPECT_EQ(MessageOf(program->EvaluateString(variables).status()),
            "the result is int, not string");
  EXPECT_TRUE(*Compile("a == 1", environment).program->EvaluateBool(variables));
  EXPECT_EQ(*Compile("'k' + string(a)", environment).program->EvaluateString(variables), "k1");
}

TEST(ProgramTest, OutlivesTheTextAndTheEnvironment) {
  std::shared_ptr<const Program> program;
  {
    Environment environment;
    environment.Declare("variable_with_a_long_name", Type());
    std::string text = "variable_with_a_long_name + ' and ' + 'constant'";
    program = Compile(text, environment).program;
  }
  EXPECT_EQ(*program->Evaluate(JsonActivation(J(R"({"variable_with_a_long_name":"x"})"))),
            json::Value("x and constant"));
}

// Counts how often it is asked.
class CountingMap final : public HostMap {
 public:
  explicit CountingMap(std::map<std::string, json::Value> members)
      : members_(std::move(members)) {}
  bool Find(std::string_view key, Value& value) const override {
    ++asked;
    auto it = members_.find(std::string(key));
    if (it != members_.end()) value = Value::Json(it->second);
    return it != members_.end();
  }
  std::vector<std::string> Keys() const override {
    std::vector<std::string> keys;
    for (const auto& [key, value] : members_) keys.push_back(key);
    return keys;
  }
  mutable int asked = 0;

 private:
  std::map<std::string, json::Value> members_;
};

TEST(ProgramTest, AsksAHostMapOnlyForWhatItReads) {
  CountingMap nodes({{"a", J(R"({"output":1})")}, {"b", J(R"({"output":2})")}});
  Environment environment;
  environment.Declare("nodes", Type());
  SlotActivation variables({Value::Host(nodes)});
  auto run = [&](std::string_view text) {
    return json::Dump(*Compile(text, environment).program->Evaluate(variables));
  };
  EXPECT_EQ(run("nodes.a.output"), "1");
  EXPECT_EQ(nodes.asked, 1);
  EXPECT_EQ(run("nodes.map(n, n)"), R"(["a","b"])");
  EXPECT_EQ(run("nodes.?c.output.orValue(7)"), "7");
  EXPECT_EQ(run("size(nodes)"), "2");
  EXPECT_EQ(run("nodes"), R"({"a":{"output":1},"b":{"output":2}})");
}

TEST(ProgramTest, QualifiedVariablesWinByTheirLength) {
  Environment environment;
  environment.Declare("nodes.a.output", Type());
  environment.Declare("nodes", Type());
  auto program = Compile("nodes.a.output.x + nodes.b.y", environment).program;
  json::Value a = J(R"({"x":1})");
  json::Value nodes = J(R"({"b":{"y":2}})");
  EXPECT_EQ(*program->Evaluate(SlotActivation({Value::Json(a), Value::Json(nodes)})),
            json::Value(3));
}

TEST(ProgramTest, TellsWhatItCost) {
  Environment environment;
  environment.Declare("l", Type());
  json::Value variables = json::Object{{"l", json::Array(1000, json::Value(1))}};
  auto program = Compile("l.filter(x, x > 0)", environment).program;
  JsonActivation activation(variables);
  Evaluation evaluation = program->Run(activation);
  EXPECT_TRUE(evaluation.status().ok());
  EXPECT_GT(evaluation.cost(), 2000);
  EXPECT_LT(evaluation.cost(), 10'000);
  EXPECT_GT(evaluation.bytes(), 16'000u);
  EXPECT_LT(evaluation.bytes(), 80'000u);
}

TEST(ProgramTest, MakesNoMoreThanTheLimit) {
  Environment environment;
  environment.Declare("l", Type());
  json::Value variables = json::Object{{"l", json::Array(1000, json::Value(1))}};
  JsonActivation activation(variables);
  auto program = Compile("l.map(x, {x: [x]}).size()", environment).program;
  for (size_t limit : {100, 1000, 10'000, 50'000, 100'000}) {
    Evaluation evaluation = program->Run(activation, {.limits = {.bytes = limit}});
    EXPECT_LE(evaluation.bytes(), limit);
    EXPECT_EQ(MetadataOf(evaluation.status())[kErrorLimit], "bytes");
  }
}

TEST(ProgramTest, ALimitIsReportedAsTheOneThatWasMet) {
  Environment environment;
  environment.Declare("s", Type());
  json::Value variables = json::Object{{"s", json::Value(std::string(1000, 'x'))}};
  auto program = Compile("(s + s + s).size() > 0 || true", environment).program;
  auto result = program->EvaluateBool(JsonActivation(variables), {.limits = {.bytes = 2500}});
  EXPECT_EQ(MetadataOf(result.status())[kErrorLimit], "bytes") << result.status();
}

TEST(ProgramTest, LimitsAreNotAbsorbed) {
  Environment environment;
  environment.Declare("l", Type());
  json::Value variables = json::Object{{"l", json::Array(1000, json::Value(1))}};
  auto program = Compile("l.all(x, x == 1) || true", environment).program;
  auto result = program->EvaluateBool(JsonActivation(variables), {.limits = {.cost = 100}});
  EXPECT_EQ(ReasonOf(result.status()), "EXPRESSION_LIMIT");
  EXPECT_EQ(MetadataOf(result.status())[kErrorLimit], "cost");
}

struct ReferenceCase {
  const char* expression;
  const char* references;  // path, and from where on it may be missing
};
class ReferenceTest : public testing::TestWithParam<ReferenceCase> {};
TEST_P(ReferenceTest, SaysWhatIsReadAndWhatMayBeMissing) {
  Environment environment;
  environment.Declare("nodes", Type());
  environment.Declare("inputs", Type());
  std::string found;
  for (const Reference& reference : Check(GetParam().expression, environment).references) {
    if (!found.empty()) found += ", ";
    for (size_t i = 0; i < reference.path.size(); ++i) {
      found += (i ? "." : "") + std::string(reference.OptionalAt(i) ? "?" : "") +
               reference.path[i];
    }
  }
  EXPECT_EQ(found, GetParam().references) << GetParam().expression;
}
INSTANTIATE_TEST_SUITE_P(
    References, ReferenceTest,
    testing::Values(
        ReferenceCase{"nodes.a.output.label == inputs.x", "nodes.a.output.label, inputs.x"},
        ReferenceCase{"nodes['a'].output", "nodes.a.output"},
        ReferenceCase{"nodes[inputs.x].output", "nodes, inputs.x"},
        ReferenceCase{"nodes.?a.output.x", "nodes.?a.?output.?x"},
        ReferenceCase{"nodes[?'a'].orValue(1)", "nodes.?a"},
        ReferenceCase{"has(nodes.a.output)", "nodes.a.?output"},
        ReferenceCase{"has(nodes.a.output) && nodes.a.output.x == 1",
                      "nodes.a.?output, nodes.a.?output.?x"},
        ReferenceCase{"!has(nodes.a.output) || nodes.a.output == 1",
                      "nodes.a.?output, nodes.a.?output"},
        ReferenceCase{"has(nodes.a.output) ? nodes.a.output : nodes.b.output",
                      "nodes.a.?output, nodes.a.?output, nodes.b.output"},
        ReferenceCase{"has(nodes.a.output) || nodes.a.output == 1",
                      "nodes.a.?output, nodes.a.output"},
        ReferenceCase{"nodes.?a.hasValue() && nodes.a.output == 1", "nodes.?a, nodes.?a.?output"},
        ReferenceCase{"[1].map(nodes, nodes.x)", ""},
        ReferenceCase{"inputs.l.filter(x, has(nodes.a.b)).map(y, nodes.a.b)",
                      "inputs.l, nodes.a.?b, nodes.a.b"},
        ReferenceCase{"math.abs(inputs.x)", "inputs.x"},
        ReferenceCase{"inputs.name.startsWith(nodes.a.b)", "inputs.name, nodes.a.b"},
        ReferenceCase{"type(inputs.x) == string", "inputs.x"}));

TEST(CacheTest, KeepsTheMostRecentlyUsed) {
  Environment environment;
  Cache cache(2);
  auto one = cache.Get("place", "1", environment);
  cache.Get("place", "2", environment);
  EXPECT_EQ(cache.Get("place", "1", environment), one);
  cache.Get("place", "3", environment);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.Get("place", "1", environment), one);
  EXPECT_NE(cache.Get("other place", "1", environment), one);
}

}  // namespace
}  // namespace agentflow::cel
