#include "libs/cel/environment.h"

#include <utility>

#include "libs/cel/functions.h"

namespace agentflow::cel {

Environment::Environment() : functions_(&Functions::Standard()) {}
Environment::Environment(const Functions& functions) : functions_(&functions) {}

Environment& Environment::Declare(std::string name, Type type, std::string description) {
  int slot = FindSlot(name);
  if (slot >= 0) {
    variables_[static_cast<size_t>(slot)].type = std::move(type);
    variables_[static_cast<size_t>(slot)].description = std::move(description);
  } else {
    slots_[name] = static_cast<int>(variables_.size());
    variables_.push_back({std::move(name), std::move(type), std::move(description)});
  }
  return *this;
}

Environment& Environment::Declare(std::string name, const schema::Type& type,
                                  std::string description) {
  return Declare(std::move(name), Type::FromSchema(type), std::move(description));
}

int Environment::FindSlot(std::string_view name) const {
  auto it = slots_.find(name);
  return it == slots_.end() ? -1 : it->second;
}

}  // namespace agentflow::cel
