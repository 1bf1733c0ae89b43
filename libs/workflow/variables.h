#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// The variables of expressions: what may be written where. docs/workflow-document.md shows this
// table and a test compares the two.
namespace agentflow::workflow {

enum class Place : uint8_t {
  kNode,          // fields of a node: `with`, `policy`
  kOutputs,       // the document's outputs
  kMapBody,       // nodes inside flow.map, and its output
  kLoopBody,      // nodes inside flow.loop, its output and its until
  kCompensation,  // fields of a node named by a `compensate`
  kSignalFilter,  // the filter of a flow.signal
  kRetry,         // `exceptWhen` of a `retry`
};

struct VariableInfo {
  std::string_view name;   // as written; <id> stands for an id
  std::string_view type;   // for people
  std::string_view about;  // one sentence
  uint8_t places;          // bits 1 << Place

  bool In(Place place) const { return (places >> static_cast<int>(place)) & 1; }
};

const std::vector<VariableInfo>& Variables();

std::string_view PlaceName(Place place);

}  // namespace agentflow::workflow
