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

bool Unifier::Mentions(const Type& type, const Type& param) const {
  if (!type.has_params()) return false;
  if (type.is(K::kParam)) {
    if (type.name() == param.name()) return true;
    auto it = bindings_.find(type.name());
    return it != bindings_.end() && Mentions(it->second, param);
  }
  for (const Type& parameter : type.parameters()) {
    if (Mentions(parameter, param)) return true;
  }
  return false;
}

// Whether `type` may be what the variable stands for. Nothing: the variable cannot be bound, the
// other side must decide.
std::optional<bool> Unifier::Substitute(const Type& type, const Type& param) {
  if (type == param) return true;
  auto it = bindings_.find(param.name());
  if (it == bindings_.end()) {
    if (Mentions(type, param)) return std::nullopt;
    Bind(param.name(), type.WithoutValues());
    return true;
  }
  Type known = it->second;
  if (type == known) return true;
  if (!Assign(type, known)) return false;
  Type general = MoreGeneral(type, known);
  if (!Mentions(general, param)) Bind(param.name(), general);
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

void Unifier::RollBack(size_t changes) {
  for (; changes_.size() > changes; changes_.pop_back()) {
    auto& [param, before] = changes_.back();
    if (before) {
      bindings_[param] = *before;
    } else {
      bindings_.erase(param);
    }
  }
}

bool Unifier::Assignable(const Type& from, const Type& to) {
  size_t changes = changes_.size();
  if (Assign(from, to)) return true;
  RollBack(changes);
  return false;
}

bool Unifier::AssignableAll(const std::vector<Type>& from, const std::vector<Type>& to) {
  if (from.size() != to.size()) return false;
  size_t changes = changes_.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (Assign(from[i], to[i])) continue;
    RollBack(changes);
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

Type Unifier::Resolve(const Type& type, bool final) const {
  if (type.is(K::kParam)) {
    auto it = bindings_.find(type.name());
    if (it != bindings_.end()) return Resolve(it->second, final);
    return final ? Type() : type;
  }
  if (!type.has_params()) return type;
  std::vector<Type> parameters;
  for (const Type& parameter : type.parameters()) parameters.push_back(Resolve(parameter, final));
  return WithParameters(type, std::move(parameters));
}

}  // namespace agentflow::cel
