#include "libs/cel/references.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/cel/names.h"

namespace agentflow::cel {
namespace {

using Path = std::vector<std::string>;

struct Chain {
  Path path;
  size_t optional_from = SIZE_MAX;
  const Expr* root = nullptr;
};

// a.b['c'].?d from the outside in; nothing when it does not begin with a name.
bool ReadChain(const Expr& expr, Chain& chain) {
  if (expr.op == Op::kIdent) {
    chain.root = &expr;
    chain.path.emplace_back(expr.name);
    return true;
  }
  if (expr.op == Op::kSelect) {
    if (!ReadChain(*expr.args[0], chain)) return false;
    if (expr.optional || expr.test) {
      chain.optional_from = std::min(chain.optional_from, chain.path.size());
    }
    chain.path.emplace_back(expr.name);
    return true;
  }
  bool constant_index = expr.op == Op::kIndex && expr.args[1]->op == Op::kConst &&
                        expr.args[1]->constant.is(Kind::kString);
  if (!constant_index || !ReadChain(*expr.args[0], chain)) return false;
  if (expr.optional) chain.optional_from = std::min(chain.optional_from, chain.path.size());
  chain.path.emplace_back(expr.args[1]->constant.text());
  return true;
}

// The paths which a has() around the current place, in a condition before it, has found to be
// there. The last ones are taken back first.
class Guards {
 public:
  size_t size() const { return order_.size(); }
  void Add(const Path& path) { order_.push_back(paths_.insert(path)); }
  void Shrink(size_t size) {
    for (; order_.size() > size; order_.pop_back()) paths_.erase(order_.back());
  }
  // The size of the shortest guard that `path` begins with; nothing where there is none.
  std::optional<size_t> ShortestIn(const Path& path) const {
    if (paths_.empty()) return std::nullopt;
    Path prefix;
    for (const std::string& part : path) {
      prefix.push_back(part);
      if (paths_.count(prefix) > 0) return prefix.size();
    }
    return std::nullopt;
  }

 private:
  std::multiset<Path> paths_;
  std::vector<std::multiset<Path>::iterator> order_;
};

// Collects references.
class Finder {
 public:
  Finder(const Environment& environment, std::vector<Reference>& references)
      : environment_(environment), references_(references) {}

  void Visit(const Expr& expr) {
    Chain chain;
    if (ReadChain(expr, chain)) {
      Add(chain);
      return;
    }
    if (expr.op == Op::kSelect || expr.op == Op::kIndex) {
      for (const Expr* arg : expr.args) Visit(*arg);
      return;
    }
    if (expr.op == Op::kMacro) {
      VisitMacro(expr);
      return;
    }
    bool call = expr.op == Op::kCall && !expr.member;
    if (call && (expr.name == op::kAnd || expr.name == op::kOr)) {
      VisitLogic(expr);
    } else if (call && expr.name == op::kConditional) {
      VisitConditional(expr);
    } else {
      VisitArguments(expr);
    }
  }

 private:
  void VisitArguments(const Expr& expr) {
    bool qualified = false;
    if (expr.op == Op::kCall && expr.member) {
      ResolveFunction(expr, scope_, environment_, qualified);
    }
    for (size_t i = qualified ? 1 : 0; i < expr.args.size(); ++i) Visit(*expr.args[i]);
  }

  void Add(const Chain& chain) {
    if (!chain.root->rooted && scope_.Find(chain.root->name)) return;
    if (!IsVariable(chain)) return;
    Reference reference{.path = chain.path,
                        .optional_from = std::min(chain.optional_from, chain.path.size()),
                        .position = {.offset = chain.root->begin}};
    if (auto guard = guards_.ShortestIn(chain.path)) {
      reference.optional_from = std::min(reference.optional_from, *guard - 1);
    }
    references_.push_back(std::move(reference));
  }

  // The root is declared, or a qualified name that begins the chain is.
  bool IsVariable(const Chain& chain) const {
    std::string name;
    for (const std::string& part : chain.path) {
      name += (name.empty() ? "" : ".") + part;
      if (environment_.FindSlot(name) >= 0) return true;
    }
    return !TypeNamed(chain.path[0]) || chain.path.size() > 1;
  }

  void VisitMacro(const Expr& expr) {
    Visit(*expr.args[0]);
    scope_.Enter(expr.var);
    if (!expr.var2.empty()) scope_.Enter(expr.var2);
    size_t guards = guards_.size();
    if (expr.args.size() > 2) {  // the filter runs first
      Visit(*expr.args[2]);
      CollectGuards(*expr.args[2], true);
    }
    Visit(*expr.args[1]);
    guards_.Shrink(guards);
    scope_.Leave(expr.var2.empty() ? 1 : 2);
  }

