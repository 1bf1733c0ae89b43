#include "libs/schema/type.h"

#include <algorithm>
#include <utility>

namespace agentflow::schema {

struct Type::Rep {
  Kind kind = Kind::kAny;
  bool nullable = false;
  bool open = true;
  std::vector<json::Value> values;
  Type items;
  Type additional;
  std::vector<Property> properties;
};

const Type::Rep& Type::RepOf(const Type& type) {
  static const Rep* const kAny = new Rep{.kind = Kind::kAny, .nullable = true};
  return type.rep_ ? *type.rep_ : *kAny;
}

Type Type::Null() {
  return Type(std::make_shared<Rep>(Rep{.kind = Kind::kNull, .nullable = true}));
}
Type Type::Bool() { return Type(std::make_shared<Rep>(Rep{.kind = Kind::kBool})); }
Type Type::Int() { return Type(std::make_shared<Rep>(Rep{.kind = Kind::kInt})); }
Type Type::Number() { return Type(std::make_shared<Rep>(Rep{.kind = Kind::kNumber})); }
Type Type::String() { return Type(std::make_shared<Rep>(Rep{.kind = Kind::kString})); }

Type Type::Array(Type items) {
  return Type(std::make_shared<Rep>(Rep{.kind = Kind::kArray, .items = std::move(items)}));
}

Type Type::Object(std::vector<Property> properties, bool open, Type additional) {
  std::sort(properties.begin(), properties.end(),
            [](const Property& a, const Property& b) { return a.name < b.name; });
  return Type(std::make_shared<Rep>(Rep{.kind = Kind::kObject,
                                        .open = open,
                                        .additional = std::move(additional),
                                        .properties = std::move(properties)}));
}

Type Type::WithNullable() const {
  if (nullable()) return *this;
  Rep rep = RepOf(*this);
  rep.nullable = true;
  return Type(std::make_shared<Rep>(std::move(rep)));
}

Type Type::WithValues(std::vector<json::Value> values) const {
  Rep rep = RepOf(*this);
  rep.values = std::move(values);
  return Type(std::make_shared<Rep>(std::move(rep)));
}

Type::Kind Type::kind() const { return RepOf(*this).kind; }
bool Type::nullable() const { return RepOf(*this).nullable; }
const std::vector<json::Value>& Type::values() const { return RepOf(*this).values; }
const Type& Type::items() const { return RepOf(*this).items; }
const std::vector<Property>& Type::properties() const { return RepOf(*this).properties; }
bool Type::open() const { return RepOf(*this).open; }
const Type& Type::additional() const { return RepOf(*this).additional; }

const Property* Type::FindProperty(std::string_view name) const {
  const auto& all = properties();
  auto it = std::lower_bound(all.begin(), all.end(), name,
                             [](const Property& p, std::string_view n) { return p.name < n; });
  return it != all.end() && it->name == name ? &*it : nullptr;
}

Type::At Type::Follow(const std::vector<std::string>& path) const {
  At at{.type = *this};
  for (const std::string& name : path) {
    if (at.type.nullable()) at.missing_ok = true;
    if (at.type.kind() != Kind::kObject) {
      at.found = at.type.kind() == Kind::kAny;
      at.type = Any();
      at.missing_ok = true;
      if (!at.found) return at;
      continue;
    }
    if (const Property* property = at.type.FindProperty(name)) {
      if (!property->required) at.missing_ok = true;
      Type next = property->type;
      at.type = std::move(next);
      continue;
    }
    at.found = at.type.open();
    at.missing_ok = true;
    Type next = at.type.additional();
    at.type = std::move(next);
    if (!at.found) return at;
  }
  return at;
}

json::Value Type::ToJsonSchema() const {
  json::Object schema;
  std::string_view name;
  switch (kind()) {
    case Kind::kAny: return schema;
    case Kind::kNull: name = "null"; break;
    case Kind::kBool: name = "boolean"; break;
    case Kind::kInt: name = "integer"; break;
    case Kind::kNumber: name = "number"; break;
    case Kind::kString: name = "string"; break;
    case Kind::kArray:
      name = "array";
      if (items().kind() != Kind::kAny) schema.Set("items", items().ToJsonSchema());
      break;
    case Kind::kObject: {
      name = "object";
      json::Object members;
      json::Array required;
      for (const Property& property : properties()) {
        members.Set(property.name, property.type.ToJsonSchema());
        if (property.required) required.push_back(property.name);
      }
      bool listed = !members.empty();
      if (listed) schema.Set("properties", std::move(members));
      if (!required.empty()) schema.Set("required", std::move(required));
      if (open() && additional().kind() != Kind::kAny) {
        schema.Set("additionalProperties", additional().ToJsonSchema());
      } else if (listed || !open()) {
        schema.Set("additionalProperties", open());
      }
      break;
    }
  }
  bool or_null = nullable() && kind() != Kind::kNull;
  schema.Set("type", or_null ? json::Value(json::Array{name, "null"}) : json::Value(name));
  if (!values().empty()) schema.Set("enum", json::Array(values()));
  return schema;
}

std::string Type::Describe() const {
  std::string text;
  switch (kind()) {
    case Kind::kAny: return "any";
    case Kind::kNull: return "null";
    case Kind::kBool: text = "boolean"; break;
    case Kind::kInt: text = "integer"; break;
    case Kind::kNumber: text = "number"; break;
    case Kind::kString: text = "string"; break;
    case Kind::kArray: text = "array of " + items().Describe(); break;
    case Kind::kObject: {
      text = "object";
      if (properties().empty()) break;
      text += " {";
      for (const Property& property : properties()) {
        if (text.back() != '{') text += ", ";
        text += property.name + (property.required ? ": " : "?: ") + property.type.Describe();
      }
      text += '}';
      break;
    }
  }
  if (nullable()) text += " or null";
  return text;
}

bool Type::operator==(const Type& other) const {
  const Rep& a = RepOf(*this);
  const Rep& b = RepOf(other);
  if (&a == &b) return true;
  auto same_property = [](const Property& x, const Property& y) {
    return x.name == y.name && x.required == y.required && x.type == y.type;
  };
  return a.kind == b.kind && a.nullable == b.nullable && a.open == b.open &&
         a.values == b.values && a.items == b.items && a.additional == b.additional &&
         std::equal(a.properties.begin(), a.properties.end(), b.properties.begin(),
                    b.properties.end(), same_property);
}

}  // namespace agentflow::schema
