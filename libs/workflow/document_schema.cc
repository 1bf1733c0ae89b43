#include "libs/workflow/document_schema.h"

#include <utility>

#include "libs/base/status.h"

namespace agentflow::workflow {
namespace {

constexpr std::string_view kSchema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "AgentFlow workflow document, agentflow/v1",
  "type": "object",
  "required": ["apiVersion", "kind", "nodes", "edges"],
  "additionalProperties": false,
  "patternProperties": {"^x-": true},
  "properties": {
    "apiVersion": {"const": "agentflow/v1"},
    "kind": {"const": "Workflow"},
    "metadata": {
      "type": "object", "additionalProperties": false, "patternProperties": {"^x-": true},
      "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$",
                 "description": "Id of the workflow."},
        "title": {"type": "string", "maxLength": 200},
        "description": {"type": "string", "maxLength": 10000},
        "labels": {"type": "object", "maxProperties": 64,
                   "additionalProperties": {"type": "string", "maxLength": 256}},
        "tags": {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 64}},
        "retention": {"enum": ["1d", "7d", "30d", "90d", "400d"],
                      "description": "How long its executions are kept after their start."},
        "version": {"type": "string", "description": "Your own version text, for people."},
        "license": {"type": "string"},
        "pattern": {"type": "boolean",
                    "description": "Whether others use it like a node: custom.NAME@VERSION."}
      }
    },
    "inputs": {"description": "JSON Schema of an execution's input.",
               "type": ["object", "boolean"]},
    "outputs": {"description": "The execution's output; text that begins with = is an expression.",
                "type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$"}},
    "connections": {
      "type": "object", "additionalProperties": {
        "type": "object", "required": ["kind"], "additionalProperties": false,
        "patternProperties": {"^x-": true},
        "properties": {"kind": {"type": "string"}, "title": {"type": "string"},
                       "description": {"type": "string"}}
      }
    },
    "budget": {
      "type": "object", "additionalProperties": false, "patternProperties": {"^x-": true},
      "properties": {"usd": {"type": "number", "exclusiveMinimum": 0},
                     "tokens": {"type": "integer", "minimum": 1},
                     "onExceed": {"enum": ["fail", "ask", "degrade"]}}
    },
    "timeout": {"$ref": "#/$defs/duration", "description": "Of the whole execution."},
    "concurrency": {
      "description": "Executions with the same key run at most `limit` at a time.",
      "type": "object", "required": ["key"], "additionalProperties": false,
      "patternProperties": {"^x-": true},
      "properties": {"key": {"$ref": "#/$defs/expression"},
                     "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
                     "whenBusy": {"enum": ["queue", "cancelRunning", "cancelNew"]}}
    },
    "maxInFlight": {"type": "integer", "minimum": 1, "maximum": 100000,
                    "description": "Tasks of one execution at a time."},
    "defaults": {
      "description": "For nodes that work outside (ai.agent, action.*); their policy wins.",
      "type": "object", "additionalProperties": false, "patternProperties": {"^x-": true},
      "properties": {"timeout": {"$ref": "#/$defs/duration"},
                     "totalTimeout": {"$ref": "#/$defs/duration"},
                     "queueTimeout": {"$ref": "#/$defs/duration"},
                     "heartbeat": {"$ref": "#/$defs/duration"},
                     "retry": {"$ref": "#/$defs/retry"},
                     "onError": {"$ref": "#/$defs/onError"}}
    },
    "nodes": {"$ref": "#/$defs/nodes"},
    "edges": {"$ref": "#/$defs/edges"},
    "ui": {"description": "Layout and notes; no part of what runs.", "type": "object"}
  },
  "$defs": {
    "duration": {"type": "string", "x-duration": true, "minLength": 2,
                 "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"},
    "onError": {"enum": ["fail", "continue", "compensate", "pause"]},
    "expression": {"type": "string", "minLength": 1, "x-expression": true},
    "decider": {"type": "string", "pattern": "^((role|user|group):.+|=.+)$"},
    "reasons": {"type": "array", "maxItems": 100,
                "items": {"type": "string", "pattern": "^([A-Z][A-Z0-9_]*\\*?|\\*)$"}},
    "nodes": {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}},
    "edges": {"type": "array", "items": {"type": "string"},
              "description": "source[.port] -> target; source.error[REASON,TIME*] -> target"},
    "node": {
      "type": "object", "required": ["type"], "additionalProperties": false,
      "patternProperties": {"^x-": true},
      "properties": {
        "type": {"type": "string", "pattern": "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+@[1-9][0-9]*$"},
        "title": {"type": "string", "maxLength": 200},
        "description": {"type": "string", "maxLength": 10000},
        "with": {"type": "object"},
        "join": {"$ref": "#/$defs/join"},
        "policy": {"$ref": "#/$defs/policy"},
        "nodes": {"$ref": "#/$defs/nodes"},
        "edges": {"$ref": "#/$defs/edges"}
      }
    },
    "join": {
      "description": "all (default), any, or {mode: n, n: 2}.",
      "type": ["string", "object"],
      "if": {"type": "string"},
      "then": {"enum": ["all", "any"]},
      "else": {
        "type": "object", "required": ["mode"], "additionalProperties": false,
        "properties": {"mode": {"enum": ["all", "any", "n"]},
                       "n": {"type": "integer", "minimum": 1, "maximum": 10000},
                       "cancelRest": {"type": "boolean"}},
        "if": {"required": ["mode"], "properties": {"mode": {"const": "n"}}},
        "then": {"required": ["n"]}
      }
    },
    "retry": {
      "type": "object", "additionalProperties": false,
      "properties": {"maxAttempts": {"type": "integer", "minimum": 1, "maximum": 1000},
                     "backoff": {"enum": ["fixed", "linear", "exponential"]},
                     "initial": {"$ref": "#/$defs/duration"},
                     "max": {"$ref": "#/$defs/duration"},
                     "factor": {"type": "number", "minimum": 1, "maximum": 100},
                     "jitter": {"enum": ["none", "full"]},
                     "retryOn": {"$ref": "#/$defs/reasons"},
                     "exceptOn": {"$ref": "#/$defs/reasons"},
                     "exceptWhen": {"type": "string", "minLength": 1, "x-expression": true,
                                    "description": "Over `error`: no further attempt."},
                     "onExhausted": {"enum": ["fail", "pause"],
                                     "description": "When no attempt is left."}}
    },
    "policy": {
      "type": "object", "additionalProperties": false, "patternProperties": {"^x-": true},
      "properties": {
        "timeout": {"$ref": "#/$defs/duration", "description": "Of one attempt."},
        "totalTimeout": {"$ref": "#/$defs/duration", "description": "Of all attempts."},
        "queueTimeout": {"$ref": "#/$defs/duration", "description": "Of the wait for a worker."},
        "heartbeat": {"$ref": "#/$defs/duration"},
        "retry": {"$ref": "#/$defs/retry"},
        "onError": {"$ref": "#/$defs/onError"},
        "idempotencyKey": {"$ref": "#/$defs/expression"},
        "compensate": {"type": "string"},
        "checkpoint": {"type": "boolean"},
        "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000,
                        "description": "Rounds of the flow.map around it at this node."},
        "approval": {
          "type": "object", "required": ["by"], "additionalProperties": false,
          "properties": {"when": {"$ref": "#/$defs/expression"},
                         "title": {"type": "string", "minLength": 1, "maxLength": 10000},
                         "by": {"anyOf": [{"$ref": "#/$defs/decider"},
                                          {"type": "array", "maxItems": 100,
                                           "items": {"$ref": "#/$defs/decider"}}]},
                         "timeout": {"$ref": "#/$defs/duration"},
                         "onTimeout": {"enum": ["reject", "approve", "fail"]}}
        }
      }
    }
  }
})json";

