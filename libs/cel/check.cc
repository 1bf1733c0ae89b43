#include "libs/cel/check.h"

#include <algorithm>
#include <utility>

#include "libs/cel/macros.h"
#include "libs/cel/names.h"
#include "libs/cel/operator_types.h"
#include "libs/cel/operators.h"
#include "libs/cel/unify.h"

namespace agentflow::cel {
namespace {

using K = Type::Kind;

Type TypeOfConstant(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull: return K::kNull;
    case Kind::kBool: return K::kBool;
    case Kind::kInt: return K::kInt;
    case Kind::kUint: return K::kUint;
    case Kind::kDouble: return K::kDouble;
    case Kind::kString: return K::kString;
    case Kind::kBytes: return K::kBytes;
    default: return K::kDyn;
  }
}

// The type with int in place of all kinds of numbers.
Type OneNumber(const Type& type) {
  switch (type.kind()) {
    case K::kUint:
    case K::kDouble: return K::kInt;
    case K::kList: return Type::List(OneNumber(type.element()));
    case K::kMap:
      return Type::Map(OneNumber(type.parameters()[0]), OneNumber(type.parameters()[1]));
    default: return type;
  }
}

bool IsNumber(const Type& t) { return t.is(K::kInt) || t.is(K::kUint) || t.is(K::kDouble); }

class Checker {
 public:
  Checker(const Ast& ast, const Environment& environment, CheckResult& result)
      : ast_(ast), environment_(environment), result_(result) {}

  Type Visit(const Expr& expr) {
    Type type = unifier_.Resolve(TypeOf(expr));
    result_.types[expr.id] = type;
    return type;
  }

  void Finish(const Type& type) {
    for (Type& each : result_.types) each = unifier_.Resolve(each, true);
    result_.type = unifier_.Resolve(type, true);
  }

 private:
  Type Problem(uint32_t begin, uint32_t end, std::string message, std::string suggestion = "") {
    if (result_.issues.size() < kMaxIssues) {
      result_.issues.push_back(
          ast_.IssueAt(begin, end, std::move(message), std::move(suggestion)));
    }
    return K::kError;
  }

  // Enough was said: what more there is to complain about need not be put into words.
  bool full() const { return result_.issues.size() >= kMaxIssues; }

  // At the name of a field, function or variable.
  Type NameProblem(const Expr& expr, std::string message, std::string suggestion = "") {
    return Problem(expr.at, expr.at + static_cast<uint32_t>(expr.name.size()), std::move(message),
                   std::move(suggestion));
  }

  Type TypeOf(const Expr& expr) {
    switch (expr.op) {
      case Op::kConst: return TypeOfConstant(expr.constant);
      case Op::kIdent: return Name(expr);
      case Op::kSelect: return Select(expr);
      case Op::kIndex: return Index(expr);
      case Op::kCall: return Call(expr);
      case Op::kList: return List(expr);
      case Op::kMap: return Map(expr);
      case Op::kMacro: return MacroType(expr);
      case Op::kStruct:
        return Problem(expr.begin, expr.end,
                       "there are no message types; write a map: {'field': value}");
      case Op::kInvalid: break;
    }
    return K::kError;
  }

  std::optional<Type> FromMeaning(const Expr& expr) {
    Meaning meaning = Resolve(expr, scope_, environment_);
    switch (meaning.kind) {
      case Meaning::Kind::kLocal: return scope_.locals()[static_cast<size_t>(meaning.index)].type;
      case Meaning::Kind::kVariable:
        return environment_.variables()[static_cast<size_t>(meaning.index)].type;
      case Meaning::Kind::kType: {
        Type named = *TypeNamed(meaning.type_name);
        return meaning.type_name == "type" ? named : Type::TypeOf(named);
      }
      case Meaning::Kind::kNone: break;
    }
    return std::nullopt;
  }

  Type Name(const Expr& expr) {
    if (auto type = FromMeaning(expr)) return *type;
    if (full()) return K::kError;
    std::vector<std::string> known;
    for (const Local& local : scope_.locals()) known.emplace_back(local.name);
    for (const Variable& variable : environment_.variables()) {
      known.push_back(variable.name.substr(0, variable.name.find('.')));
    }
    return NameProblem(expr, "undeclared name '" + std::string(expr.name) + "'",
                       Nearest(expr.name, known));
  }

