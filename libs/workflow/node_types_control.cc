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

NodeType End() {
  return {
      .type = "flow.end@1",
      .title = "End",
      .summary = "Ends the execution, or the round of the container around it, as completed.",
      .category = "flow",
      .kind = NodeKind::kEnd,
      .config = SchemaOf(R"({
        "type": "object", "additionalProperties": false,
        "properties": {
          "output": {"title": "Output",
                     "description": "What the execution, or the round, gives then."}}})"),
      .output = SchemaOf("true"),
      .outputs = {},
      .example =
          "found:\n"
          "  type: flow.end@1\n"
          "  with: {output: {answer: =inputs.answer}}\n",
  };
}

NodeType Cancel() {
  return {
      .type = "flow.cancel@1",
      .title = "Cancel",
      .summary = "Takes back nodes beside it that have not ended.",
      .category = "flow",
      .kind = NodeKind::kCancel,
      .config = SchemaOf(R"({
        "type": "object", "required": ["nodes"], "additionalProperties": false,
        "properties": {
          "nodes": {"type": "array", "minItems": 1, "maxItems": 1000, "title": "Nodes",
                    "items": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$",
                              "x-expression": false}}}})"),
      .output = SchemaOf(R"({"type": "array", "items": {"type": "string"}})"),
      .example =
          "enough:\n"
          "  type: flow.cancel@1\n"
          "  with: {nodes: [look]}\n"
          "look: {type: ai.agent@1, with: {agent: searcher}}\n",
  };
}

NodeType Transaction() {
  return {
      .type = "flow.transaction@1",
      .title = "Transaction",
      .summary = "Runs its nodes once; if they do not all succeed, those that did are undone.",
      .category = "flow",
      .kind = NodeKind::kTransaction,
      .config = SchemaOf(R"({
        "type": "object", "additionalProperties": false,
        "properties": {
          "output": {"title": "Output", "x-place": "body",
                     "description": "What it gives; its nodes' outputs can be read."}}})"),
      .output = SchemaOf("true"),
      .container = true,
      .example =
          "book:\n"
          "  type: flow.transaction@1\n"
          "  nodes:\n"
          "    pay:\n"
          "      type: ai.agent@1\n"
          "      with: {agent: payments}\n"
          "      policy: {compensate: refund}\n"
          "    refund:\n"
          "      type: ai.agent@1\n"
          "      with: {agent: refunds, input: =step.output}\n"
          "    ship: {type: ai.agent@1, with: {agent: shipping}}\n"
          "  edges: [start -> pay, pay -> ship]\n",
  };
}

}  // namespace

std::vector<NodeType> ControlTypes() {
  return {Fail(), End(), Cancel(), Transaction()};
}

}  // namespace agentflow::workflow
