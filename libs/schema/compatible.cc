#include <algorithm>

#include "libs/schema/type.h"

namespace agentflow::schema {
namespace {

using Verdict = Compatibility::Verdict;

// The worst of two, keeping where it is.
void Worsen(Compatibility& all, Compatibility part) {
  if (part.verdict > all.verdict) all = std::move(part);
}

Compatibility Compare(const Type& from, const Type& to, const std::string& pointer);

Compatibility CompareValues(const Type& from, const Type& to, const std::string& pointer) {
  if (to.values().empty()) return {};
  if (from.values().empty()) {
    return {Verdict::kSometimes, pointer, "only some values are allowed here"};
  }
  size_t fitting = std::count_if(
      from.values().begin(), from.values().end(), [&](const json::Value& value) {
        return std::find(to.values().begin(), to.values().end(), value) != to.values().end();
      });
  if (fitting == from.values().size()) return {};
  if (fitting > 0) return {Verdict::kSometimes, pointer, "not all of its values are allowed here"};
  return {Verdict::kNever, pointer, "none of its values is allowed here"};
}

Compatibility CompareObjects(const Type& from, const Type& to, const std::string& pointer) {
  Compatibility all;
  for (const Property& wanted : to.properties()) {
    std::string below = pointer + "/" + json::EscapePointerToken(wanted.name);
    const Property* given = from.FindProperty(wanted.name);
    if (given) {
      Worsen(all, Compare(given->type, wanted.type, below));
      if (wanted.required && !given->required) {
        Worsen(all, {Verdict::kSometimes, below, "'" + wanted.name + "' is required and may be "
                                                 "missing"});
      }
    } else if (wanted.required) {
      Worsen(all, {from.open() ? Verdict::kSometimes : Verdict::kNever, below,
                   "'" + wanted.name + "' is required and " +
                       (from.open() ? "not known to be there" : "not there")});
    }
  }
  return all;
}

Compatibility Compare(const Type& from, const Type& to, const std::string& pointer) {
  if (to.kind() == Type::Kind::kAny) return {};
  if (from.kind() == Type::Kind::kAny) {
    return {Verdict::kSometimes, pointer, "expected " + to.Describe() + ", the type is not known"};
  }
  if (from.kind() == Type::Kind::kNull) {
    if (to.nullable()) return {};
    return {Verdict::kNever, pointer, "expected " + to.Describe() + ", got null"};
  }
  Compatibility all;
  if (from.nullable() && !to.nullable()) {
    all = {Verdict::kSometimes, pointer, "expected " + to.Describe() + ", may be null"};
  }
  if (from.kind() == Type::Kind::kNumber && to.kind() == Type::Kind::kInt) {
    Worsen(all, {Verdict::kSometimes, pointer, "expected integer, got number"});
  } else if (from.kind() != to.kind() &&
             !(from.kind() == Type::Kind::kInt && to.kind() == Type::Kind::kNumber)) {
    return {Verdict::kNever, pointer,
            "expected " + to.Describe() + ", got " + from.Describe()};
  }
  Worsen(all, CompareValues(from, to, pointer));
  if (to.kind() == Type::Kind::kArray)
    Worsen(all, Compare(from.items(), to.items(), pointer + "/*"));
  if (to.kind() == Type::Kind::kObject) Worsen(all, CompareObjects(from, to, pointer));
  return all;
}

}  // namespace

Compatibility Compatible(const Type& from, const Type& to) { return Compare(from, to, ""); }

}  // namespace agentflow::schema