  Type Select(const Expr& expr) {
    if (!expr.test && !expr.optional) {
      if (auto type = FromMeaning(expr)) return *type;
      if (auto problem = UnknownInNamespace(expr)) return *problem;
    }
    Type operand = Visit(*expr.args[0]);
    if (operand.is(K::kError)) return expr.test ? Type(K::kBool) : operand;
    bool through_optional = operand.is_optional();
    if (through_optional) operand = unifier_.Resolve(operand.element());
    Type field = Field(expr, operand);
    if (expr.test) return K::kBool;
    return expr.optional || through_optional ? Type::Optional(field) : field;
  }

  // "execution.labls" where only qualified names of that beginning are declared.
  std::optional<Type> UnknownInNamespace(const Expr& expr) {
    std::string name = QualifiedName(expr);
    if (name.empty()) return std::nullopt;
    std::string root = name.substr(0, name.find('.'));
    if (scope_.Find(root) || environment_.FindSlot(root) >= 0 || TypeNamed(root)) {
      return std::nullopt;
    }
    std::string prefix = name.substr(0, name.rfind('.') + 1);
    std::vector<std::string> known;
    for (const Variable& variable : environment_.variables()) {
      if (variable.name.compare(0, prefix.size(), prefix) != 0) continue;
      std::string rest = variable.name.substr(prefix.size());
      known.push_back(rest.substr(0, rest.find('.')));
    }
    if (known.empty()) return std::nullopt;
    return NameProblem(expr, "undeclared name '" + name + "'", Nearest(expr.name, known));
  }

  Type Field(const Expr& expr, const Type& operand) {
    if (auto type = FieldType(operand, expr.name)) return *type;
    if (full()) return K::kError;
    std::string name(expr.name);
    if (!operand.is(K::kObject)) {
      return NameProblem(expr, "a value of type " + operand.ToString() + " has no field '" + name +
                                   "'");
    }
    std::vector<std::string> known;
    for (const auto& property : operand.object().properties()) known.push_back(property.name);
    std::string nearest = Nearest(name, known);
    std::string message = "there is no field '" + name + "'";
    if (nearest.empty() && !known.empty()) {
      message += "; there are ";
      for (size_t i = 0; i < known.size() && i < 10; ++i) message += (i ? ", " : "") + known[i];
    }
    return NameProblem(expr, message, nearest);
  }

  Type Index(const Expr& expr) {
    Type operand = Visit(*expr.args[0]);
    Type key = Visit(*expr.args[1]);
    if (operand.is(K::kError) || key.is(K::kError)) return K::kError;
    bool through_optional = operand.is_optional();
    if (through_optional) operand = unifier_.Resolve(operand.element());
    Type element = Element(expr, operand, key);
    return expr.optional || through_optional ? Type::Optional(element) : element;
  }

  Type Element(const Expr& expr, const Type& operand, const Type& key) {
    const Expr& index = *expr.args[1];
    switch (operand.kind()) {
      case K::kDyn:
      case K::kError: return K::kDyn;
      case K::kParam: return K::kDyn;
      case K::kList:
        if (unifier_.Assignable(key, K::kInt)) return operand.element();
        return Problem(index.begin, index.end, "a list is indexed by int, not " + key.ToString());
      case K::kMap:
        if (unifier_.Assignable(key, operand.parameters()[0])) return operand.parameters()[1];
        return Problem(index.begin, index.end, "the keys of this map are " +
                                                   operand.parameters()[0].ToString() + ", not " +
                                                   key.ToString());
      case K::kObject:
        if (index.op == Op::kConst && index.constant.is(Kind::kString)) {
          Expr named = index;
          named.name = index.constant.text();
          if (auto type = FieldType(operand, named.name)) return *type;
          named.at = index.begin;
          return Field(named, operand);
        }
        if (unifier_.Assignable(key, K::kString)) return K::kDyn;
        return Problem(index.begin, index.end,
                       "the keys of an object are string, not " + key.ToString());
      default:
        return Problem(expr.begin, expr.end,
                       "a value of type " + operand.ToString() + " cannot be indexed");
    }
  }

  std::vector<Type> VisitAll(const std::vector<Expr*>& args, size_t from = 0) {
    std::vector<Type> types;
    for (size_t i = from; i < args.size(); ++i) types.push_back(Visit(*args[i]));
    return types;
  }

  static bool AnyError(const std::vector<Type>& types) {
    return std::any_of(types.begin(), types.end(), [](const Type& t) { return t.is(K::kError); });
  }

