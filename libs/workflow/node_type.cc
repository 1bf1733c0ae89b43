#include "libs/workflow/node_type.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

schema::Schema SchemaOf(std::string_view text) {
  auto document = json::Parse(text);
  AF_CHECK(document.ok());
  auto schema = schema::Schema::Compile(*document);
  AF_CHECK(schema.ok());
  return *std::move(schema);
}

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
      .summary = "Takes the way of the first case that holds.",
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
          "default": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$",
                      "title": "Default port", "x-expression": false,
                      "description": "Taken where no case holds; without it no port is."}}})"),
      .output = SchemaOf(R"({"type": ["string", "null"]})"),
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
          "while": {"type": "string", "minLength": 1, "x-expression": true, "title": "While",
                    "description": "Checked before each round."},
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

}  // namespace

NodeTypes::NodeTypes(std::vector<NodeType> types) : types_(std::move(types)) {
  std::sort(types_.begin(), types_.end(),
            [](const NodeType& a, const NodeType& b) { return a.type < b.type; });
  for (size_t i = 0; i < types_.size(); ++i) index_[types_[i].type] = i;
}

const NodeTypes& NodeTypes::Builtin() {
  static const NodeTypes types(
      {If(), Switch(), Map(), Loop(), Transform(), Wait(), Fail(), Agent()});
  return types;
}

const NodeType* NodeTypes::Find(std::string_view type) const {
  auto it = index_.find(type);
  return it == index_.end() ? nullptr : &types_[it->second];
}

std::vector<std::string> PortsOf(const NodeType& type, const json::Value& with) {
  std::vector<std::string> ports;
  for (const PortInfo& port : type.outputs) ports.push_back(port.id);
  if (type.kind != NodeKind::kSwitch) return ports;
  auto add = [&ports](const json::Value* port) {
    if (port == nullptr || !port->is_string() || !IsSlug(port->as_string())) return;
    if (std::find(ports.begin(), ports.end(), port->as_string()) == ports.end()) {
      ports.push_back(port->as_string());
    }
  };
  if (const json::Value* cases = with.Find("cases"); cases != nullptr && cases->is_array()) {
    for (const json::Value& one : cases->as_array()) add(one.Find("port"));
  }
  add(with.Find("default"));
  return ports;
}

}  // namespace agentflow::workflow
