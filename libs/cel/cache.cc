#include "libs/cel/cache.h"

namespace agentflow::cel {

std::shared_ptr<const Compiled> Cache::Get(std::string_view place, std::string_view text,
                                           const Environment& environment,
                                           const CompileOptions& options) {
  if (auto it = by_key_.find(Key(place, text)); it != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->compiled;
  }
  auto compiled = std::make_shared<const Compiled>(Compile(text, environment, options));
  entries_.push_front({std::string(place), std::string(text), compiled});
  by_key_[KeyOf(entries_.front())] = entries_.begin();
  if (entries_.size() > capacity_) {
    by_key_.erase(KeyOf(entries_.back()));
    entries_.pop_back();
  }
  return compiled;
}

}  // namespace agentflow::cel