  Type Call(const Expr& expr) {
    if (!expr.member) {
      if (const auto* overloads = OperatorOverloads(expr.name)) return Operator(expr, *overloads);
    }
    bool qualified = false;
    const Function* function = ResolveFunction(expr, scope_, environment_, qualified);
    if (!function) return UnknownFunction(expr);
    std::vector<Type> args = VisitAll(expr.args, qualified ? 1 : 0);
    if (AnyError(args)) return K::kError;
    if (auto type = Match(function->overloads, expr.member && !qualified, args)) return *type;
    return full() ? Type(K::kError) : NoOverload(expr, *function, args);
  }

  // What the overloads that take these arguments yield; dyn where they differ.
  std::optional<Type> Match(const std::vector<Overload>& overloads, bool member,
                            const std::vector<Type>& args) {
    std::optional<Type> result;
    for (const Overload& overload : overloads) {
      if (overload.member != member) continue;
      Overload fresh = unifier_.Fresh(overload);
      while (fresh.variadic && fresh.parameters.size() < args.size()) {
        fresh.parameters.push_back(fresh.parameters.back());
      }
      if (!unifier_.AssignableAll(args, fresh.parameters)) continue;
      Type type = unifier_.Resolve(fresh.result);
      if (result && !(*result == type)) return Type(K::kDyn);
      result = type;
    }
    return result;
  }

  Type UnknownFunction(const Expr& expr) {
    std::string name(expr.name);
    bool is_macro = std::any_of(MacroDocs().begin(), MacroDocs().end(),
                                [&](const MacroDoc& macro) { return macro.name == name; });
    // Its variables are not declared, so that what it holds cannot be looked at.
    if (is_macro) return NameProblem(expr, "'" + name + "' takes other arguments: " + Forms(name));
    bool in_namespace = expr.member && expr.args[0]->op == Op::kIdent &&
                        environment_.functions().IsNamespace(expr.args[0]->name);
    if (in_namespace) name = std::string(expr.args[0]->name) + "." + name;
    VisitAll(expr.args, in_namespace ? 1 : 0);
    if (full()) return K::kError;
    std::vector<std::string> known;
    for (const Function* function : environment_.functions().all()) {
      if (!in_namespace) known.push_back(function->name);
    }
    for (const MacroDoc& macro : MacroDocs()) known.emplace_back(macro.name);
    return NameProblem(expr, "unknown function '" + name + "'", Nearest(name, known));
  }

  static std::string Forms(const std::string& macro) {
    std::string text;
    for (const MacroDoc& doc : MacroDocs()) {
      if (doc.name == macro) text += (text.empty() ? "" : " or ") + std::string(doc.signature);
    }
    return text;
  }

  Type NoOverload(const Expr& expr, const Function& function, const std::vector<Type>& args) {
    std::string known;
    for (size_t i = 0; i < function.overloads.size() && i < 4; ++i) {
      known += (i ? "; " : "") + function.overloads[i].signature;
    }
    return NameProblem(expr, "'" + function.name + "' does not take " + Shown(args) +
                                 (known.empty() ? "" : "; it is " + known));
  }

  std::string Shown(const std::vector<Type>& args) {
    std::string text = "(";
    for (size_t i = 0; i < args.size(); ++i) {
      text += (i ? ", " : "") + unifier_.Resolve(args[i], true).ToString();
    }
    return text + ")";
  }

  Type Operator(const Expr& expr, const std::vector<Overload>& overloads) {
    std::vector<Type> args = VisitAll(expr.args);
    if (expr.name == op::kAnd || expr.name == op::kOr) return Logic(expr, args);
    bool equality = expr.name == op::kEqual || expr.name == op::kNotEqual;
    if (AnyError(args)) return equality ? Type(K::kBool) : Type(K::kError);
    if (equality) {
      CheckPossible(expr, args);
      // Numbers of all kinds compare by value, in lists and maps too.
      if (unifier_.Assignable(OneNumber(args[0]), OneNumber(args[1]))) return K::kBool;
      // Declared data may be null where its schema is silent, so null compares with objects.
      bool with_null = args[0].is(K::kNull) || args[1].is(K::kNull);
      bool object = args[0].is(K::kObject) || args[1].is(K::kObject);
      if (with_null && object) return K::kBool;
    }
    if (auto type = Match(overloads, false, args)) return *type;
    return full() ? Type(K::kError) : Problem(expr.begin, expr.end, OperatorMessage(expr, args));
  }

