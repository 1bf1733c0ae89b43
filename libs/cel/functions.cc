#include "libs/cel/functions.h"

#include <optional>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::cel {
namespace {

// Reads "list(A).join(string) -> string".
class SignatureReader {
 public:
  explicit SignatureReader(std::string_view text) : text_(text) {}

  std::pair<std::string, Overload> Read() {
    Overload overload;
    overload.signature = text_;
    size_t start = at_;
    std::optional<Type> receiver = TryType();
    if (receiver && Take(".")) {
      overload.member = true;
      overload.parameters.push_back(*receiver);
    } else {
      at_ = start;
    }
    std::string name = Name();
    AF_CHECK(Take("("));
    while (!Take(")")) {
      std::optional<Type> parameter = TryType();
      AF_CHECK(parameter.has_value());
      overload.parameters.push_back(*parameter);
      overload.variadic = Take("...");
      Take(", ");
    }
    AF_CHECK(Take(" -> "));
    std::optional<Type> result = TryType();
    AF_CHECK(result.has_value() && at_ == text_.size());
    overload.result = *result;
    return {name, overload};
  }

 private:
  bool Take(std::string_view text) {
    if (text_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }

  std::string_view Word() {
    size_t end = at_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) ||
                                  text_[end] == '_')) {
      ++end;
    }
    std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  std::string Name() {
    std::string name(Word());
    while (Take(".")) name += "." + std::string(Word());
    return name;
  }

  std::optional<Type> TryType() {
    static const std::map<std::string_view, Type::Kind> kSimple = {
        {"dyn", Type::Kind::kDyn},       {"null_type", Type::Kind::kNull},
        {"bool", Type::Kind::kBool},     {"int", Type::Kind::kInt},
        {"uint", Type::Kind::kUint},     {"double", Type::Kind::kDouble},
        {"string", Type::Kind::kString}, {"bytes", Type::Kind::kBytes},
        {"timestamp", Type::Kind::kTimestamp}, {"duration", Type::Kind::kDuration}};
    std::string_view word = Word();
    if (word.size() == 1 && std::isupper(static_cast<unsigned char>(word[0]))) {
      return Type::Param(std::string(word));
    }
    if (auto it = kSimple.find(word); it != kSimple.end()) return Type(it->second);
    if (word != "list" && word != "map" && word != "type" && word != "optional_type") {
      return std::nullopt;
    }
    if (!Take("(")) return std::nullopt;
    std::optional<Type> first = TryType();
    if (!first) return std::nullopt;
    if (word == "map") {
      if (!Take(", ")) return std::nullopt;
      std::optional<Type> value = TryType();
      if (!value || !Take(")")) return std::nullopt;
      return Type::Map(*first, *value);
    }
    if (!Take(")")) return std::nullopt;
    if (word == "list") return Type::List(*first);
    return word == "type" ? Type::TypeOf(*first) : Type::Optional(*first);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool Function::Accepts(bool member, size_t arguments) const {
  for (const Overload& overload : overloads) {
    if (overload.member != member) continue;
    if (overload.parameters.size() == arguments) return true;
    if (overload.variadic && arguments >= overload.parameters.size()) return true;
  }
  return false;
}

Functions::Functions(const Functions& other) : functions_(other.functions_) {
  for (const Function* function : other.order_) {
    order_.push_back(&functions_.find(function->name)->second);
  }
}

const Functions& Functions::Standard() {
  static const Functions* const kStandard = [] {
    auto* functions = new Functions();
    AddCoreFunctions(*functions);
    AddTimeFunctions(*functions);
    AddStringFunctions(*functions);
    AddMathFunctions(*functions);
    AddOptionalFunctions(*functions);
    return functions;
  }();
  return *kStandard;
}

void Functions::Add(std::string_view group, const std::vector<std::string_view>& signatures,
                    Implementation implementation, std::string_view documentation,
                    std::string_view example) {
  std::string first_name;
  for (std::string_view signature : signatures) {
    auto [name, overload] = SignatureReader(signature).Read();
    if (first_name.empty()) first_name = name;
    AF_CHECK(name == first_name);
    Declare(std::move(name), std::move(overload));
  }
  Function& function = functions_.find(first_name)->second;
  function.implementation = implementation;
  function.documentation = documentation;
  function.example = example;
  function.group = group;
}

void Functions::Declare(std::string name, Overload overload) {
  auto [it, added] = functions_.try_emplace(name);
  if (added) {
    it->second.name = std::move(name);
    order_.push_back(&it->second);
  }
  it->second.overloads.push_back(std::move(overload));
}

const Function* Functions::Find(std::string_view name) const {
  auto it = functions_.find(name);
  return it == functions_.end() ? nullptr : &it->second;
}

bool Functions::IsNamespace(std::string_view prefix) const {
  std::string dotted = std::string(prefix) + ".";
  auto it = functions_.lower_bound(dotted);
  return it != functions_.end() && it->first.compare(0, dotted.size(), dotted) == 0;
}

}  // namespace agentflow::cel
