#include "libs/cel/macros.h"

#include <algorithm>

namespace agentflow::cel {
namespace {

struct MacroForm {
  std::string_view name;
  size_t args;       // behind the target
  size_t variables;  // the first ones of them
  Macro macro;
};

constexpr MacroForm kForms[] = {
    {"all", 2, 1, Macro::kAll},
    {"all", 3, 2, Macro::kAll},
    {"exists", 2, 1, Macro::kExists},
    {"exists", 3, 2, Macro::kExists},
    {"exists_one", 2, 1, Macro::kExistsOne},
    {"exists_one", 3, 2, Macro::kExistsOne},
    {"existsOne", 2, 1, Macro::kExistsOne},
    {"existsOne", 3, 2, Macro::kExistsOne},
    {"map", 2, 1, Macro::kMap},
    {"map", 3, 1, Macro::kMap},
    {"filter", 2, 1, Macro::kFilter},
    {"transformList", 3, 2, Macro::kMap},
    {"transformList", 4, 2, Macro::kMap},
    {"transformMap", 3, 2, Macro::kTransformMap},
    {"transformMap", 4, 2, Macro::kTransformMap},
    {"transformMapEntry", 3, 2, Macro::kTransformMapEntry},
    {"transformMapEntry", 4, 2, Macro::kTransformMapEntry},
    {"optMap", 2, 1, Macro::kOptMap},
    {"optFlatMap", 2, 1, Macro::kOptFlatMap},
};

std::optional<MacroProblem> ExpandHas(Expr& call) {
  const Expr& operand = *call.args[0];
  if (operand.op == Op::kInvalid) return std::nullopt;
  if (operand.op != Op::kSelect || operand.test) {
    return MacroProblem{operand.begin, operand.end,
                        "has() takes a field, as in has(inputs.ticket)"};
  }
  Expr* container = operand.args[0];
  bool optional = operand.optional;
  call.op = Op::kSelect;
  call.test = true;
  call.optional = optional;
  call.name = operand.name;
  call.at = operand.at;
  call.args = {container};
  return std::nullopt;
}

std::optional<MacroProblem> ExpandBind(Expr& call) {
  Expr* variable = call.args[1];
  if (variable->op != Op::kIdent || variable->rooted) {
    return MacroProblem{variable->begin, variable->end,
                        "cel.bind() takes a plain name first, as in cel.bind(x, value, x + x)"};
  }
  call.op = Op::kMacro;
  call.macro = Macro::kBind;
  call.var = variable->name;
  call.args = {call.args[2], call.args[3]};
  return std::nullopt;
}

std::optional<MacroProblem> ExpandForm(Expr& call, const MacroForm& form) {
  for (size_t i = 1; i <= form.variables; ++i) {
    const Expr* variable = call.args[i];
    if (variable->op == Op::kInvalid) return std::nullopt;
    if (variable->op != Op::kIdent || variable->rooted) {
      return MacroProblem{variable->begin, variable->end,
                          std::string(call.name) + "() takes a plain name here, as in list." +
                              std::string(call.name) + "(x, ...)"};
    }
  }
  if (form.variables == 2 && call.args[1]->name == call.args[2]->name) {
    return MacroProblem{call.args[2]->begin, call.args[2]->end,
                        "the two variables need different names"};
  }
  call.op = Op::kMacro;
  call.macro = form.macro;
  call.var = call.args[1]->name;
  if (form.variables == 2) call.var2 = call.args[2]->name;
  Expr* range = call.args[0];
  std::vector<Expr*> bodies(call.args.begin() + 1 + static_cast<ptrdiff_t>(form.variables),
                            call.args.end());
  std::reverse(bodies.begin(), bodies.end());  // transform, then filter
  call.args = {range};
  call.args.insert(call.args.end(), bodies.begin(), bodies.end());
  return std::nullopt;
}

}  // namespace

std::optional<MacroProblem> ExpandMacro(Expr& call) {
  if (!call.member) {
    if (call.name == "has" && call.args.size() == 1) return ExpandHas(call);
    return std::nullopt;
  }
  const Expr& target = *call.args[0];
  if (call.name == "bind" && call.args.size() == 4 && target.op == Op::kIdent &&
      target.name == "cel") {
    return ExpandBind(call);
  }
  for (const MacroForm& form : kForms) {
    if (form.name == call.name && form.args + 1 == call.args.size()) return ExpandForm(call, form);
  }
  return std::nullopt;
}

const std::vector<MacroDoc>& MacroDocs() {
  static const auto* const kDocs = new std::vector<MacroDoc>{
      {"has", "has(object.field) -> bool", "whether the field is there", "has({'a': 1}.a)"},
      {"all", "list.all(x, bool) -> bool", "whether it holds for every element (key of a map)",
       "[1, 2].all(x, x > 0)"},
      {"all", "list.all(i, x, bool) -> bool", "the same with index (key) and element (value)",
       "[0, 1].all(i, x, i == x)"},
      {"exists", "list.exists(x, bool) -> bool", "whether it holds for some element",
       "[1, 2].exists(x, x > 1)"},
      {"exists", "list.exists(i, x, bool) -> bool", "the same with index and element",
       "['a'].exists(i, x, i == 0 && x == 'a')"},
      {"exists_one", "list.exists_one(x, bool) -> bool", "whether it holds for exactly one",
       "[1, 2].exists_one(x, x > 1)"},
      {"existsOne", "list.existsOne(i, x, bool) -> bool", "the same with index and element",
       "[5, 5].existsOne(i, x, i == 1)"},
      {"filter", "list.filter(x, bool) -> list", "the elements for which it holds",
       "[1, 2, 3].filter(x, x > 1) == [2, 3]"},
      {"map", "list.map(x, value) -> list", "a value for each element",
       "[1, 2].map(x, x * 2) == [2, 4]"},
      {"map", "list.map(x, bool, value) -> list", "a value for each element for which it holds",
       "[1, 2].map(x, x > 1, x * 2) == [4]"},
      {"transformList", "list.transformList(i, x, value) -> list",
       "a value for each index and element (key and value of a map)",
       "[5, 6].transformList(i, x, i + x) == [5, 7]"},
      {"transformList", "list.transformList(i, x, bool, value) -> list",
       "the same where the condition holds",
       "[5, 6].transformList(i, x, i > 0, x) == [6]"},
      {"transformMap", "map.transformMap(k, v, value) -> map", "the same keys with new values",
       "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}"},
      {"transformMap", "map.transformMap(k, v, bool, value) -> map",
       "the same where the condition holds",
       "{'a': 1}.transformMap(k, v, v > 1, v) == {}"},
      {"transformMapEntry", "map.transformMapEntry(k, v, {key: value}) -> map",
       "new keys and values",
       "{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}"},
      {"transformMapEntry", "map.transformMapEntry(k, v, bool, {key: value}) -> map",
       "the same where the condition holds",
       "{'a': 1}.transformMapEntry(k, v, v > 1, {v: k}) == {}"},
      {"cel.bind", "cel.bind(name, value, expression) -> dyn", "names a value that is used twice",
       "cel.bind(x, 2 + 3, x * x) == 25"},
      {"optMap", "optional.optMap(x, value) -> optional", "a value made of the one inside, if any",
       "{'a': 1}.?a.optMap(x, x + 1).orValue(0) == 2"},
      {"optFlatMap", "optional.optFlatMap(x, optional) -> optional",
       "an optional made of the value inside, if any",
       "optional.of([1]).optFlatMap(l, l[?1]).orValue(7) == 7"},
  };
  return *kDocs;
}

}  // namespace agentflow::cel