  Type Logic(const Expr& expr, const std::vector<Type>& args) {
    for (size_t i = 0; i < args.size(); ++i) {
      if (unifier_.Assignable(args[i], K::kBool)) continue;
      Problem(expr.args[i]->begin, expr.args[i]->end,
              "'" + std::string(expr.name) + "' joins bool, not " +
                  unifier_.Resolve(args[i], true).ToString());
    }
    return K::kBool;
  }

  std::string OperatorMessage(const Expr& expr, const std::vector<Type>& args) {
    std::string name(expr.name);
    if (name == op::kConditional) {
      if (!args[0].is(K::kBool) && !args[0].is(K::kDyn)) {
        return "the condition before '?' is " + args[0].ToString() + ", not bool";
      }
      return "the two results are of different types, " + args[1].ToString() + " and " +
             args[2].ToString() + "; use dyn() on one of them if that is meant";
    }
    if (args.size() == 1) return "'" + name.substr(0, 1) + "' does not take " + args[0].ToString();
    if (name == op::kEqual || name == op::kNotEqual) {
      return args[0].ToString() + " and " + args[1].ToString() + " can never be equal";
    }
    std::string text = "'" + name + "' does not take " + args[0].ToString() + " and " +
                       args[1].ToString();
    bool has_string = args[0].is(K::kString) || args[1].is(K::kString);
    if (name == "+" && has_string) return text + "; convert with string()";
    if (IsNumber(args[0]) && IsNumber(args[1])) return text + "; convert with double() or int()";
    return text;
  }

  // `label == 'refnd'` where the schema lists the values of label.
  void CheckPossible(const Expr& expr, const std::vector<Type>& args) {
    for (size_t i = 0; i < 2; ++i) {
      const std::vector<json::Value>& values = args[i].values();
      const Expr& other = *expr.args[1 - i];
      if (values.empty() || other.op != Op::kConst) continue;
      std::vector<std::string> texts;
      bool possible = other.constant.is(Kind::kNull);
      for (const json::Value& value : values) {
        if (value.is_string()) texts.push_back(value.as_string());
        possible |= value.is_string() && other.constant.is(Kind::kString)
                        ? value.as_string() == other.constant.text()
                        : KeysEqual(Value::Json(value), other.constant);
      }
      if (possible) continue;
      std::string shown;
      for (size_t k = 0; k < values.size() && k < 10; ++k) {
        shown += (k ? ", " : "") + json::Dump(values[k]);
      }
      std::string nearest = other.constant.is(Kind::kString)
                                ? Nearest(other.constant.text(), texts)
                                : "";
      Problem(other.begin, other.end, "this can never be equal: the values are " + shown,
              nearest.empty() ? "" : "'" + nearest + "'");
    }
  }

  Type List(const Expr& expr) {
    std::optional<Type> element;
    for (size_t i = 0; i < expr.args.size(); ++i) {
      Type type = Unwrapped(*expr.args[i], expr.optional_args[i]);
      element = element ? unifier_.Join(*element, type) : type;
    }
    return Type::List(element ? *element : unifier_.FreshParam());
  }

  Type Map(const Expr& expr) {
    std::optional<Type> key, value;
    for (size_t i = 0; i < expr.optional_args.size(); ++i) {
      Type key_type = Visit(*expr.args[2 * i]);
      Type value_type = Unwrapped(*expr.args[2 * i + 1], expr.optional_args[i]);
      key = key ? unifier_.Join(*key, key_type) : key_type;
      value = value ? unifier_.Join(*value, value_type) : value_type;
    }
    if (key) return Type::Map(*key, *value);
    return Type::Map(unifier_.FreshParam(), unifier_.FreshParam());
  }

  // The type of an element; of one written with '?' what its optional holds.
  Type Unwrapped(const Expr& expr, bool optional) {
    Type type = Visit(expr);
    if (!optional || type.is(K::kDyn) || type.is(K::kError)) return type;
    if (type.is_optional()) return type.element();
    return Problem(expr.begin, expr.end, "behind '?' stands an optional, not " + type.ToString());
  }

  Type MacroType(const Expr& expr) {
    Type range = Visit(*expr.args[0]);
    switch (expr.macro) {
      case Macro::kBind: return WithLocals(expr, range, std::nullopt, *expr.args[1]);
      case Macro::kOptMap:
      case Macro::kOptFlatMap: return OptionalMacro(expr, range);
      default: return Comprehension(expr, range);
    }
  }

