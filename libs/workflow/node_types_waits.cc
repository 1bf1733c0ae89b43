#include "libs/workflow/node_types.h"

// Nodes that wait for something outside.
namespace agentflow::workflow {
namespace {

NodeType Wait() {
  return {
      .type = "flow.wait@1",
      .title = "Wait",
      .summary = "Waits for a span of time or until a moment; costs nothing meanwhile.",
      .category = "flow",
      .kind = NodeKind::kWait,
      .config = SchemaOf(R"({
        "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        "properties": {
          "duration": {"type": "string", "title": "Duration", "x-duration": true,
                       "description": "30s, 1h30m, 2d."},
          "until": {"type": "string", "format": "date-time", "title": "Until",
                    "description": "A moment as 2026-12-24T18:00:00Z."}}})"),
      .output = SchemaOf("true"),
      .example =
          "cool_down:\n"
          "  type: flow.wait@1\n"
          "  with: {duration: 30s}\n",
  };
}

}  // namespace

std::vector<NodeType> WaitTypes() {
  return {Wait()};
}

}  // namespace agentflow::workflow
