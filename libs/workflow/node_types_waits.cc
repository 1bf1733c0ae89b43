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

NodeType Signal() {
  return {
      .type = "flow.signal@1",
      .title = "Signal",
      .summary = "Waits until somebody sends the execution a signal of that name.",
      .category = "flow",
      .kind = NodeKind::kSignal,
      .config = SchemaOf(R"({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 128, "title": "Name"},
          "filter": {"type": "string", "minLength": 1, "x-expression": true,
                     "x-place": "signal", "title": "Filter",
                     "description": "Which of them: reads the payload as `signal`."}}})"),
      .output = SchemaOf("true"),
      .example =
          "paid:\n"
          "  type: flow.signal@1\n"
          "  with: {name: payment, filter: signal.order == inputs.order}\n"
          "  policy: {totalTimeout: 1d}\n",
  };
}

NodeType Approval() {
  return {
      .type = "flow.approval@1",
      .title = "Approval",
      .summary = "Asks people for a decision and takes the way that they choose.",
      .category = "flow",
      .kind = NodeKind::kApproval,
      .config = SchemaOf(R"({
        "type": "object", "required": ["title"], "additionalProperties": false,
        "properties": {
          "title": {"type": "string", "minLength": 1, "maxLength": 10000, "title": "Title"},
          "description": {"type": "string", "maxLength": 10000, "title": "Description"},
          "by": {"title": "By", "description": "Who may decide; without it anybody who may.",
                 "anyOf": [{"type": "string", "pattern": "^(role|user|group):.+$"},
                           {"type": "array", "maxItems": 100, "items": {
                              "type": "string", "pattern": "^(role|user|group):.+$"}}]},
          "timeout": {"type": "string", "title": "Timeout", "x-duration": true,
                      "x-expression": false, "description": "How long there is to decide."},
          "onTimeout": {"enum": ["reject", "approve", "fail"], "default": "reject",
                        "title": "On timeout", "x-expression": false},
          "form": {"type": ["object", "boolean"], "title": "Form", "x-expression": false,
                   "description": "JSON Schema of the values to be given."}}})"),
      .output = SchemaOf(R"({"type": "object", "required": ["decision", "by", "comment"],
        "properties": {"decision": {"enum": ["approved", "rejected"]}, "by": {"type": "string"},
                       "comment": {"type": "string"}, "values": true}})"),
      .outputs = {{"approved", "Approved"}, {"rejected", "Rejected"}},
      .example =
          "sign_off:\n"
          "  type: flow.approval@1\n"
          "  with: {title: \"Publish the report?\", by: \"role:editor\", timeout: 2d}\n",
  };
}

NodeType Await() {
  return {
      .type = "flow.await@1",
      .title = "Await",
      .summary = "Waits until a condition over other nodes holds: a milestone.",
      .category = "flow",
      .kind = NodeKind::kCondition,
      .config = SchemaOf(R"({
        "type": "object", "required": ["condition"], "additionalProperties": false,
        "properties": {
          "condition": {"type": "string", "minLength": 1, "x-expression": true,
                        "title": "Condition",
                        "description": "Looked at again whenever a node it reads has ended."}}})"),
      .output = SchemaOf("true"),
      .example =
          "both_known:\n"
          "  type: flow.await@1\n"
          "  with: {condition: inputs.ready}\n",
  };
}

}  // namespace

std::vector<NodeType> WaitTypes() {
  return {Wait(), Signal(), Approval(), Await()};
}

}  // namespace agentflow::workflow
