#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "libs/cel/cel.h"

namespace agentflow::cel {

// Compiled expressions by text and place, the least recently used ones forgotten. A "place" names
// the environment they are compiled against: the same name, the same environment.
// Not thread-safe: one per thread, or behind its owner's lock.
class Cache {
 public:
  explicit Cache(size_t capacity) : capacity_(capacity) {}

  // Compiles at the first time; the result stays valid as long as the caller holds it.
  std::shared_ptr<const Compiled> Get(std::string_view place, std::string_view text,
                                      const Environment& environment,
                                      const CompileOptions& options = {});
  size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<std::string, std::string>;
  using Entry = std::pair<Key, std::shared_ptr<const Compiled>>;

  size_t capacity_;
  std::list<Entry> entries_;  // most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace agentflow::cel