json::Value ParsedSchema() {
  auto document = json::Parse(kSchema);
  AF_CHECK(document.ok());
  return *std::move(document);
}

json::Value With(const json::Value& object, std::string_view key, json::Value value) {
  json::Object copy = object.as_object();
  copy.Set(key, std::move(value));
  return copy;
}

}  // namespace

const schema::Schema& DocumentSchema() {
  static const schema::Schema schema = [] {
    auto compiled = schema::Schema::Compile(ParsedSchema());
    AF_CHECK(compiled.ok());
    return *std::move(compiled);
  }();
  return schema;
}

json::Value PublishedSchema(const NodeTypes& types) {
  json::Value document = ParsedSchema();
  json::Array rules;
  for (const NodeType& type : types.all()) {
    // A value may always be an expression, so only text that is none is held to the schema.
    json::Object condition{
        {"properties", json::Object{{"type", json::Object{{"const", type.type}}}}}};
    json::Object config{{"title", type.title}, {"description", type.summary}};
    if (const json::Value* properties = type.config.document().Find("properties")) {
      json::Object names;
      for (const auto& [name, schema] : properties->as_object()) {
        json::Object shown;
        for (const char* key : {"title", "description", "x-expression", "x-duration"}) {
          if (const json::Value* value = schema.Find(key)) shown.Set(key, *value);
        }
        names.Set(name, shown);
      }
      config.Set("properties", names);
      config.Set("additionalProperties", false);
    }
    if (const json::Value* required = type.config.document().Find("required")) {
      config.Set("required", *required);
    }
    rules.push_back(json::Object{
        {"if", condition}, {"then", json::Object{{"properties", json::Object{{"with", config}}}}}});
  }
  json::Value defs = *document.Find("$defs");
  json::Value node = With(*defs.Find("node"), "allOf", std::move(rules));
  return With(document, "$defs", With(defs, "node", std::move(node)));
}

}  // namespace agentflow::workflow
