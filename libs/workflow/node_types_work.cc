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

NodeType Workflow() {
  return {
      .type = "flow.workflow@1",
      .title = "Workflow",
      .summary = "Runs another workflow and waits for what it gives.",
      .category = "flow",
      .kind = NodeKind::kChild,
      .config = SchemaOf(R"({
        "type": "object", "required": ["workflow"], "additionalProperties": false,
        "properties": {
          "workflow": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$", "title": "Workflow",
                       "description": "Id of the workflow.", "x-resource": "workflows"},
          "version": {"type": "integer", "minimum": 1, "title": "Version", "x-expression": false,
                      "description": "Without it the one that counts when it starts."},
          "input": {"title": "Input", "description": "What it is started with."},
          "detach": {"type": "boolean", "default": false, "title": "Detach",
                     "x-expression": false,
                     "description": "Go on once it has started, and leave it alone."}}})"),
      .output = SchemaOf("true"),
      .example =
          "review:\n"
          "  type: flow.workflow@1\n"
          "  with: {workflow: review-board, input: {text: =inputs.text}}\n",
  };
}

}  // namespace

std::vector<NodeType> WorkTypes() {
  return {Transform(), Agent(), Workflow()};
}

}  // namespace agentflow::workflow
