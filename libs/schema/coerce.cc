#include <cmath>

#include "libs/schema/node.h"

namespace agentflow::schema {
namespace {

constexpr int kMaxDepth = 256;

class Coercer {
 public:
  json::Value Coerce(const Node& node, const json::Value& value, int depth) {
    if (depth > kMaxDepth || --steps_ < 0) return value;
    ++depth;
    json::Value out = value;
    if (node.types && value.is_number()) out = Number(node.types, value);
    if (value.is_array() && (node.items || !node.prefix_items.empty())) {
      out = Array(node, value, depth);
    }
    bool has_members =
        !node.properties.empty() || !node.pattern_properties.empty() || node.additional;
    if (value.is_object() && has_members) out = Object(node, value, depth);
    if (node.ref) out = Coerce(*node.ref, out, depth);
    for (const Node* part : node.all_of) out = Coerce(*part, out, depth);
    if (!node.any_of.empty()) out = Alternatives(node.any_of, out, depth);
    if (!node.one_of.empty()) out = Alternatives(node.one_of, out, depth);
    return out;
  }

 private:
  static json::Value Number(uint8_t types, const json::Value& value) {
    bool to_double = (types & kNumberBit) && value.is_int();
    if (to_double) return json::Value(static_cast<double>(value.as_int()));
    bool to_int = (types & kIntBit) && !(types & kNumberBit) && value.is_double();
    return to_int ? json::Value::Number(value.as_double()) : value;
  }

  json::Value Array(const Node& node, const json::Value& value, int depth) {
    const json::Array& before = value.as_array();
    json::Array after;
    bool changed = false;
    for (size_t i = 0; i < before.size(); ++i) {
      const Node* item = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
      after.push_back(item ? Coerce(*item, before[i], depth) : before[i]);
      changed |= !after.back().SharesWith(before[i]);
    }
    return changed ? json::Value(std::move(after)) : value;
  }

  json::Value Object(const Node& node, const json::Value& value, int depth) {
    std::vector<json::Object::Member> after;
    bool changed = false;
    for (const auto& [name, member] : value.as_object()) {
      json::Value coerced = member;
      const Node* property = node.FindProperty(name);
      for (const auto& [pattern, candidate] : node.pattern_properties) {
        if (!property && RE2::PartialMatch(name, *pattern)) property = candidate;
      }
      if (!property) property = node.additional;
      if (property) coerced = Coerce(*property, member, depth);
      changed |= !coerced.SharesWith(member);
      after.emplace_back(name, std::move(coerced));
    }
    return changed ? json::Value(json::Object(std::move(after))) : value;
  }

  // Of alternatives, the first that accepts the value decides.
  json::Value Alternatives(const std::vector<const Node*>& nodes, const json::Value& value,
                           int depth) {
    for (const Node* node : nodes) {
      if (steps_ < 0) break;
      if (ValidateWith(*node, value, 1, steps_).empty()) return Coerce(*node, value, depth);
    }
    return value;
  }

  int64_t steps_ = 1'000'000;
};

}  // namespace

json::Value CoerceTo(const Node& node, const json::Value& value) {
  return Coercer().Coerce(node, value, 0);
}

}  // namespace agentflow::schema
