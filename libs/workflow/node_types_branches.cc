#include "libs/workflow/node_types.h"

// Nodes that choose a way.
namespace agentflow::workflow {
namespace {

NodeType If() {
  return {
      .type = "flow.if@1",
      .title = "If",
      .summary = "Takes one of two ways, by a condition.",
      .category = "flow",
      .kind = NodeKind::kIf,
      .config = SchemaOf(R"({
        "type": "object", "required": ["when"], "additionalProperties": false,
        "properties": {
          "when": {"type": "string", "minLength": 1, "title": "When", "x-expression": true,
                   "description": "The condition: true leaves by the port `true`."}}})"),
      .output = SchemaOf(R"({"enum": ["true", "false"]})"),
      .outputs = {{"true", "True"}, {"false", "False"}},
      .example =
          "is_large:\n"
          "  type: flow.if@1\n"
          "  with: {when: inputs.amount > 100}\n",
  };
}

NodeType Switch() {
  return {
      .type = "flow.switch@1",
      .title = "Switch",
      .summary = "Takes the way of the first case that holds, or of every one.",
      .category = "flow",
      .kind = NodeKind::kSwitch,
      .config = SchemaOf(R"({
        "type": "object", "required": ["cases"], "additionalProperties": false,
        "properties": {
          "cases": {"type": "array", "minItems": 1, "maxItems": 100, "title": "Cases",
            "items": {"type": "object", "required": ["port", "when"],
              "additionalProperties": false,
              "properties": {
                "port": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$", "title": "Port",
                         "x-expression": false},
                "when": {"type": "string", "minLength": 1, "title": "When",
                         "x-expression": true}}}},
          "match": {"enum": ["first", "all"], "default": "first", "title": "Match",
                    "x-expression": false,
                    "description": "all: every case that holds, at the same time."},
          "default": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$",
                      "title": "Default port", "x-expression": false,
                      "description": "Taken where no case holds; without it no port is."}}})"),
      // With match: all the list of the ports.
      .output = SchemaOf(R"({"type": ["string", "null", "array"]})"),
      .outputs = {},
      .dynamic_ports = true,
      .example =
          "route:\n"
          "  type: flow.switch@1\n"
          "  with:\n"
          "    cases:\n"
          "      - {port: refund, when: inputs.kind == 'refund'}\n"
          "      - {port: complaint, when: inputs.kind == 'complaint'}\n"
          "    default: other\n",
  };
}

}  // namespace

std::vector<NodeType> BranchTypes() {
  return {If(), Switch()};
}

}  // namespace agentflow::workflow
