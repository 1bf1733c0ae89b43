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

// Types as the suite writes them.
class TypeReader {
 public:
  static Type Read(const json::Value& type) {
    for (const auto& [name, value] : type.as_object()) {
      if (name == "primitive") return Primitive(value.as_string());
      if (name == "null") return K::kNull;
      if (name == "dyn") return K::kDyn;
      if (name == "type_param") return Type::Param(value.as_string());
      if (name == "type") return Type::TypeOf(value.is_object() && !value.as_object().empty()
                                                  ? Read(value) : Type());
      if (name == "list_type") return Type::List(Member(value, "elem_type"));
      if (name == "map_type") {
        return Type::Map(Member(value, "key_type"), Member(value, "value_type"));
      }
      if (name == "message_type") return Named(value.as_string());
      if (name == "well_known") return Named(value.as_string());
      if (name == "wrapper") return K::kDyn;
      if (name == "abstract_type") return Abstract(value);
    }
    return K::kDyn;
  }

 private:
  static Type Member(const json::Value& value, std::string_view name) {
    const json::Value* member = value.Find(name);
    return member ? Read(*member) : Type();
  }

  static Type Primitive(const std::string& name) {
    if (name == "BOOL") return K::kBool;
    if (name == "INT64") return K::kInt;
    if (name == "UINT64") return K::kUint;
    if (name == "DOUBLE") return K::kDouble;
    if (name == "STRING") return K::kString;
    return name == "BYTES" ? K::kBytes : K::kDyn;
  }

  static Type Named(const std::string& name) {
    if (name == "google.protobuf.Duration" || name == "DURATION") return K::kDuration;
    if (name == "google.protobuf.Timestamp" || name == "TIMESTAMP") return K::kTimestamp;
    return K::kDyn;
  }

  static Type Abstract(const json::Value& value) {
    std::vector<Type> parameters;
    if (const json::Value* list = value.Find("parameter_types")) {
      for (const auto& parameter : list->as_array()) parameters.push_back(Read(parameter));
    }
    return Type::Abstract(value.StringOr("name"), std::move(parameters));
  }
};

// Values as the suite writes them, built in an arena.
class ValueReader {
 public:
  explicit ValueReader(Context& context) : context_(context) {}

  Value Read(const json::Value& value) {
    if (!value.is_object() || value.as_object().empty()) return Value();
    const auto& [name, payload] = *value.as_object().begin();
    if (name == "bool_value") return Value::Bool(payload.as_bool());
    if (name == "int64_value") return Int(payload);
    if (name == "uint64_value") return Uint(payload);
    if (name == "double_value") return Double(payload);
    if (name == "string_value") return Value::String(payload.as_string());
    if (name == "bytes_value") return Bytes(payload.as_string());
    if (name == "list_value") return List(payload);
    if (name == "map_value") return Map(payload);
    if (name == "type_value") return Value::TypeName(payload.as_string());
    if (name == "object_value") return Time(payload);
    return Value();
  }

 private:
  static Value Int(const json::Value& payload) {
    int64_t number = 0;
    if (payload.is_int()) return Value::Int(payload.as_int());
    ParseInt(payload.as_string(), number);
    return Value::Int(number);
  }

  static Value Uint(const json::Value& payload) {
    uint64_t number = 0;
    if (payload.is_int()) return Value::Uint(static_cast<uint64_t>(payload.as_int()));
    ParseUint(payload.as_string(), number);
    return Value::Uint(number);
  }

  static Value Double(const json::Value& payload) {
    if (payload.is_number()) return Value::Double(payload.as_number());
    double infinity = std::numeric_limits<double>::infinity();
    if (payload.as_string() == "NaN") return Value::Double(std::nan(""));
    return Value::Double(payload.as_string() == "-Infinity" ? -infinity : infinity);
  }

  Value Bytes(const std::string& text) {
    std::string bytes;
    DecodeBase64(text, bytes);
    return context_.MakeBytes(bytes);
  }

  Value List(const json::Value& payload) {
    const json::Value* values = payload.Find("values");
    size_t size = values ? values->as_array().size() : 0;
    Value* items = context_.NewItems(size);
    for (size_t i = 0; i < size; ++i) items[i] = Read(values->as_array()[i]);
    return context_.MakeList(items, size);
  }

