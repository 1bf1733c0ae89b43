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

Environment& Environment::SetContainer(std::string container) {
  container_ = std::move(container);
  return *this;
}

std::vector<std::string> Environment::Candidates(std::string_view name) const {
  std::vector<std::string> candidates;
  for (std::string prefix = container_; !prefix.empty();) {
    candidates.push_back(prefix + "." + std::string(name));
    size_t dot = prefix.rfind('.');
    prefix.resize(dot == std::string::npos ? 0 : dot);
  }
  candidates.emplace_back(name);
  return candidates;
}

bool Environment::HasQualified(std::string_view root) const {
  if (!container_.empty()) return true;
  std::string dotted = std::string(root) + ".";
  auto it = slots_.lower_bound(dotted);
  return it != slots_.end() && it->first.compare(0, dotted.size(), dotted) == 0;
}

int Environment::FindSlot(std::string_view name) const {
  auto it = slots_.find(name);
  return it == slots_.end() ? -1 : it->second;
}

}  // namespace agentflow::cel
