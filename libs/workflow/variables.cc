#include "libs/workflow/variables.h"

namespace agentflow::workflow {
namespace {

constexpr uint8_t In(Place place) {
  return static_cast<uint8_t>(1 << static_cast<int>(place));
}
constexpr uint8_t kEverywhere = In(Place::kNode) | In(Place::kOutputs) | In(Place::kMapBody) |
                                In(Place::kLoopBody) | In(Place::kCompensation) |
                                In(Place::kSignalFilter) | In(Place::kRetry);

}  // namespace

const std::vector<VariableInfo>& Variables() {
  static const std::vector<VariableInfo> table = {
      {"inputs", "as the document's `inputs` say", "What the execution was started with.",
       kEverywhere},
      {"nodes.<id>.output", "as the node's type says", "What that node gave.", kEverywhere},
      {"nodes.<id>.error", "{reason, message}", "Why that node failed.", kEverywhere},
      {"execution.id", "string", "Id of the execution.", kEverywhere},
      {"execution.startTime", "timestamp", "When it started.", kEverywhere},
      {"execution.labels", "map of strings", "Its labels.", kEverywhere},
      {"execution.mode", "string", "LIVE, TEST or DRY_RUN.", kEverywhere},
      {"connections.<id>", "object", "A connection's fields that are no secrets.", kEverywhere},
      {"item", "any", "The item of this round.", In(Place::kMapBody)},
      {"index", "int", "Its place in the list, from 0.", In(Place::kMapBody)},
      {"iteration", "int", "Which round this is, from 0.", In(Place::kLoopBody)},
      {"previous", "any", "What the round before gave; null in the first.", In(Place::kLoopBody)},
      {"signal", "any", "The payload of the signal looked at.", In(Place::kSignalFilter)},
      {"step.output", "any", "What the step being undone gave.", In(Place::kCompensation)},
      {"step.input", "any", "What the step being undone got.", In(Place::kCompensation)},
      {"error", "{reason, message}", "Why the attempt failed.", In(Place::kRetry)},
  };
  return table;
}

std::string_view PlaceName(Place place) {
  switch (place) {
    case Place::kNode:
      return "fields of a node";
    case Place::kOutputs:
      return "outputs";
    case Place::kMapBody:
      return "inside flow.map";
    case Place::kLoopBody:
      return "inside flow.loop";
    case Place::kCompensation:
      return "a compensation";
    case Place::kSignalFilter:
      return "a flow.signal's filter";
    case Place::kRetry:
      return "retry.exceptWhen";
  }
  return "";
}

}  // namespace agentflow::workflow
