#include "libs/cel/type.h"

#include <utility>

namespace agentflow::cel {

struct Type::Rep {
  std::string name;
  std::vector<Type> parameters;
  schema::Type object;
  int size = 1;             // parts, itself included
  bool has_params = false;  // a type variable is in it

  // Fills what follows from the parameters.
  static std::shared_ptr<const Rep> Of(std::string name, std::vector<Type> parameters) {
    auto rep = std::make_shared<Rep>(Rep{.name = std::move(name)});
    for (Type& parameter : parameters) {
      if (parameter.rep_ && parameter.rep_->size > kMaxSize) parameter = Kind::kDyn;
      rep->size += parameter.rep_ ? parameter.rep_->size : 1;
      rep->has_params |= parameter.has_params();
    }
    rep->parameters = std::move(parameters);
    return rep;
  }
  static constexpr int kMaxSize = 100;
};

namespace {

std::string_view KindName(Type::Kind kind) {
  switch (kind) {
    case Type::Kind::kDyn: return "dyn";
    case Type::Kind::kError: return "error";
    case Type::Kind::kNull: return "null_type";
    case Type::Kind::kBool: return "bool";
    case Type::Kind::kInt: return "int";
    case Type::Kind::kUint: return "uint";
    case Type::Kind::kDouble: return "double";
    case Type::Kind::kString: return "string";
    case Type::Kind::kBytes: return "bytes";
    case Type::Kind::kTimestamp: return "timestamp";
    case Type::Kind::kDuration: return "duration";
    case Type::Kind::kList: return "list";
    case Type::Kind::kMap: return "map";
    case Type::Kind::kType: return "type";
    case Type::Kind::kObject: return "object";
    case Type::Kind::kAbstract:
    case Type::Kind::kParam: return "";
  }
  return "";
}

}  // namespace

Type Type::List(Type element) { return Type(Kind::kList, Rep::Of("", {std::move(element)})); }

Type Type::Map(Type key, Type value) {
  return Type(Kind::kMap, Rep::Of("", {std::move(key), std::move(value)}));
}

Type Type::TypeOf(Type type) { return Type(Kind::kType, Rep::Of("", {std::move(type)})); }

Type Type::Optional(Type type) { return Abstract(kOptionalTypeName, {std::move(type)}); }

Type Type::Abstract(std::string name, std::vector<Type> parameters) {
  return Type(Kind::kAbstract, Rep::Of(std::move(name), std::move(parameters)));
}

Type Type::Param(std::string name) {
  auto rep = std::make_shared<Rep>(Rep{.name = std::move(name), .has_params = true});
  return Type(Kind::kParam, std::move(rep));
}

Type Type::WithoutValues() const {
  return kind_ == Kind::kObject || values().empty() ? *this : Type(kind_);
}

bool Type::has_params() const { return rep_ && rep_->has_params; }

Type Type::FromSchema(const schema::Type& type) {
  using K = schema::Type::Kind;
  if (type.kind() == K::kNull) return Kind::kNull;
  if (type.nullable()) return Kind::kDyn;
  auto simple = [&](Kind kind) {
    if (type.values().empty()) return Type(kind);
    return Type(kind, std::make_shared<Rep>(Rep{.object = type}));
  };
  switch (type.kind()) {
    case K::kBool: return simple(Kind::kBool);
    case K::kInt: return simple(Kind::kInt);
    case K::kNumber: return simple(Kind::kDouble);
    case K::kString: return simple(Kind::kString);
    case K::kArray: return List(FromSchema(type.items()));
    case K::kObject:
      if (type.properties().empty() && type.open()) {
        return Map(Kind::kString, FromSchema(type.additional()));
      }
      return Type(Kind::kObject, std::make_shared<Rep>(Rep{.object = type}));
    default: return Kind::kDyn;
  }
}

bool Type::is_optional() const {
  return kind_ == Kind::kAbstract && rep_->name == kOptionalTypeName;
}

const std::vector<Type>& Type::parameters() const {
  static const auto* const kNone = new std::vector<Type>();
  return rep_ ? rep_->parameters : *kNone;
}

const Type& Type::element() const {
  static const Type* const kDynamic = new Type();
  return parameters().empty() ? *kDynamic : parameters()[0];
}

const std::string& Type::name() const {
  static const auto* const kNone = new std::string();
  return rep_ ? rep_->name : *kNone;
}

const schema::Type& Type::object() const {
  static const auto* const kUnknown = new schema::Type();
  return kind_ == Kind::kObject ? rep_->object : *kUnknown;
}

const std::vector<json::Value>& Type::values() const {
  static const auto* const kNone = new std::vector<json::Value>();
  return rep_ ? rep_->object.values() : *kNone;
}

schema::Type Type::ToSchema() const {
  if (!values().empty()) return rep_->object;
  switch (kind_) {
    case Kind::kNull: return schema::Type::Null();
    case Kind::kBool: return schema::Type::Bool();
    case Kind::kInt:
    case Kind::kUint: return schema::Type::Int();
    case Kind::kDouble: return schema::Type::Number();
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kType: return schema::Type::String();
    case Kind::kList: return schema::Type::Array(element().ToSchema());
    case Kind::kMap: return schema::Type::Object({}, true, parameters()[1].ToSchema());
    case Kind::kObject: return rep_->object;
    case Kind::kAbstract: return is_optional() ? element().ToSchema() : schema::Type::Any();
    default: return schema::Type::Any();
  }
}

std::string Type::ToString() const {
  if (kind_ == Kind::kParam) return rep_->name;
  if (kind_ == Kind::kObject) return rep_->object.Describe();
  std::string text(kind_ == Kind::kAbstract ? std::string_view(rep_->name) : KindName(kind_));
  if (parameters().empty()) return text;
  text += '(';
  for (const Type& parameter : parameters()) {
    if (text.back() != '(') text += ", ";
    text += parameter.ToString();
  }
  return text + ')';
}

bool Type::operator==(const Type& other) const {
  if (kind_ != other.kind_) return false;
  if (rep_ == other.rep_) return true;
  return name() == other.name() && parameters() == other.parameters() &&
         object() == other.object();
}

}  // namespace agentflow::cel
