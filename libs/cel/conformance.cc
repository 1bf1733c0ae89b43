#include "libs/cel/conformance.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/context.h"
#include "libs/cel/functions.h"
#include "libs/cel/lexer.h"
#include "libs/cel/names.h"
#include "libs/cel/operators.h"
#include "libs/cel/text.h"
#include "libs/cel/time_math.h"

namespace agentflow::cel {
namespace {

using K = Type::Kind;

// What a case says that cannot be understood; the first one counts.
class Problems {
 public:
  void Add(std::string_view what, const json::Value& value) {
    if (first_.empty()) {
      first_ = "the case is not understood: " + std::string(what) + " " + json::Dump(value);
    }
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

// The elements of an array member; none where it is missing.
const json::Array& Elements(const json::Value& value, std::string_view name) {
  static const auto* const kNone = new json::Array();
  const json::Value* member = value.Find(name);
  return member && member->is_array() ? member->as_array() : *kNone;
}

// Types as the suite writes them.
class TypeReader {
 public:
  explicit TypeReader(Problems& problems) : problems_(problems) {}

  Type Read(const json::Value& type) {
    if (type.is_object() && type.as_object().size() == 1) {
      const auto& [name, value] = *type.as_object().begin();
      std::string word = value.is_string() ? value.as_string() : "";
      if (name == "primitive") return Primitive(word, type);
      if (name == "null") return K::kNull;
      if (name == "dyn") return K::kDyn;
      if (name == "type_param") return Type::Param(word);
      if (name == "type") return Type::TypeOf(IsEmpty(value) ? Type() : Read(value));
      if (name == "list_type") return Type::List(Member(value, "elem_type"));
      if (name == "map_type") {
        return Type::Map(Member(value, "key_type"), Member(value, "value_type"));
      }
      if (name == "message_type" || name == "well_known") return Named(word, type);
      if (name == "abstract_type") return Abstract(value);
    }
    problems_.Add("type", type);
    return K::kDyn;
  }

  Type Member(const json::Value& value, std::string_view name) {
    const json::Value* member = value.Find(name);
    return member ? Read(*member) : Type();
  }

 private:
  static bool IsEmpty(const json::Value& value) {
    return value.is_object() && value.as_object().empty();
  }

  Type Primitive(const std::string& name, const json::Value& type) {
    if (name == "BOOL") return K::kBool;
    if (name == "INT64") return K::kInt;
    if (name == "UINT64") return K::kUint;
    if (name == "DOUBLE") return K::kDouble;
    if (name == "STRING") return K::kString;
    if (name == "BYTES") return K::kBytes;
    problems_.Add("type", type);
    return K::kDyn;
  }

  Type Named(const std::string& name, const json::Value& type) {
    if (name == "google.protobuf.Duration" || name == "DURATION") return K::kDuration;
    if (name == "google.protobuf.Timestamp" || name == "TIMESTAMP") return K::kTimestamp;
    problems_.Add("type", type);
    return K::kDyn;
  }

  Type Abstract(const json::Value& value) {
    std::vector<Type> parameters;
    for (const auto& parameter : Elements(value, "parameter_types")) {
      parameters.push_back(Read(parameter));
    }
    return Type::Abstract(value.StringOr("name"), std::move(parameters));
  }

  Problems& problems_;
};

// Values as the suite writes them, built in an arena.
class ValueReader {
 public:
  ValueReader(Context& context, Problems& problems) : context_(context), problems_(problems) {}

  Value Read(const json::Value& value) {
    std::optional<Value> read;
    if (value.is_object() && value.as_object().size() == 1) {
      const auto& [name, payload] = *value.as_object().begin();
      read = ReadAs(name, payload);
    }
    if (!read) problems_.Add("value", value);
    return read.value_or(Value());
  }

 private:
  std::optional<Value> ReadAs(std::string_view name, const json::Value& payload) {
    if (name == "null_value") return Value();
    if (name == "double_value") return Double(payload);
    if (name == "list_value" && payload.is_object()) return List(payload);
    if (name == "map_value" && payload.is_object()) return Map(payload);
    if (name == "object_value") return Time(payload);
    if (name == "bool_value" && payload.is_bool()) return Value::Bool(payload.as_bool());
    if (name == "int64_value" && payload.is_int()) return Value::Int(payload.as_int());
    if (name == "uint64_value" && payload.is_int() && payload.as_int() >= 0) {
      return Value::Uint(static_cast<uint64_t>(payload.as_int()));
    }
    if (payload.is_string()) return ReadText(name, payload.as_string());
    return std::nullopt;
  }

  std::optional<Value> ReadText(std::string_view name, const std::string& text) {
    int64_t number = 0;
    uint64_t positive = 0;
    std::string bytes;
    if (name == "string_value") return Value::String(text);
    if (name == "type_value") return Value::TypeName(text);
    if (name == "int64_value" && ParseInt(text, number)) return Value::Int(number);
    if (name == "uint64_value" && ParseUint(text, positive)) return Value::Uint(positive);
    if (name == "bytes_value" && DecodeBase64(text, bytes)) return context_.MakeBytes(bytes);
    return std::nullopt;
  }

  static std::optional<Value> Double(const json::Value& payload) {
    if (payload.is_number()) return Value::Double(payload.as_number());
    double infinity = std::numeric_limits<double>::infinity();
    std::string word = payload.is_string() ? payload.as_string() : "";
    if (word == "NaN") return Value::Double(std::nan(""));
    if (word == "Infinity") return Value::Double(infinity);
    if (word == "-Infinity") return Value::Double(-infinity);
    return std::nullopt;
  }

  Value List(const json::Value& payload) {
    const json::Array& values = Elements(payload, "values");
    Value* items = context_.NewItems(values.size());
    for (size_t i = 0; i < values.size(); ++i) items[i] = Read(values[i]);
    return context_.MakeList(items, values.size());
  }

  Value Map(const json::Value& payload) {
    const json::Array& entries = Elements(payload, "entries");
    MapBuilder builder(context_.arena, entries.size());
    for (const auto& entry : entries) {
      const json::Value* key = entry.Find("key");
      const json::Value* value = entry.Find("value");
      if (!key || !value || !builder.Add(Read(*key), Read(*value))) {
        problems_.Add("entry", entry);
      }
    }
    return builder.Build();
  }

  static std::optional<Value> Time(const json::Value& payload) {
    std::string type = payload.StringOr("@type");
    std::string text = payload.StringOr("value");
    if (type == "type.googleapis.com/google.protobuf.Duration") return ParseDuration(text);
    if (type == "type.googleapis.com/google.protobuf.Timestamp") return ParseTimestamp(text);
    return std::nullopt;
  }

  Context& context_;
  Problems& problems_;
};

std::string Show(const Value& value) {
  switch (value.kind()) {
    case Kind::kInt: return std::to_string(value.as_int());
    case Kind::kUint: return std::to_string(value.as_uint()) + "u";
    case Kind::kDouble: return FormatDouble(value.as_double()) + " (double)";
    case Kind::kBytes: return "b64'" + EncodeBase64(value.text()) + "'";
    case Kind::kType: return "type " + std::string(value.text());
    case Kind::kError: return "error: " + DescribeError(value.error());
    case Kind::kOptional:
      return value.optional() ? "optional(" + Show(*value.optional()) + ")" : "optional.none()";
    default: break;
  }
  auto converted = ToJson(value);
  return converted.ok() ? json::Dump(*converted) : MessageOf(converted.status());
}

bool Same(Context& context, const Value& a, const Value& b);

bool SameEntries(Context& context, const Value& a, const Value& b) {
  if (MapSize(a) != MapSize(b)) return false;
  MapCursor one(context, a);
  while (one.Next()) {
    bool found = false;
    MapCursor other(context, b);
    while (!found && other.Next()) {
      found = Same(context, one.key(), other.key()) && Same(context, one.value(), other.value());
    }
    if (!found) return false;
  }
  return true;
}

// The suite asks for the same kinds, not only for ==: 1 is not 1.0, and NaN is NaN.
bool Same(Context& context, const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kDouble)) {
    if (std::isnan(a.as_double())) return std::isnan(b.as_double());
    return a.as_double() == b.as_double();
  }
  if (a.is(Kind::kList)) {
    if (ListSize(a) != ListSize(b)) return false;
    for (size_t i = 0; i < ListSize(a); ++i) {
      if (!Same(context, ListAt(a, i), ListAt(b, i))) return false;
    }
    return true;
  }
  if (a.is(Kind::kMap)) return SameEntries(context, a, b);
  return Equal(context, a, b);
}

// Some expected texts still have the escapes of the suite's own files in them (\\u0100, \\?),
// because the reader that made them JSON did not know these. Gives the text that is meant.
std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t digits = text.substr(0, 2) == "\\u" ? 4 : text.substr(0, 2) == "\\U" ? 8 : 0;
    uint32_t code = 0;
    const char* end = text.data() + std::min(text.size(), 2 + digits);
    bool complete = digits && text.size() >= 2 + digits &&
                    std::from_chars(text.data() + 2, end, code, 16).ptr == end;
    if (complete) {
      AppendUtf8(out, code);
      text.remove_prefix(2 + digits);
    } else if (text.substr(0, 2) == "\\?") {
      out += '?';
      text.remove_prefix(2);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

bool SameUnescaped(const Value& expected, const Value& value) {
  return expected.kind() == value.kind() && value.is_text() &&
         Unescape(expected.text()) == value.text();
}

// One case with everything it needs.
class Runner {
 public:
  Runner(const json::Value& test_case, const TimeZones* time_zones)
      : case_(test_case),
        time_zones_(time_zones),
        functions_(Functions::Standard()),
        environment_(functions_),
        arena_(64u << 20),
        context_(nothing_, arena_, 1'000'000'000, nullptr) {}

  CaseResult Run() {
    for (const char* other : {"unknown", "any_eval_errors", "any_unknowns"}) {
      if (const json::Value* asked = case_.Find(other)) problems_.Add(other, *asked);
    }
    result_.name = case_.StringOr("section") + "/" + case_.StringOr("name");
    ReadEnvironment();
    ReadBindings();
    if (!problems_.first().empty()) return Fail(problems_.first());
    bool check = !case_.BoolOr("disable_check", false);
    Compiled compiled = Compile(case_.StringOr("expr"), environment_, {.check = check});
    if (HasErrors(compiled.issues)) {
      if (case_.Find("eval_error")) return Pass();
      return Fail(std::string(ToStatus(compiled.issues).message()));
    }
    if (const json::Value* typed = case_.Find("typed_result")) {
      Type expected = types_.Member(*typed, "deduced_type");
      if (!(compiled.type == expected)) {
        return Fail("expected type " + expected.ToString() + ", got " + compiled.type.ToString());
      }
    }
    if (!problems_.first().empty()) return Fail(problems_.first());
    if (case_.BoolOr("check_only", false)) return Pass();
    return Evaluate(*compiled.program);
  }

 private:
  CaseResult Pass() {
    result_.passed = true;
    return result_;
  }
  CaseResult Fail(std::string detail) {
    result_.detail = std::move(detail);
    return result_;
  }

  void ReadEnvironment() {
    environment_.SetContainer(case_.StringOr("container"));
    for (const json::Value& declaration : Elements(case_, "type_env")) {
      std::string name = declaration.StringOr("name");
      if (const json::Value* ident = declaration.Find("ident")) {
        environment_.Declare(name, types_.Member(*ident, "type"));
      }
      if (const json::Value* function = declaration.Find("function")) {
        for (const json::Value& overload : Elements(*function, "overloads")) {
          Declare(name, overload);
        }
      }
    }
  }

  void Declare(const std::string& name, const json::Value& json) {
    Overload overload{.signature = name, .member = json.BoolOr("is_instance_function", false)};
    for (const auto& parameter : Elements(json, "params")) {
      overload.parameters.push_back(types_.Read(parameter));
    }
    overload.result = types_.Member(json, "result_type");
    functions_.Declare(name, std::move(overload));
  }

  void ReadBindings() {
    const json::Value* bindings = case_.Find("bindings");
    if (bindings && !bindings->is_object()) problems_.Add("bindings", *bindings);
    if (bindings && bindings->is_object()) {
      for (const auto& [name, binding] : bindings->as_object()) {
        if (environment_.FindSlot(name) < 0) environment_.Declare(name, Type());
      }
    }
    slots_.resize(environment_.variables().size());
    bound_.resize(slots_.size());
    if (!bindings || !bindings->is_object()) return;
    for (const auto& [name, binding] : bindings->as_object()) {
      auto slot = static_cast<size_t>(environment_.FindSlot(name));
      const json::Value* value = binding.Find("value");
      slots_[slot] = values_.Read(value ? *value : binding);
      bound_[slot] = true;
    }
  }

  class Bindings final : public Activation {
   public:
    explicit Bindings(const Runner& runner) : runner_(runner) {}
    bool Find(int slot, std::string_view, Value& value) const override {
      auto index = static_cast<size_t>(slot);
      if (!runner_.bound_[index]) return false;
      value = runner_.slots_[index];
      return true;
    }

   private:
    const Runner& runner_;
  };

  CaseResult Evaluate(const Program& program) {
    Bindings bindings(*this);
    Evaluation evaluation = program.Run(bindings, {.time_zones = time_zones_});
    if (case_.Find("eval_error")) {
      if (!evaluation.status().ok()) return Pass();
      return Fail("expected an error, got " + Show(evaluation.value()));
    }
    if (!evaluation.status().ok()) return Fail(MessageOf(evaluation.status()));
    Value expected = Value::Bool(true);
    const json::Value* typed = case_.Find("typed_result");
    const json::Value* value = typed ? typed->Find("result") : case_.Find("value");
    if (value) expected = values_.Read(*value);
    if (!problems_.first().empty()) return Fail(problems_.first());
    if (Same(context_, expected, evaluation.value())) return Pass();
    if (SameUnescaped(expected, evaluation.value())) {
      result_.unescaped = true;
      return Pass();
    }
    return Fail("expected " + Show(expected) + ", got " + Show(evaluation.value()));
  }

  const json::Value& case_;
  const TimeZones* time_zones_;
  Functions functions_;
  Environment environment_;
  EmptyActivation nothing_;
  Arena arena_;
  Context context_;
  Problems problems_;
  TypeReader types_{problems_};
  ValueReader values_{context_, problems_};
  std::vector<Value> slots_;
  std::vector<bool> bound_;
  CaseResult result_;
};

}  // namespace

CaseResult RunCase(const json::Value& test_case, const TimeZones* time_zones) {
  return Runner(test_case, time_zones).Run();
}

absl::StatusOr<std::vector<CaseResult>> RunCases(std::string_view lines,
                                                 const TimeZones* time_zones) {
  std::vector<CaseResult> results;
  for (size_t number = 1; !lines.empty(); ++number) {
    size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto test_case = json::Parse(line, {.depth = 64});
    if (!test_case.ok()) return Annotate(test_case.status(), "line " + std::to_string(number));
    if (!test_case->is_object()) {
      return InvalidArgument("CEL_CASE_INVALID", std::to_string(number),
                             "line " + std::to_string(number) + " is no JSON object");
    }
    results.push_back(RunCase(*test_case, time_zones));
  }
  return results;
}

}  // namespace agentflow::cel
