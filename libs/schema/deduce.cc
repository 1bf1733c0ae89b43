#include <algorithm>

#include "libs/schema/node.h"

// From a compiled schema to the type that it promises.
namespace agentflow::schema {
namespace {

constexpr int kMaxTypeDepth = 12;  // recursive schemas end as "any" here

Type Merge(const Type& a, const Type& b);
Type Join(const Type& a, const Type& b);

std::vector<Property> MergeProperties(const Type& a, const Type& b) {
  std::vector<Property> merged = a.properties();
  for (const Property& property : b.properties()) {
    auto it = std::find_if(merged.begin(), merged.end(),
                           [&](const Property& p) { return p.name == property.name; });
    if (it == merged.end()) {
      merged.push_back(property);
    } else {
      it->required |= property.required;
      it->type = Merge(it->type, property.type);
    }
  }
  return merged;
}

// Both hold (allOf).
Type Merge(const Type& a, const Type& b) {
  if (a.kind() == Type::Kind::kAny) return b;
  if (b.kind() == Type::Kind::kAny) return a;
  if (a.kind() == Type::Kind::kObject && b.kind() == Type::Kind::kObject) {
    return Type::Object(MergeProperties(a, b), a.open() && b.open());
  }
  return a;
}

std::vector<Property> JoinProperties(const Type& a, const Type& b) {
  std::vector<Property> joined = a.properties();
  for (Property& property : joined) {
    const Property* other = b.FindProperty(property.name);
    property.required = other && other->required && property.required;
    if (other) property.type = Join(property.type, other->type);
  }
  for (const Property& property : b.properties()) {
    if (a.FindProperty(property.name)) continue;
    joined.push_back(property);
    joined.back().required = false;
  }
  return joined;
}

// One of the two holds (anyOf, oneOf).
Type Join(const Type& a, const Type& b) {
  if (a.kind() == Type::Kind::kNull) return b.WithNullable();
  if (b.kind() == Type::Kind::kNull) return a.WithNullable();
  Type joined;
  if (a.kind() == b.kind()) {
    if (a.kind() == Type::Kind::kObject) {
      joined = Type::Object(JoinProperties(a, b), a.open() || b.open());
    } else if (a.kind() == Type::Kind::kArray) {
      joined = Type::Array(Join(a.items(), b.items()));
    } else {
      std::vector<json::Value> values = a.values();
      values.insert(values.end(), b.values().begin(), b.values().end());
      if (a.values().empty() || b.values().empty()) values.clear();
      joined = a.WithValues(std::move(values));
    }
  } else if ((a.kind() == Type::Kind::kInt && b.kind() == Type::Kind::kNumber) ||
             (a.kind() == Type::Kind::kNumber && b.kind() == Type::Kind::kInt)) {
    joined = Type::Number();
  } else {
    return Type::Any();
  }
  return a.nullable() || b.nullable() ? joined.WithNullable() : joined;
}

std::string DescriptionOf(const Node& node) {
  std::string title = node.document->StringOr("title");
  return title.empty() ? node.document->StringOr("description") : title;
}

class Deducer {
 public:
  Type Deduce(const Node& node, int depth) {
    if (depth > kMaxTypeDepth || --steps_ < 0) return Type::Any();
    Type type = Own(node, depth);
    if (node.ref) type = Merge(type, Deduce(*node.ref, depth + 1));
    for (const Node* part : node.all_of) type = Merge(type, Deduce(*part, depth + 1));
    if (!node.any_of.empty()) type = Merge(type, Alternatives(node.any_of, depth));
    if (!node.one_of.empty()) type = Merge(type, Alternatives(node.one_of, depth));
    return type;
  }

 private:
  Type Alternatives(const std::vector<const Node*>& nodes, int depth) {
    Type type = Deduce(*nodes[0], depth + 1);
    for (size_t i = 1; i < nodes.size(); ++i) type = Join(type, Deduce(*nodes[i], depth + 1));
    return type;
  }

  Type Own(const Node& node, int depth) {
    uint8_t bits = node.types;
    if (node.has_values) bits = BitsOfValues(node);
    if (!bits && (!node.properties.empty() || !node.required.empty())) bits = kObjectBit;
    if (!bits && (node.items || !node.prefix_items.empty())) bits = kArrayBit;
    bool nullable = bits & kNullBit;
    Type type = OfBits(node, static_cast<uint8_t>(bits & ~kNullBit), depth);
    if (bits == kNullBit) type = Type::Null();
    if (node.has_values && type.kind() != Type::Kind::kAny) type = type.WithValues(node.values);
    return nullable ? type.WithNullable() : type;
  }

  static uint8_t BitsOfValues(const Node& node) {
    uint8_t bits = 0;
    for (const json::Value& value : node.values) {
      uint8_t integer = node.types & kNumberBit ? kNumberBit : kIntBit;
      bits |= value.is_int() ? integer : BitsOf(value);
    }
    return node.types ? static_cast<uint8_t>(bits & node.types) : bits;
  }

  Type OfBits(const Node& node, uint8_t bits, int depth) {
    switch (bits) {
      case kBoolBit: return Type::Bool();
      case kIntBit: return Type::Int();
      case kNumberBit:
      case kIntBit | kNumberBit: return Type::Number();
      case kStringBit: return Type::String();
      case kArrayBit: return ArrayOf(node, depth);
      case kObjectBit: return ObjectOf(node, depth);
      default: return Type::Any();
    }
  }

  Type ArrayOf(const Node& node, int depth) {
    if (node.prefix_items.empty()) {
      return Type::Array(node.items ? Deduce(*node.items, depth + 1) : Type::Any());
    }
    Type type = Alternatives(node.prefix_items, depth);
    bool more = !node.items || !node.items->refuses_all;
    if (more) type = node.items ? Join(type, Deduce(*node.items, depth + 1)) : Type::Any();
    return Type::Array(type);
  }

  Type ObjectOf(const Node& node, int depth) {
    std::vector<Property> properties;
    for (const auto& [name, property] : node.properties) {
      bool required = std::find(node.required.begin(), node.required.end(), name) !=
                      node.required.end();
      properties.push_back(
          {name, Deduce(*property, depth + 1), required, DescriptionOf(*property)});
    }
    for (const std::string& name : node.required) {
      if (!node.FindProperty(name)) properties.push_back({name, Type::Any(), true, ""});
    }
    bool patterned = !node.pattern_properties.empty();
    if (!node.additional) return Type::Object(std::move(properties),
                                              node.properties.empty() || patterned);
    if (node.additional->refuses_all) return Type::Object(std::move(properties), patterned);
    Type additional = patterned ? Type::Any() : Deduce(*node.additional, depth + 1);
    return Type::Object(std::move(properties), true, std::move(additional));
  }

  int steps_ = 20'000;  // a schema that refers to itself from many places unfolds exponentially
};

}  // namespace

Type DeduceType(const Node& root) { return Deducer().Deduce(root, 0); }

}  // namespace agentflow::schema
