#include "libs/workflow/node_types.h"

// Nodes that end or undo what runs.
namespace agentflow::workflow {
namespace {

NodeType Fail() {
  return {
      .type = "flow.fail@1",
      .title = "Fail",
      .summary = "Ends the execution, or the container around it, with an error of your own.",
      .category = "flow",
      .kind = NodeKind::kFail,
      .config = SchemaOf(R"({
        "type": "object", "required": ["message"], "additionalProperties": false,
        "properties": {
          "reason": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,62}$", "title": "Reason",
                     "description": "What programs match on, for example AMOUNT_TOO_LARGE."},
          "message": {"type": "string", "minLength": 1, "title": "Message",
                      "description": "What happened, for people."}}})"),
      .output = SchemaOf("true"),
      .outputs = {},
      .example =
          "refuse:\n"
          "  type: flow.fail@1\n"
          "  with: {reason: AMOUNT_TOO_LARGE, message: \"='no refunds over ' + inputs.limit\"}\n",
  };
}

}  // namespace

std::vector<NodeType> ControlTypes() {
  return {Fail()};
}

}  // namespace agentflow::workflow
