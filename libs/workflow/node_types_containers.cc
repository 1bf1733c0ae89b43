#include "libs/workflow/node_types.h"

// Nodes that hold nodes and run them any number of times.
namespace agentflow::workflow {
namespace {

NodeType Map() {
  return {
      .type = "flow.map@1",
      .title = "For each",
      .summary = "Runs its nodes once for every item of a list.",
      .category = "flow",
      .kind = NodeKind::kMap,
      .config = SchemaOf(R"({
        "type": "object", "required": ["items"], "additionalProperties": false,
        "properties": {
          "items": {"type": "array", "title": "Items"},
          "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000,
                          "title": "Concurrency", "description": "Rounds at the same time."},
          "toleratedFailures": {"type": "number", "minimum": 0, "maximum": 1,
                                "title": "Tolerated failures",
                                "description": "The share of rounds that may fail."},
          "output": {"title": "Output", "x-place": "body",
                     "description": "What each round gives; its nodes' outputs can be read."}}})"),
      .output = SchemaOf(R"({"type": "array"})"),
      .container = true,
      .example =
          "each_line:\n"
          "  type: flow.map@1\n"
          "  with: {items: =inputs.lines, output: =nodes.price.output}\n"
          "  nodes:\n"
          "    price: {type: data.transform@1, with: {value: =item.net * 1.2}}\n"
          "  edges: [start -> price]\n",
  };
}

NodeType Loop() {
  return {
      .type = "flow.loop@1",
      .title = "Loop",
      .summary = "Repeats its nodes while a condition holds, or until one does.",
      .category = "flow",
      .kind = NodeKind::kLoop,
      .config = SchemaOf(R"({
        "type": "object", "additionalProperties": false,
        "properties": {
          "while": {"type": "string", "minLength": 1, "x-expression": true, "x-place": "before",
                    "title": "While",
                    "description": "Checked before each round; may read `previous`."},
          "until": {"type": "string", "minLength": 1, "x-expression": true, "x-place": "body",
                    "title": "Until", "description": "Checked after each round."},
          "maxIterations": {"type": "integer", "minimum": 1, "maximum": 100000,
                            "title": "Rounds at most", "default": 1000},
          "output": {"title": "Output", "x-place": "body",
                     "description": "What a round gives: the next one reads it as `previous`."}},
        "anyOf": [{"required": ["while"]}, {"required": ["until"]}]})"),
      .output = SchemaOf("true"),
      .container = true,
      .example =
          "improve:\n"
          "  type: flow.loop@1\n"
          "  with: {until: nodes.score.output > 0.8, maxIterations: 5}\n"
          "  nodes:\n"
          "    score: {type: data.transform@1, with: {value: =double(iteration) * 0.5}}\n"
          "  edges: [start -> score]\n",
  };
}

NodeType Pipeline() {
  NodeType type = Map();
  type.type = "flow.pipeline@1";
  type.title = "Pipeline";
  type.summary = "Streams the items of a list through its nodes, each node in their order.";
  type.example =
      "pages:\n"
      "  type: flow.pipeline@1\n"
      "  with: {items: =inputs.pages, output: =nodes.index.output}\n"
      "  nodes:\n"
      "    scan: {type: ai.agent@1, with: {agent: scanner, input: =item}, policy: {concurrency: "
      "4}}\n"
      "    index: {type: ai.agent@1, with: {agent: indexer, input: =nodes.scan.output}}\n"
      "  edges: [start -> scan, scan -> index]\n";
  return type;
}

NodeType Critical() {
  return {
      .type = "flow.critical@1",
      .title = "Critical section",
      .summary = "Runs its nodes while it holds one of a key's places, shared by all executions.",
      .category = "flow",
      .kind = NodeKind::kCritical,
      .config = SchemaOf(R"json({
        "type": "object", "required": ["key"], "additionalProperties": false,
        "properties": {
          "key": {"type": "string", "minLength": 1, "maxLength": 256, "title": "Key",
                  "description": "What is shared, for example =\"account \" + inputs.account."},
          "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1,
                    "title": "Places", "description": "How many may be inside at a time."},
          "output": {"title": "Output", "x-place": "body",
                     "description": "What it gives; its nodes' outputs can be read."}}})json"),
      .output = SchemaOf("true"),
      .container = true,
      .example =
          "book:\n"
          "  type: flow.critical@1\n"
          "  with: {key: =\"account \" + inputs.account, output: =nodes.pay.output}\n"
          "  nodes:\n"
          "    pay: {type: ai.agent@1, with: {agent: payer, input: =inputs}}\n"
          "  edges: [start -> pay]\n",
  };
}

}  // namespace

std::vector<NodeType> ContainerTypes() {
  return {Map(), Pipeline(), Loop(), Critical()};
}

}  // namespace agentflow::workflow
