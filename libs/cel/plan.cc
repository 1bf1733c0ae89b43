#include "libs/cel/plan.h"

#include <algorithm>
#include <utility>

#include "libs/cel/names.h"
#include "libs/cel/regex.h"

namespace agentflow::cel {
namespace {

constexpr size_t kConstantBytes = 256 * 1024;
constexpr int64_t kFoldingCost = 20'000;
constexpr int64_t kRegexCost = 500'000;  // of all patterns that are compiled beforehand

bool AllConstant(const NodeList& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const NodePtr& n) { return n->constant(); });
}

}  // namespace

// Turns the written form into nodes, bottom up. What depends on nothing is evaluated at once,
// within a small budget; an error stays to be met when the expression runs, since an || around it
// may absorb it.
class Planner {
 public:
  Planner(Plan& plan, const Environment& environment)
      : plan_(plan), environment_(environment) {}

  NodePtr Make(const Expr& expr) {
    switch (expr.op) {
      case Op::kConst: return MakeConstant(expr.at, expr.constant);
      case Op::kIdent: return Name(expr);
      case Op::kSelect: return Select(expr);
      case Op::kIndex: return Fold(MakeIndexNode(expr));
      case Op::kCall: return Call(expr);
      case Op::kList: return List(expr);
      case Op::kMap: return Map(expr);
      case Op::kMacro: return MacroOf(expr);
      case Op::kStruct:
      case Op::kInvalid: break;
    }
    return MakeFailure(expr.at, ErrorCode::kUnknownVariable, expr.name);
  }

  int locals() const { return scope_.most(); }

 private:
  struct Made {
    NodePtr node;
    bool constant;  // all parts are
  };

  NodePtr Fold(Made made) {
    if (!made.constant) return std::move(made.node);
    EmptyActivation nothing;
    Context context(nothing, plan_.constants_, folding_cost_, nullptr);
    std::vector<Value> locals(static_cast<size_t>(std::max(1, scope_.most())));
    context.locals = locals.data();
    Value value = made.node->Eval(context);
    folding_cost_ = std::max<int64_t>(context.cost, 0);
    if (value.is_error() || context.limit) return std::move(made.node);
    return MakeConstant(0, value);
  }

  NodePtr FromMeaning(const Expr& expr, const Meaning& meaning) {
    switch (meaning.kind) {
      case Meaning::Kind::kLocal: return MakeLocal(expr.at, meaning.index);
      case Meaning::Kind::kVariable: {
        const std::string& name =
            environment_.variables()[static_cast<size_t>(meaning.index)].name;
        return MakeVariable(expr.at, meaning.index, plan_.names_.emplace_back(name));
      }
      case Meaning::Kind::kType:
        return MakeConstant(expr.at, Value::TypeName(meaning.type_name));
      case Meaning::Kind::kNone: break;
    }
    return nullptr;
  }

  NodePtr Name(const Expr& expr) {
    NodePtr node = FromMeaning(expr, Resolve(expr, scope_, environment_));
    return node ? std::move(node) : MakeFailure(expr.at, ErrorCode::kUnknownVariable, expr.name);
  }

  NodePtr Select(const Expr& expr) {
    if (!expr.test && !expr.optional) {
      if (NodePtr node = FromMeaning(expr, Resolve(expr, scope_, environment_))) return node;
      return PlainPath(expr);
    }
    NodePtr operand = Make(*expr.args[0]);
    bool constant = operand->constant();
    NodePtr node = expr.test ? MakeHas(expr.at, std::move(operand), expr.name)
                             : MakeOptionalSelect(expr.at, std::move(operand), expr.name);
    return Fold({std::move(node), constant});
  }

  // a.b.c from the first part that is no plain field and no qualified variable.
  NodePtr PlainPath(const Expr& expr) {
    std::vector<PathField> fields;
    const Expr* at = &expr;
    NodePtr operand;
    while (!operand && at->op == Op::kSelect && !at->test && !at->optional) {
      fields.push_back({at->name, at->at});
      at = at->args[0];
      if (at->op == Op::kSelect) operand = FromMeaning(*at, Resolve(*at, scope_, environment_));
    }
    if (!operand) operand = Make(*at);
    std::reverse(fields.begin(), fields.end());
    bool constant = operand->constant();
    return Fold({MakePath(std::move(operand), std::move(fields)), constant});
  }

  Made MakeIndexNode(const Expr& expr) {
    NodePtr operand = Make(*expr.args[0]);
    NodePtr key = Make(*expr.args[1]);
    bool constant = operand->constant() && key->constant();
    return {MakeIndex(expr.at, std::move(operand), std::move(key), expr.optional), constant};
  }

