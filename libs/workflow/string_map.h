#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace agentflow::workflow {

// absl's hash tables cannot be asked by std::string_view in the packaged version.
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

template <typename T>
using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

}  // namespace agentflow::workflow