  Type WithLocals(const Expr& expr, const Type& first, const std::optional<Type>& second,
                  const Expr& body) {
    scope_.Enter(expr.var, first);
    if (second) scope_.Enter(expr.var2, *second);
    Type type = Visit(body);
    scope_.Leave(second ? 2 : 1);
    return type;
  }

  Type OptionalMacro(const Expr& expr, const Type& operand) {
    Type inner = K::kDyn;
    if (operand.is_optional()) {
      inner = operand.element();
    } else if (!operand.is(K::kDyn) && !operand.is(K::kError)) {
      Problem(expr.args[0]->begin, expr.args[0]->end,
              "this takes an optional, not " + operand.ToString());
    }
    Type body = WithLocals(expr, inner, std::nullopt, *expr.args[1]);
    if (expr.macro == Macro::kOptMap) return Type::Optional(body);
    if (body.is_optional()) return body;
    if (!body.is(K::kDyn) && !body.is(K::kError)) {
      Problem(expr.args[1]->begin, expr.args[1]->end,
              "optFlatMap() needs an optional here, not " + body.ToString());
    }
    return Type::Optional(K::kDyn);
  }

  // What the variables of a macro over `range` are.
  struct Elements {
    Type key;    // index or key
    Type value;  // element or value
    bool map = false;
  };
  Elements ElementsOf(const Expr& expr, const Type& range) {
    switch (range.kind()) {
      case K::kList: return {K::kInt, range.element(), false};
      case K::kMap: return {range.parameters()[0], range.parameters()[1], true};
      case K::kObject: return {K::kString, K::kDyn, true};
      case K::kDyn:
      case K::kError:
      case K::kParam: return {K::kDyn, K::kDyn, false};
      default:
        Problem(expr.args[0]->begin, expr.args[0]->end,
                "this takes a list or a map, not " + range.ToString());
        return {K::kDyn, K::kDyn, false};
    }
  }

  Type Comprehension(const Expr& expr, const Type& range) {
    Elements elements = ElementsOf(expr, range);
    Type element = elements.map ? elements.key : elements.value;
    bool two = !expr.var2.empty();
    auto visit = [&](const Expr& body) {
      if (two) return WithLocals(expr, elements.key, elements.value, body);
      return WithLocals(expr, element, std::nullopt, body);
    };
    // The filter first, as it runs: it may tell what the variables of an empty list are.
    if (expr.args.size() > 2) NeedBool(*expr.args[2], visit(*expr.args[2]));
    Type body = visit(*expr.args[1]);
    bool condition = expr.macro == Macro::kAll || expr.macro == Macro::kExists ||
                     expr.macro == Macro::kExistsOne || expr.macro == Macro::kFilter;
    if (condition) NeedBool(*expr.args[1], body);
    switch (expr.macro) {
      case Macro::kFilter: return Type::List(element);
      case Macro::kMap: return Type::List(body);
      case Macro::kTransformMap: return Type::Map(elements.key, body);
      case Macro::kTransformMapEntry: return EntryMap(*expr.args[1], body);
      default: return K::kBool;
    }
  }

  Type EntryMap(const Expr& expr, const Type& body) {
    if (body.is(K::kMap)) return body;
    if (!body.is(K::kDyn) && !body.is(K::kError)) {
      Problem(expr.begin, expr.end, "this takes a map {key: value}, not " + body.ToString());
    }
    return Type::Map(K::kDyn, K::kDyn);
  }

  void NeedBool(const Expr& expr, const Type& type) {
    if (unifier_.Assignable(type, K::kBool)) return;
    Problem(expr.begin, expr.end, "the condition is " + type.ToString() + ", not bool");
  }

  const Ast& ast_;
  const Environment& environment_;
  CheckResult& result_;
  Unifier unifier_;
  Scope scope_;
};

}  // namespace

std::optional<Type> FieldType(const Type& container, std::string_view name) {
  switch (container.kind()) {
    case K::kDyn:
    case K::kError:
    case K::kParam: return Type(K::kDyn);
    case K::kMap: return container.parameters()[1];
    case K::kObject: {
      const schema::Type& object = container.object();
      if (const auto* property = object.FindProperty(name)) return Type::FromSchema(property->type);
      if (object.open()) return Type::FromSchema(object.additional());
      return std::nullopt;
    }
    default: return std::nullopt;
  }
}

CheckResult CheckTypes(const Ast& ast, const Environment& environment) {
  CheckResult result;
  result.types.resize(ast.exprs.size());
  Checker checker(ast, environment, result);
  checker.Finish(checker.Visit(*ast.root));
  return result;
}

}  // namespace agentflow::cel
