#include "libs/cel/fuzz/targets.h"

#include <cstdint>

#include "libs/base/status.h"
#include "libs/cel/arena.h"
#include "libs/cel/ast.h"
#include "libs/cel/cel.h"
#include "libs/cel/complete.h"
#include "libs/cel/operators.h"
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

// A map that answers only when it is asked, as the nodes of an execution do.
class SampleHost final : public HostMap {
 public:
  bool Find(std::string_view key, Value& value) const override {
    const json::Value* found = SampleData().Find(key);
    if (found) value = Value::Json(*found);
    return found != nullptr;
  }
  std::vector<std::string> Keys() const override {
    std::vector<std::string> keys;
    for (const auto& [key, value] : SampleData().as_object()) keys.push_back(key);
    return keys;
  }
};

// The members of the sample, and all of them as the host map "h".
class SampleActivation final : public Activation {
 public:
  bool Find(int slot, std::string_view name, Value& value) const override {
    if (name == "h") value = Value::Host(host_);
    return name == "h" || json_.Find(slot, name, value);
  }

 private:
  SampleHost host_;
  JsonActivation json_{SampleData()};
};

const Environment& UntypedSample() {
  static const auto* const kEnvironment = [] {
    auto* environment = new Environment();
    for (const auto& [name, value] : SampleData().as_object()) environment->Declare(name, Type());
    environment->Declare("h", Type::Map(Type::Kind::kString, Type::Kind::kDyn));
    return environment;
  }();
  return *kEnvironment;
}

// Whether the checker has told the truth about a value, as far as a few thousand parts of it tell:
// parts may be shared, so that all of them could be very many.
class Truth {
 public:
  // Null stands for a timestamp, a duration or an optional that is not there.
  bool Fits(const Value& value, const Type& type) {
    using K = Type::Kind;
    if (--left_ < 0) return true;
    switch (type.kind()) {
      case K::kNull: return value.is(Kind::kNull);
      case K::kBool: return value.is(Kind::kBool);
      case K::kInt: return value.is(Kind::kInt);
      case K::kUint: return value.is(Kind::kUint);
      case K::kDouble: return value.is(Kind::kDouble);
      case K::kString: return value.is(Kind::kString);
      case K::kBytes: return value.is(Kind::kBytes);
      case K::kType: return value.is(Kind::kType);
      case K::kTimestamp: return value.is(Kind::kTimestamp) || value.is(Kind::kNull);
      case K::kDuration: return value.is(Kind::kDuration) || value.is(Kind::kNull);
      case K::kList: return value.is(Kind::kList) && AllFit(value, type.element());
      case K::kMap:
        return value.is(Kind::kMap) &&
               EntriesFit(value, type.parameters()[0], type.parameters()[1]);
      case K::kAbstract:
        if (value.is(Kind::kNull)) return true;
        return value.is(Kind::kOptional) &&
               (!value.optional() || Fits(*value.optional(), type.element()));
      default: return true;
    }
  }

 private:
  bool AllFit(const Value& list, const Type& type) {
    for (size_t i = 0; i < ListSize(list) && left_ > 0; ++i) {
      if (!Fits(ListAt(list, i), type)) return false;
    }
    return true;
  }

  bool EntriesFit(const Value& map, const Type& key, const Type& value) {
    const MapData* data = map.map_data();
    if (!data) return key.is(Type::Kind::kDyn) || key.is(Type::Kind::kString);
    for (size_t i = 0; i < data->size() && left_ > 0; ++i) {
      if (!Fits((*data)[i].key, key) || !Fits((*data)[i].value, value)) return false;
    }
    return true;
  }

  int left_ = 5000;
};

}  // namespace

void FuzzParse(std::string_view text) {
  auto ast = Parse(text);
  AF_CHECK(ast->root != nullptr);
  for (const Issue& issue : ast->issues) {
    AF_CHECK(issue.begin.offset <= text.size() && !issue.message.empty());
  }
  for (size_t part : {2, 3}) {
    auto cursor = static_cast<uint32_t>(text.size() / part);
    Completions completions = Complete(text, cursor, UntypedSample());
    AF_CHECK(completions.begin <= completions.end && completions.end <= text.size());
  }
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
  Complete(text, static_cast<uint32_t>(text.size()), *kSample);
}

void FuzzEvaluate(std::string_view input) {
  if (input.empty()) return;
  bool check = (input[0] & 1) != 0;
  int64_t cost = (input[0] & 2) != 0 ? 100 : 20'000;
  size_t bytes = (input[0] & 4) != 0 ? 2000 : 1 << 20;
  std::string_view text = input.substr(1);
  Compiled compiled = Compile(text, UntypedSample(), {.check = check});
  if (!compiled.program) return;
  SampleActivation activation;
  EvaluateOptions options{.limits = {.cost = cost, .bytes = bytes}};
  Evaluation evaluation = compiled.program->Run(activation, options);
  AF_CHECK(evaluation.bytes() <= options.limits.bytes && evaluation.cost() <= cost);
  auto first = compiled.program->Evaluate(activation, options);
  auto second = compiled.program->Evaluate(activation, options);
  AF_CHECK(first.ok() == second.ok());
  if (first.ok()) AF_CHECK(json::Dump(*first) == json::Dump(*second));
  if (!check) return;
  if (evaluation.status().ok()) AF_CHECK(Truth().Fits(evaluation.value(), compiled.type));
  // What was checked says the same as what was not.
  auto unchecked = Compile(text, UntypedSample(), {.check = false}).program;
  auto third = unchecked->Evaluate(activation, options);
  AF_CHECK(third.ok() == first.ok());
  if (first.ok()) AF_CHECK(json::Dump(*first) == json::Dump(*third));
}

}  // namespace agentflow::cel
