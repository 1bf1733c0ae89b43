#include "libs/cel/fuzz/targets.h"

#include <cstdint>

#include "libs/base/status.h"
#include "libs/cel/ast.h"
#include "libs/cel/cel.h"
#include "libs/cel/complete.h"
#include "libs/schema/schema.h"

namespace agentflow::cel {
namespace {

Environment TypedSample() {
  auto document = json::Parse(R"({
    "required": ["a", "l"], "properties": {
      "a": {"type": "number"}, "s": {"enum": ["x", "y"]}, "i": {"type": "integer"},
      "l": {"type": "array", "items": {"properties": {"p": {"type": "string"}}}},
      "o": {"type": "object", "additionalProperties": {"type": "boolean"}}, "any": {}}})");
  Environment environment;
  environment.Declare("inputs", schema::Schema::Compile(*document)->type());
  environment.Declare("a.b", Type::Kind::kTimestamp);
  environment.Declare("x", Type());
  return environment;
}

const json::Value& SampleData() {
  static const auto* const kData = new json::Value(*json::Parse(R"({
    "a": 1, "b": 2.5, "s": "text äö", "n": null, "t": true, "l": [1, "two", [3], {"k": 4}],
    "o": {"a": {"b": [1, 2, 3]}, "x": "y"}, "x": [3, 1, 2]})"));
  return *kData;
}

const Environment& UntypedSample() {
  static const auto* const kEnvironment = [] {
    auto* environment = new Environment();
    for (const auto& [name, value] : SampleData().as_object()) environment->Declare(name, Type());
    return environment;
  }();
  return *kEnvironment;
}

}  // namespace

void FuzzParse(std::string_view text) {
  auto ast = Parse(text);
  AF_CHECK(ast->root != nullptr);
  for (const Issue& issue : ast->issues) {
    AF_CHECK(issue.begin.offset <= text.size() && !issue.message.empty());
  }
  auto cursor = static_cast<uint32_t>(text.size() / 2);
  Completions completions = Complete(text, cursor, UntypedSample());
  AF_CHECK(completions.begin <= completions.end);
}

void FuzzCheck(std::string_view text) {
  static const Environment* const kSample = new Environment(TypedSample());
  Compiled checked = Check(text, *kSample);
  Compiled again = Check(text, *kSample);
  AF_CHECK(checked.type == again.type && checked.issues.size() == again.issues.size());
  checked.type.ToSchema();
  checked.type.ToString();
  for (const Reference& reference : checked.references) {
    AF_CHECK(!reference.path.empty() && reference.optional_from <= reference.path.size());
  }
}

void FuzzEvaluate(std::string_view input) {
  if (input.empty()) return;
  bool check = (input[0] & 1) != 0;
  Compiled compiled = Compile(input.substr(1), UntypedSample(), {.check = check});
  if (!compiled.program) return;
  JsonActivation activation(SampleData());
  EvaluateOptions options{.limits = {.cost = 20'000, .bytes = 1 << 20}};
  auto first = compiled.program->Evaluate(activation, options);
  auto second = compiled.program->Evaluate(activation, options);
  AF_CHECK(first.ok() == second.ok());
  if (first.ok()) AF_CHECK(json::Dump(*first) == json::Dump(*second));
  AF_CHECK(compiled.program->Run(activation, options).bytes() <= options.limits.bytes);
}

}  // namespace agentflow::cel
