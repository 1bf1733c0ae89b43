#include "libs/workflow/document_parts.h"

#include <utility>
#include <variant>

#include "libs/workflow/check_shape.h"
#include "libs/workflow/compile_node.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

schema::Schema ReadInputs(const json::Value& document, Reporter& reporter) {
  const json::Value* inputs = document.Find("inputs");
  if (inputs == nullptr || (!inputs->is_object() && !inputs->is_bool())) return schema::Schema();
  auto schema = schema::Schema::Compile(*inputs);
  if (schema.ok()) return *std::move(schema);
  for (const schema::Violation& problem : schema::Schema::Problems(*inputs)) {
    reporter.Error("INPUTS_SCHEMA_INVALID", "", "/inputs" + problem.pointer,
                   "`inputs` is no JSON Schema: " + problem.message + ".");
  }
  return schema::Schema();
}

std::vector<std::string> ReadConnections(const json::Value& document, Reporter& reporter) {
  std::vector<std::string> names;
  const json::Value* connections = document.Find("connections");
  if (connections == nullptr || !connections->is_object()) return names;
  for (const auto& [name, value] : connections->as_object()) {
    if (IsSlug(name) && !IsCelKeyword(name)) {
      names.push_back(name);
      continue;
    }
    reporter.Error("CONNECTION_ID_INVALID", "", "/connections/" + json::EscapePointerToken(name),
                   "`" + name.substr(0, 100) + "` is no id. Write `" + SlugFrom(name) + "`.");
  }
  return names;
}

// Onerror of the defaults is part of how the graph runs, so it is set before it is checked.
void ApplyDefaultOnError(const json::Value& defaults, Graph& graph) {
  if (!defaults.Find("onError")) return;
  OnError on_error = ReadOnError(defaults);
  for (GraphNode& node : graph.nodes) {
    if (node.policy.Find("onError") == nullptr && node.type != nullptr &&
        node.type->kind == NodeKind::kTask) {
      node.on_error = on_error;
    }
  }
}

Node CompileNode(const Graph& graph, NodeIndex index, const json::Value& defaults,
                 ExpressionCompiler& expressions, Reporter& reporter) {
  const GraphNode& from = graph.nodes[index];
  if (from.type != nullptr) CheckConfig(from, reporter);
  Node node;
  node.id = from.id;
  node.path = from.path;
  node.type = from.type_name;
  if (from.type != nullptr) node.kind = from.type->kind;
  node.config = CompileConfig(graph, index, expressions);
  node.ports = from.ports;
  node.join = from.join;
  node.policy = CompilePolicy(graph, index, defaults, expressions, reporter);
  node.scope = from.scope;
  node.body = from.body;
  node.compensation = !from.compensates.empty();
  return node;
}

}  // namespace

DocumentParts ReadParts(const json::Value& document, const NodeTypes& types, Reporter& reporter) {
  DocumentParts parts;
  parts.inputs = ReadInputs(document, reporter);
  parts.graph = ReadGraph(document, types, reporter);
  const json::Value* defaults = document.Find("defaults");
  if (defaults != nullptr && defaults->is_object()) parts.defaults = *defaults;
  ApplyDefaultOnError(parts.defaults, parts.graph);
  CheckGraph(parts.graph, reporter);
  parts.connections = ReadConnections(document, reporter);
  return parts;
}

std::vector<Node> CompileNodes(const DocumentParts& parts, ExpressionCompiler& expressions,
                               Reporter& reporter) {
  const Graph& graph = parts.graph;
  std::vector<Node> nodes(graph.nodes.size());
  for (const GraphScope& scope : graph.scopes) {
    for (uint32_t i = 0; i < scope.node_count; ++i) {
      bool sorted = scope.order.size() == scope.node_count;
      NodeIndex index = sorted ? scope.order[i] : scope.first_node + i;
      Node& node = nodes[index];
      node = CompileNode(graph, index, parts.defaults, expressions, reporter);
      if (const auto* transform = std::get_if<TransformConfig>(&node.config)) {
        expressions.SetOutputType(index, expressions.TypeOf(transform->value));
      }
    }
  }
  return nodes;
}

}  // namespace agentflow::workflow
