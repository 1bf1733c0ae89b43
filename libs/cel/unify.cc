#include "libs/cel/unify.h"

#include <utility>

namespace agentflow::cel {
namespace {

using K = Type::Kind;

bool IsDynamic(const Type& type) { return type.is(K::kDyn) || type.is(K::kError); }

Type AsMap(const Type& type) {
  return type.is(K::kObject) ? Type::Map(K::kString, K::kDyn) : type;
}

Type MoreGeneral(const Type& a, const Type& b) { return SaysNoMore(a, b) ? a : b; }

// Variables are numbered as they are made: "_0", "_1", ...
bool IsOlder(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

Type WithParameters(const Type& type, std::vector<Type> parameters) {
  switch (type.kind()) {
    case K::kList: return Type::List(parameters[0]);
    case K::kMap: return Type::Map(parameters[0], parameters[1]);
    case K::kType: return Type::TypeOf(parameters[0]);
    default: return Type::Abstract(type.name(), std::move(parameters));
  }
}

}  // namespace

bool SaysNoMore(const Type& a, const Type& b) {
  if (a.SharesWith(b)) return true;
  if (a.is(K::kDyn) || a.is(K::kParam)) return true;
  if (b.is(K::kDyn) || b.is(K::kParam)) return false;
  if (a.kind() != b.kind() || a.name() != b.name()) return false;
  if (a.parameters().size() != b.parameters().size()) return false;
  for (size_t i = 0; i < a.parameters().size(); ++i) {
    if (!SaysNoMore(a.parameters()[i], b.parameters()[i])) return false;
  }
  return true;
}

Type Unifier::FreshParam() { return Type::Param("_" + std::to_string(next_++)); }

Type Unifier::Rename(const Type& type, std::map<std::string, Type>& names) {
  if (type.is(K::kParam)) {
    auto [it, added] = names.try_emplace(type.name());
    if (added) it->second = FreshParam();
    return it->second;
  }
  if (!type.has_params()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters()) parameters.push_back(Rename(parameter, names));
  return WithParameters(type, std::move(parameters));
}

Overload Unifier::Fresh(const Overload& overload) {
  std::map<std::string, Type> names;
  Overload fresh = overload;
  for (Type& parameter : fresh.parameters) parameter = Rename(parameter, names);
  fresh.result = Rename(fresh.result, names);
  return fresh;
}

const Type* Unifier::Known(const std::string& variable) const {
  auto it = bindings_.find(variable);
  return it == bindings_.end() ? nullptr : &it->second;
}

std::string Unifier::VariableOf(const Type& param) {
  std::vector<std::string> chain = {param.name()};
  for (const Type* next = Known(chain[0]); next && next->is(K::kParam);
       next = Known(chain.back())) {
    chain.push_back(next->name());
  }
  // The next time there is one step from each of them.
  for (size_t i = 0; i + 2 < chain.size(); ++i) Bind(chain[i], Type::Param(chain.back()));
  return chain.back();
}

bool Unifier::Mentions(const Type& type, const std::string& variable) {
  if (!type.has_params()) return false;
  if (type.is(K::kParam)) {
    std::string name = VariableOf(type);
    if (name == variable) return true;
    const Type* known = Known(name);
    return known && Mentions(Type(*known), variable);
  }
  for (const Type& parameter : type.parameters()) {
    if (Mentions(parameter, variable)) return true;
  }
  return false;
}

// Whether `type` may be what the variable stands for. Nothing: the variable cannot be bound, the
// other side must decide.
std::optional<bool> Unifier::Substitute(const Type& type, const Type& param) {
  std::string variable = VariableOf(param);
  if (type.is(K::kParam)) {
    std::string other = VariableOf(type);
    if (other == variable) return true;
    if (!Known(other) && !Known(variable)) {
      // The younger one stands for the older one, so that no chains grow.
      bool older = IsOlder(variable, other);
      Bind(older ? other : variable, Type::Param(older ? variable : other));
      return true;
    }
  }
  return SubstituteVariable(type, variable);
}

std::optional<bool> Unifier::SubstituteVariable(const Type& type, const std::string& variable) {
  const Type* found = Known(variable);
  if (!found) {
    if (Mentions(type, variable)) return std::nullopt;
    Bind(variable, type.WithoutValues());
    return true;
  }
  Type known = *found;
  if (type == known) return true;
  if (!Assign(type, known)) return false;
  const Type* stands_for = type.is(K::kParam) ? Known(VariableOf(type)) : &type;
  Type general = MoreGeneral(stands_for ? *stands_for : type, known);
  if (!Mentions(general, variable)) Bind(variable, general);
  return true;
}

bool Unifier::AssignParameters(const Type& from, const Type& to) {
  if (from.parameters().size() != to.parameters().size()) return false;
  for (size_t i = 0; i < from.parameters().size(); ++i) {
    if (!Assign(from.parameters()[i], to.parameters()[i])) return false;
  }
  return true;
}

bool Unifier::Assign(const Type& from, const Type& to) {
  if (from.SharesWith(to)) return true;
  if (to.is(K::kParam)) {
    if (auto fits = Substitute(from, to)) return *fits;
  }
  if (from.is(K::kParam)) {
    auto fits = Substitute(to, from);
    return fits.value_or(false);
  }
  if (IsDynamic(from) || IsDynamic(to)) return true;
  if (from.is(K::kNull)) {
    return to.is(K::kNull) || to.is(K::kAbstract) || to.is(K::kTimestamp) || to.is(K::kDuration);
  }
  if (from.is(K::kObject) && to.is(K::kObject)) return true;
  if (from.is(K::kObject) || to.is(K::kObject)) {
    return from.kind() == to.kind() || Assign(AsMap(from), AsMap(to));
  }
  if (from.kind() != to.kind()) return false;
  switch (from.kind()) {
    case K::kType: return true;
    case K::kAbstract: return from.name() == to.name() && AssignParameters(from, to);
    case K::kList:
    case K::kMap: return AssignParameters(from, to);
    default: return true;
  }
}

void Unifier::Bind(const std::string& param, const Type& type) {
  auto [it, added] = bindings_.try_emplace(param, type);
  changes_.emplace_back(param, added ? std::nullopt : std::optional<Type>(it->second));
  it->second = type;
}

void Unifier::RollBack() {
  for (; !changes_.empty(); changes_.pop_back()) {
    auto& [param, before] = changes_.back();
    if (before) {
      bindings_[param] = *before;
    } else {
      bindings_.erase(param);
    }
  }
}

bool Unifier::Assignable(const Type& from, const Type& to) {
  changes_.clear();
  if (Assign(from, to)) return true;
  RollBack();
  return false;
}

bool Unifier::AssignableAll(const std::vector<Type>& from, const std::vector<Type>& to) {
  if (from.size() != to.size()) return false;
  changes_.clear();
  for (size_t i = 0; i < from.size(); ++i) {
    if (Assign(from[i], to[i])) continue;
    RollBack();
    return false;
  }
  return true;
}

Type Unifier::Join(const Type& first, const Type& second) {
  Type a = first.WithoutValues();
  Type b = second.WithoutValues();
  if (a.is(K::kObject) || b.is(K::kObject)) {
    if (a == b) return a;
    if (Assignable(AsMap(b), AsMap(a))) return MoreGeneral(AsMap(a), AsMap(b));
    return K::kDyn;
  }
  if (a.is(K::kNull) && Assignable(a, b)) return b;
  if (b.is(K::kNull) && Assignable(b, a)) return a;
  if (Assignable(b, a) || Assignable(a, b)) return MoreGeneral(a, b);
  return K::kDyn;
}

Type Unifier::Resolve(const Type& type, bool final) {
  if (type.is(K::kParam)) {
    std::string variable = VariableOf(type);
    if (const Type* known = Known(variable)) return Resolve(Type(*known), final);
    return final ? Type() : Type::Param(variable);
  }
  if (!type.has_params()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters()) parameters.push_back(Resolve(parameter, final));
  return WithParameters(type, std::move(parameters));
}

}  // namespace agentflow::cel