  // In `has(a.b) && a.b > 1` and in `!has(a.b) || a.b > 1` the second operand is guarded.
  void VisitLogic(const Expr& expr) {
    size_t guards = guards_.size();
    for (const Expr* operand : expr.args) {
      Visit(*operand);
      CollectGuards(*operand, expr.name == op::kAnd);
    }
    guards_.Shrink(guards);
  }

  void VisitConditional(const Expr& expr) {
    Visit(*expr.args[0]);
    for (bool holds : {true, false}) {
      size_t guards = guards_.size();
      CollectGuards(*expr.args[0], holds);
      Visit(*expr.args[holds ? 1 : 2]);
      guards_.Shrink(guards);
    }
  }

  // What is known to be there when `condition` is true (or false).
  void CollectGuards(const Expr& condition, bool holds) {
    if (condition.op == Op::kSelect && condition.test) {
      Chain chain;
      if (holds && ReadChain(condition, chain)) guards_.Add(chain.path);
      return;
    }
    if (condition.op != Op::kCall) return;
    if (condition.member) {
      Chain chain;  // a.?b.hasValue()
      if (holds && condition.name == "hasValue" && ReadChain(*condition.args[0], chain)) {
        guards_.Add(chain.path);
      }
      return;
    }
    if (condition.name == op::kNot) CollectGuards(*condition.args[0], !holds);
    if (condition.name == (holds ? op::kAnd : op::kOr)) {
      for (const Expr* operand : condition.args) CollectGuards(*operand, holds);
    }
  }

  const Environment& environment_;
  std::vector<Reference>& references_;
  Scope scope_;
  Guards guards_;
};

// The declared variable that a path begins with: the longest name wins.
const Variable* VariableOf(const Path& path, const Environment& environment, size_t& parts) {
  std::string name;
  const Variable* found = nullptr;
  for (size_t i = 0; i < path.size(); ++i) {
    name += (i ? "." : "") + path[i];
    int slot = environment.FindSlot(name);
    if (slot < 0) continue;
    found = &environment.variables()[static_cast<size_t>(slot)];
    parts = i + 1;
  }
  return found;
}

// Lines and columns of references in the order of the text, in one pass over it.
void FillPositions(std::string_view text, std::vector<Reference>& references) {
  Position at;
  for (Reference& reference : references) {
    std::string_view between =
        text.substr(at.offset, reference.position.offset - at.offset);
    Position moved = PositionAt(between, static_cast<uint32_t>(between.size()));
    at.column = moved.line > 1 ? moved.column : at.column + moved.column - 1;
    at.line += moved.line - 1;
    at.offset = reference.position.offset;
    reference.position = at;
  }
}

}  // namespace

std::vector<Reference> FindReferences(const Ast& ast, const Environment& environment) {
  std::vector<Reference> references;
  Finder(environment, references).Visit(*ast.root);
  std::stable_sort(references.begin(), references.end(),
                   [](const Reference& a, const Reference& b) {
                     return a.position.offset < b.position.offset;
                   });
  FillPositions(ast.text, references);
  return references;
}

void WarnAboutMissing(const Ast& ast, const Environment& environment, Compiled& compiled) {
  for (const Reference& reference : compiled.references) {
    if (compiled.issues.size() >= 2 * kMaxIssues) return;
    size_t parts = 0;
    const Variable* variable = VariableOf(reference.path, environment, parts);
    if (!variable || !variable->type.is(Type::Kind::kObject)) continue;
    schema::Type at = variable->type.object();
    for (size_t i = parts; i < reference.optional_from; ++i) {
      const schema::Property* property = at.FindProperty(reference.path[i]);
      if (!property) break;
      if (!property->required) {
        uint32_t begin = reference.position.offset;
        Issue issue = ast.IssueAt(begin, begin + static_cast<uint32_t>(reference.path[0].size()),
                                  "'" + reference.path[i] + "' may be missing; write ." +
                                      "?" + reference.path[i] + " with orValue(), or test it " +
                                      "with has()");
        issue.severity = Issue::Severity::kWarning;
        compiled.issues.push_back(std::move(issue));
        break;
      }
      schema::Type next = property->type;
      at = std::move(next);
    }
  }
}

}  // namespace agentflow::cel
