#include "libs/workflow/node_types.h"

// Nodes that make a value or have it made.
namespace agentflow::workflow {
namespace {

NodeType Transform() {
  return {
      .type = "data.transform@1",
      .title = "Transform",
      .summary = "Makes a value from others by expressions.",
      .category = "data",
      .kind = NodeKind::kTransform,
      .config = SchemaOf(R"({
        "type": "object", "required": ["value"], "additionalProperties": false,
        "properties": {
          "value": {"title": "Value",
                    "description": "Any JSON; text that begins with `=` is an expression."}}})"),
      .output = SchemaOf("true"),
      .example =
          "total:\n"
          "  type: data.transform@1\n"
          "  with:\n"
          "    value: {sum: \"=inputs.net + inputs.tax\", currency: EUR}\n",
  };
}

NodeType Agent() {
  return {
      .type = "ai.agent@1",
      .title = "Agent",
      .summary = "Gives a task to a registered agent and waits for its result.",
      .category = "ai",
      .kind = NodeKind::kTask,
      .config = SchemaOf(R"({
        "type": "object", "required": ["agent"], "additionalProperties": false,
        "properties": {
          "agent": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$", "title": "Agent",
                    "description": "Id of the agent.", "x-resource": "agents"},
          "input": {"title": "Input",
                    "description": "What the agent gets: any JSON, with expressions."}}})"),
      .output = SchemaOf("true"),
      .example =
          "summary:\n"
          "  type: ai.agent@1\n"
          "  with: {agent: summariser, input: {text: =inputs.text}}\n"
          "  policy: {timeout: 2m, retry: {maxAttempts: 3}}\n",
  };
}

}  // namespace

std::vector<NodeType> WorkTypes() {
  return {Transform(), Agent()};
}

}  // namespace agentflow::workflow
