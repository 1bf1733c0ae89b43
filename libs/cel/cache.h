#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "libs/cel/cel.h"

namespace agentflow::cel {

// Compiled expressions by the hash of their text and place, the least recently used ones
// forgotten. A "place" names what they are compiled for: the same name, the same environment and
// options.
//
// This library has no locks, so a cache belongs to one thread, or to an owner who locks around
// Get(). What Get() gives is immutable and may go to any thread.
class Cache {
 public:
  explicit Cache(size_t capacity) : capacity_(capacity) {}

  // Compiles at the first time; the result stays valid as long as the caller holds it.
  std::shared_ptr<const Compiled> Get(std::string_view place, std::string_view text,
                                      const Environment& environment,
                                      const CompileOptions& options = {});
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string place;
    std::string text;
    std::shared_ptr<const Compiled> compiled;
  };
  using Key = std::pair<std::string_view, std::string_view>;  // into an entry
  static Key KeyOf(const Entry& entry) { return {entry.place, entry.text}; }

  size_t capacity_;
  std::list<Entry> entries_;  // most recently used first
  absl::flat_hash_map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace agentflow::cel
