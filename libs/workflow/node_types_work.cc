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

NodeType Sql() {
  return {
      .type = "data.sql@1",
      .title = "SQL",
      .summary = "Runs one statement in a PostgreSQL of yours, exactly once.",
      .category = "data",
      .kind = NodeKind::kTask,
      .connector = "sql",
      .config = SchemaOf(R"({
        "type": "object", "required": ["connection", "statement"], "additionalProperties": false,
        "properties": {
          "connection": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,50}$",
                         "title": "Connection", "x-expression": false,
                         "description": "Name under which a connector serves the database."},
          "statement": {"type": "string", "minLength": 1, "maxLength": 65536, "title": "Statement",
                        "x-expression": false,
                        "description": "SQL with %(name)s for parameters."},
          "parameters": {"type": "object", "title": "Parameters",
                         "description": "Values by name, with expressions."}}})"),
      .output = SchemaOf(R"({"type": "object", "properties": {
        "rows": {"type": "array", "items": {"type": "object"}},
        "count": {"type": "integer"}}})"),
      .example =
          "book:\n"
          "  type: data.sql@1\n"
          "  with:\n"
          "    connection: shop\n"
          "    statement: INSERT INTO booking (item) VALUES (%(item)s) RETURNING id\n"
          "    parameters: {item: =inputs.item}\n"
          "  policy: {retry: {maxAttempts: 5}}\n",
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
  return {Transform(), Sql(), Agent(), Workflow()};
}

}  // namespace agentflow::workflow
