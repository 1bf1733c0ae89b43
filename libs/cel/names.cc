#include "libs/cel/names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace agentflow::cel {
namespace {

const Expr& RootOf(const Expr& expr) {
  const Expr* at = &expr;
  while (at->op == Op::kSelect) at = at->args[0];
  return *at;
}

const std::array<std::pair<std::string_view, Type>, 13>& TypeNames() {
  using K = Type::Kind;
  static const auto* const kNames = new std::array<std::pair<std::string_view, Type>, 13>{{
      {"bool", K::kBool},
      {"bytes", K::kBytes},
      {"double", K::kDouble},
      {"google.protobuf.Duration", K::kDuration},
      {"google.protobuf.Timestamp", K::kTimestamp},
      {"int", K::kInt},
      {"list", Type::List(K::kDyn)},
      {"map", Type::Map(K::kDyn, K::kDyn)},
      {"null_type", K::kNull},
      {"optional_type", Type::Optional(K::kDyn)},
      {"string", K::kString},
      {"type", Type::TypeOf(K::kDyn)},
      {"uint", K::kUint},
  }};
  return *kNames;
}

constexpr std::string_view kTypeNamespace = "google";  // of google.protobuf.Timestamp
constexpr size_t kLongestGuess = 64;  // names beyond have no suggestions: comparing takes n * m

// What a name may stand for; one with a leading dot is no relative one.
std::vector<std::string> CandidatesOf(const Expr& root, std::string_view name,
                                      const Environment& environment) {
  if (root.rooted) return {std::string(name)};
  return environment.Candidates(name);
}

// Damerau-Levenshtein (adjacent letters exchanged count once), by rows.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row[b.size()];
}

}  // namespace

int Scope::Enter(std::string_view name, Type type) {
  int index = static_cast<int>(locals_.size());
  locals_.push_back({name, index, std::move(type)});
  most_ = std::max(most_, index + 1);
  return index;
}

void Scope::Leave(size_t count) { locals_.resize(locals_.size() - count); }

const Local* Scope::Find(std::string_view name) const {
  for (auto it = locals_.rbegin(); it != locals_.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  return nullptr;
}

std::string QualifiedName(const Expr& expr) {
  std::vector<std::string_view> parts;
  const Expr* at = &expr;
  for (; at->op == Op::kSelect && !at->optional && !at->test; at = at->args[0]) {
    parts.push_back(at->name);
  }
  if (at->op != Op::kIdent) return "";
  std::string name(at->name);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    name += '.';
    name += *part;
  }
  return name;
}

Meaning Resolve(const Expr& expr, const Scope& scope, const Environment& environment) {
  const Expr& root = RootOf(expr);
  if (root.op != Op::kIdent) return {};
  if (!root.rooted) {
    if (const Local* local = scope.Find(root.name)) {
      if (expr.op != Op::kIdent) return {};
      return {.kind = Meaning::Kind::kLocal, .index = local->index};
    }
  }
  // Chains of fields are long sometimes, qualified names are rare.
  bool qualified = environment.HasQualified(root.name) || root.name == kTypeNamespace;
  if (expr.op == Op::kSelect && !qualified) return {};
  std::string name = QualifiedName(expr);
  if (name.empty()) return {};
  for (const std::string& candidate : CandidatesOf(root, name, environment)) {
    int slot = environment.FindSlot(candidate);
    if (slot >= 0) return {.kind = Meaning::Kind::kVariable, .index = slot};
    for (const auto& [type_name, type] : TypeNames()) {
      if (type_name == candidate) return {.kind = Meaning::Kind::kType, .type_name = type_name};
    }
  }
  return {};
}

const Function* ResolveFunction(const Expr& call, const Scope& scope,
                                const Environment& environment, bool& qualified) {
  qualified = false;
  if (call.member) {
    const Expr& root = RootOf(*call.args[0]);
    bool is_local = root.op == Op::kIdent && !root.rooted && scope.Find(root.name);
    std::string prefix = is_local ? "" : QualifiedName(*call.args[0]);
    if (!prefix.empty()) {
      std::string name = prefix + "." + std::string(call.name);
      for (const std::string& candidate : CandidatesOf(root, name, environment)) {
        if (const Function* function = environment.functions().Find(candidate)) {
          qualified = true;
          return function;
        }
      }
    }
    return environment.functions().Find(call.name);
  }
  for (const std::string& candidate : CandidatesOf(call, call.name, environment)) {
    if (const Function* function = environment.functions().Find(candidate)) return function;
  }
  return nullptr;
}

std::optional<Type> TypeNamed(std::string_view name) {
  for (const auto& [type_name, type] : TypeNames()) {
    if (type_name == name) return type;
  }
  return std::nullopt;
}

std::string Nearest(std::string_view name, const std::vector<std::string>& candidates) {
  size_t best = name.size() / 3 + 2;  // further apart is another word
  std::string nearest;
  if (name.size() > kLongestGuess) return nearest;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestGuess) continue;
    size_t distance = Distance(name, candidate);
    if (distance < best && distance < std::max(name.size(), candidate.size())) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace agentflow::cel
