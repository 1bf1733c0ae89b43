#include "libs/cel/cache.h"

namespace agentflow::cel {

std::shared_ptr<const Compiled> Cache::Get(std::string_view place, std::string_view text,
                                           const Environment& environment,
                                           const CompileOptions& options) {
  Key key{std::string(place), std::string(text)};
  if (auto it = by_key_.find(key); it != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->second;
  }
  auto compiled = std::make_shared<const Compiled>(Compile(text, environment, options));
  entries_.emplace_front(key, compiled);
  by_key_[std::move(key)] = entries_.begin();
  if (entries_.size() > capacity_) {
    by_key_.erase(entries_.back().first);
    entries_.pop_back();
  }
  return compiled;
}

}  // namespace agentflow::cel