  NodeList MakeAll(const std::vector<Expr*>& exprs, size_t from = 0) {
    NodeList nodes;
    for (size_t i = from; i < exprs.size(); ++i) nodes.push_back(Make(*exprs[i]));
    return nodes;
  }

  NodePtr Call(const Expr& expr) {
    if (!expr.member) {
      if (NodePtr node = Operator(expr)) return node;
    }
    bool qualified = false;
    const Function* function = ResolveFunction(expr, scope_, environment_, qualified);
    bool member = expr.member && !qualified;
    size_t count = expr.args.size() - (qualified ? 1 : 0);
    if (!function || !function->implementation || !function->Accepts(member, count)) {
      return MakeFailure(expr.at, ErrorCode::kUnknownFunction, expr.name);
    }
    NodeList args = MakeAll(expr.args, qualified ? 1 : 0);
    if (expr.name == "matches" && args[1]->constant() && args[1]->constant()->is(Kind::kString)) {
      if (auto pattern = CompileRegex(args[1]->constant()->text(), regex_cost_)) {
        return MakeMatches(expr.at, std::move(args[0]), std::move(pattern));
      }
    }
    if (member && (expr.name == "or" || expr.name == "orValue")) {
      return MakeOptionalOr(expr.at, std::move(args[0]), std::move(args[1]),
                            expr.name == "orValue");
    }
    bool constant = AllConstant(args);
    return Fold({MakeCall(expr.at, function->implementation, std::move(args)), constant});
  }

  NodePtr Operator(const Expr& expr) {
    if (expr.name == op::kAnd || expr.name == op::kOr) {
      return MakeLogic(expr.at, MakeAll(expr.args), expr.name == op::kAnd);
    }
    if (expr.name == op::kConditional && expr.args.size() == 3) {
      NodeList parts = MakeAll(expr.args);
      return MakeConditional(expr.at, std::move(parts[0]), std::move(parts[1]),
                             std::move(parts[2]));
    }
    if (expr.name == op::kNot || expr.name == op::kNegate) {
      NodePtr operand = Make(*expr.args[0]);
      bool constant = operand->constant();
      NodePtr node = expr.name == op::kNot ? MakeNot(expr.at, std::move(operand))
                                           : MakeNegate(expr.at, std::move(operand));
      return Fold({std::move(node), constant});
    }
    // Names of operators are no identifiers, so that no written call gets here but operators.
    bool is_operator = !expr.name.empty() && (!std::isalpha(static_cast<unsigned char>(
                                                  expr.name[0])) && expr.name[0] != '_');
    if (!is_operator && expr.name != op::kIn) return nullptr;
    NodeList parts = MakeAll(expr.args);
    bool constant = AllConstant(parts);
    return Fold({MakeBinary(expr.at, expr.name, std::move(parts[0]), std::move(parts[1])),
                 constant});
  }

  NodePtr List(const Expr& expr) {
    NodeList items = MakeAll(expr.args);
    bool constant = AllConstant(items);
    return Fold({MakeListNode(expr.at, std::move(items), expr.optional_args), constant});
  }

  NodePtr Map(const Expr& expr) {
    NodeList items = MakeAll(expr.args);
    bool constant = AllConstant(items);
    return Fold({MakeMapNode(expr.at, std::move(items), expr.optional_args), constant});
  }

  NodePtr MacroOf(const Expr& expr) {
    MacroParts parts{.macro = expr.macro};
    parts.range = Make(*expr.args[0]);
    parts.local = scope_.Enter(expr.var);
    if (!expr.var2.empty()) parts.local2 = scope_.Enter(expr.var2);
    NodePtr body = Make(*expr.args[1]);
    if (expr.macro == Macro::kFilter) {
      parts.filter = std::move(body);
    } else {
      parts.transform = std::move(body);
      if (expr.args.size() > 2) parts.filter = Make(*expr.args[2]);
    }
    scope_.Leave(expr.var2.empty() ? 1 : 2);
    return MakeMacro(expr.at, std::move(parts));
  }

  Plan& plan_;
  const Environment& environment_;
  Scope scope_;
  int64_t folding_cost_ = kFoldingCost;
  int64_t regex_cost_ = kRegexCost;
};

Plan::Plan(std::shared_ptr<const Ast> ast, const Environment& environment)
    : ast_(std::move(ast)), constants_(kConstantBytes) {
  Planner planner(*this, environment);
  root_ = planner.Make(*ast_->root);
  locals_ = planner.locals();
}

}  // namespace agentflow::cel