  Value Map(const json::Value& payload) {
    const json::Value* entries = payload.Find("entries");
    MapBuilder builder(context_.arena, entries ? entries->as_array().size() : 0);
    if (entries) {
      for (const auto& entry : entries->as_array()) {
        builder.Add(Read(*entry.Find("key")), Read(*entry.Find("value")));
      }
    }
    return builder.Build();
  }

  static Value Time(const json::Value& payload) {
    std::string text = payload.StringOr("value");
    bool duration = payload.StringOr("@type") == "type.googleapis.com/google.protobuf.Duration";
    return (duration ? ParseDuration(text) : ParseTimestamp(text)).value_or(Value());
  }

  Context& context_;
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
  if (a.is(Kind::kMap)) {
    if (MapSize(a) != MapSize(b)) return false;
    MapCursor cursor(context, a);
    while (cursor.Next()) {
      Value other;
      if (!MapFind(b, cursor.key(), other) || !Same(context, cursor.value(), other)) return false;
    }
    return true;
  }
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
    result_.name = case_.StringOr("section") + "/" + case_.StringOr("name");
    ReadEnvironment();
    ReadBindings();
    bool check = !case_.BoolOr("disable_check", false);
    Compiled compiled = Compile(case_.StringOr("expr"), environment_, {.check = check});
    if (HasErrors(compiled.issues)) {
      if (case_.Find("eval_error")) return Pass();
      return Fail(std::string(ToStatus(compiled.issues).message()));
    }
    if (const json::Value* typed = case_.Find("typed_result")) {
      Type expected = TypeReader::Read(*typed->Find("deduced_type"));
      if (!(compiled.type == expected)) {
        return Fail("expected type " + expected.ToString() + ", got " + compiled.type.ToString());
      }
    }
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
    const json::Value* declarations = case_.Find("type_env");
    if (!declarations) return;
    for (const json::Value& declaration : declarations->as_array()) {
      std::string name = declaration.StringOr("name");
      if (const json::Value* ident = declaration.Find("ident")) {
        const json::Value* type = ident->Find("type");
        environment_.Declare(name, type ? TypeReader::Read(*type) : Type());
      }
      if (const json::Value* function = declaration.Find("function")) {
        for (const json::Value& overload : function->Find("overloads")->as_array()) {
          Declare(name, overload);
        }
      }
    }
  }

  void Declare(const std::string& name, const json::Value& json) {
    Overload overload{.signature = name, .member = json.BoolOr("is_instance_function", false)};
    if (const json::Value* parameters = json.Find("params")) {
      for (const auto& parameter : parameters->as_array()) {
        overload.parameters.push_back(TypeReader::Read(parameter));
      }
    }
    if (const json::Value* type = json.Find("result_type"))
      overload.result = TypeReader::Read(*type);
    functions_.Declare(name, std::move(overload));
  }

  void ReadBindings() {
    const json::Value* bindings = case_.Find("bindings");
    if (bindings) {
      for (const auto& [name, binding] : bindings->as_object()) {
        if (environment_.FindSlot(name) < 0) environment_.Declare(name, Type());
      }
    }
    slots_.resize(environment_.variables().size());
    bound_.resize(slots_.size());
    if (!bindings) return;
    for (const auto& [name, binding] : bindings->as_object()) {
      auto slot = static_cast<size_t>(environment_.FindSlot(name));
      slots_[slot] = ValueReader(context_).Read(*binding.Find("value"));
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
    if (const json::Value* value = case_.Find("value")) {
      expected = ValueReader(context_).Read(*value);
    } else if (const json::Value* typed = case_.Find("typed_result")) {
      if (const json::Value* value = typed->Find("result")) {
        expected = ValueReader(context_).Read(*value);
      }
    }
    if (Same(context_, expected, evaluation.value())) return Pass();
    if (SameUnescaped(expected, evaluation.value())) return Pass();
    return Fail("expected " + Show(expected) + ", got " + Show(evaluation.value()));
  }

  const json::Value& case_;
  const TimeZones* time_zones_;
  Functions functions_;
  Environment environment_;
  EmptyActivation nothing_;
  Arena arena_;
  Context context_;
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
