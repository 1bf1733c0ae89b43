#include "libs/json/value.h"

#include <algorithm>
#include <cmath>

namespace agentflow::json {
namespace {

bool KeyLess(const Object::Member& member, std::string_view key) { return member.first < key; }

const std::string* TokenUnescape(std::string_view token, std::string& out) {
  out.clear();
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
    } else if (i + 1 < token.size() && token[i + 1] == '0') {
      out += '~', ++i;
    } else if (i + 1 < token.size() && token[i + 1] == '1') {
      out += '/', ++i;
    } else {
      return nullptr;
    }
  }
  return &out;
}

const Value* Element(const Array& array, std::string_view token) {
  if (token.empty() || token.size() > 9 || (token.size() > 1 && token[0] == '0')) return nullptr;
  size_t index = 0;
  for (char c : token) {
    if (c < '0' || c > '9') return nullptr;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  return index < array.size() ? &array[index] : nullptr;
}

}  // namespace

Object::Object(std::initializer_list<Member> members) : Object(std::vector<Member>(members)) {}

Object::Object(std::vector<Member> members) : members_(std::move(members)) {
  auto less = [](const Member& a, const Member& b) { return a.first < b.first; };
  if (!std::is_sorted(members_.begin(), members_.end(), less)) {
    std::stable_sort(members_.begin(), members_.end(), less);
  }
  size_t kept = 0;
  for (size_t i = 0; i < members_.size(); ++i) {
    if (i + 1 < members_.size() && members_[i].first == members_[i + 1].first) continue;
    if (kept != i) members_[kept] = std::move(members_[i]);
    ++kept;
  }
  members_.resize(kept);
}

const Value* Object::Find(std::string_view key) const {
  auto it = std::lower_bound(members_.begin(), members_.end(), key, KeyLess);
  return it != members_.end() && it->first == key ? &it->second : nullptr;
}

void Object::Set(std::string_view key, Value value) {
  auto it = std::lower_bound(members_.begin(), members_.end(), key, KeyLess);
  if (it != members_.end() && it->first == key) {
    it->second = std::move(value);
  } else {
    members_.emplace(it, std::string(key), std::move(value));
  }
}

bool Object::Erase(std::string_view key) {
  auto it = std::lower_bound(members_.begin(), members_.end(), key, KeyLess);
  if (it == members_.end() || it->first != key) return false;
  members_.erase(it);
  return true;
}

bool Object::operator==(const Object& other) const { return members_ == other.members_; }

Value::Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
Value::Value(Array array) : data_(std::make_shared<const Array>(std::move(array))) {}
Value::Value(Object object) : data_(std::make_shared<const Object>(std::move(object))) {}

Value Value::Number(double number) {
  if (std::fabs(number) <= static_cast<double>(kMaxExactInt) && std::trunc(number) == number) {
    return Value(static_cast<int64_t>(number));
  }
  return Value(number);
}

const Value* Value::Find(std::string_view key) const {
  return is_object() ? as_object().Find(key) : nullptr;
}

std::string Value::StringOr(std::string_view key, std::string_view fallback) const {
  const Value* member = Find(key);
  return member && member->is_string() ? member->as_string() : std::string(fallback);
}

int64_t Value::IntOr(std::string_view key, int64_t fallback) const {
  const Value* member = Find(key);
  return member && member->is_int() ? member->as_int() : fallback;
}

bool Value::BoolOr(std::string_view key, bool fallback) const {
  const Value* member = Find(key);
  return member && member->is_bool() ? member->as_bool() : fallback;
}

bool Value::operator==(const Value& other) const {
  if (is_number() && other.is_number()) {
    return is_int() && other.is_int() ? as_int() == other.as_int()
                                      : as_number() == other.as_number();
  }
  if (kind() != other.kind()) return false;
  if (SharesWith(other)) return true;
  switch (kind()) {
    case Kind::kString: return as_string() == other.as_string();
    case Kind::kArray: return as_array() == other.as_array();
    case Kind::kObject: return as_object() == other.as_object();
    default: return false;
  }
}

size_t Value::ByteSize() const {
  size_t size = sizeof(Value);
  if (is_string()) size += as_string().size();
  if (is_array()) {
    for (const Value& element : as_array()) size += element.ByteSize();
  }
  if (is_object()) {
    for (const auto& [key, value] : as_object()) size += key.size() + value.ByteSize();
  }
  return size;
}

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull: return "null";
    case Value::Kind::kBool: return "boolean";
    case Value::Kind::kInt: return "integer";
    case Value::Kind::kDouble: return "number";
    case Value::Kind::kString: return "string";
    case Value::Kind::kArray: return "array";
    case Value::Kind::kObject: return "object";
  }
  return "";
}

const Value* Resolve(const Value& root, std::string_view pointer) {
  const Value* at = &root;
  std::string unescaped;
  while (at && !pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string* token = TokenUnescape(pointer.substr(1, end - 1), unescaped);
    pointer.remove_prefix(end);
    if (!token) return nullptr;
    at = at->is_array() ? Element(at->as_array(), *token) : at->Find(*token);
  }
  return at;
}

std::string EscapePointerToken(std::string_view token) {
  std::string out;
  for (char c : token) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

}  // namespace agentflow::json
