#include "libs/workflow/analyze.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/workflow/check_shape.h"
#include "libs/workflow/compile_node.h"
#include "libs/workflow/duration.h"
#include "libs/workflow/expressions.h"
#include "libs/workflow/graph.h"
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

void CheckBudget(const json::Value& document, Reporter& reporter) {
  if (document.Find("budget") == nullptr) return;
  reporter.Error("FEATURE_UNAVAILABLE", "", "/budget",
                 "`budget` is not available in this release, and a limit that nothing keeps would "
                 "mislead. Remove it until it is.");
}

// Onerror of the defaults is part of how the graph runs, so it is set before it is checked.
void ApplyDefaultOnError(const json::Value& defaults, Graph& graph) {
  if (defaults.StringOr("onError") != "continue") return;
  for (GraphNode& node : graph.nodes) {
    if (node.policy.Find("onError") == nullptr && node.type != nullptr &&
        node.type->kind == NodeKind::kTask) {
      node.on_error = OnError::kContinue;
    }
  }
}

Edge PlanEdge(const Graph& graph, const GraphEdge& edge) {
  Edge result{.from = edge.from, .to = edge.to};
  if (edge.from == kStart) return result;
  if (edge.is_error()) {
    result.port = kErrorPort;
    return result;
  }
  const auto& ports = graph.nodes[edge.from].ports;
  auto it = std::find(ports.begin(), ports.end(), edge.port);
  result.port = static_cast<PortIndex>(it - ports.begin());
  return result;
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

// Compiles what the graph's nodes hold, and so finds what is wrong with it; sources first, so that
// a reader knows the type of what it reads.
void CompileNodes(const Graph& graph, const json::Value& defaults, ExpressionCompiler& expressions,
                  Reporter& reporter, Plan& plan) {
  plan.nodes.resize(graph.nodes.size());
  for (const GraphScope& scope : graph.scopes) {
    for (uint32_t i = 0; i < scope.node_count; ++i) {
      bool sorted = scope.order.size() == scope.node_count;
      NodeIndex index = sorted ? scope.order[i] : scope.first_node + i;
      Node& node = plan.nodes[index];
      node = CompileNode(graph, index, defaults, expressions, reporter);
      if (const auto* transform = std::get_if<TransformConfig>(&node.config)) {
        expressions.SetOutputType(index, expressions.TypeOf(transform->value));
      }
    }
  }
}

std::shared_ptr<Plan> AnalyzeInto(const json::Value& document, const NodeTypes& types,
                                  const PlanIdentity& identity, Reporter& reporter) {
  if (document.is_object() && !WithinLimits(document, reporter)) return nullptr;
  CheckShape(document, reporter);
  if (!document.is_object()) return nullptr;
  CheckBudget(document, reporter);
  schema::Schema inputs = ReadInputs(document, reporter);
  Graph graph = ReadGraph(document, types, reporter);
  static const json::Value kNothing = json::Object{};
  const json::Value* defaults = document.Find("defaults");
  if (defaults == nullptr || !defaults->is_object()) defaults = &kNothing;
  ApplyDefaultOnError(*defaults, graph);
  CheckGraph(graph, reporter);

  ExpressionCompiler expressions(graph, inputs, ReadConnections(document, reporter),
                                 identity.time_zones, reporter);
  auto plan = std::make_shared<Plan>();
  CompileNodes(graph, *defaults, expressions, reporter, *plan);
  if (const json::Value* outputs = document.Find("outputs"); outputs && outputs->is_object()) {
    plan->outputs = expressions.CompileTemplate(*outputs, "/outputs", Site{});
  }
  expressions.ReportMissing();
  if (reporter.has_errors()) return nullptr;

  plan->hash = identity.hash;
  plan->workflow = identity.workflow;
  plan->version = identity.version;
  for (const GraphScope& scope : graph.scopes) {
    plan->scopes.push_back({.owner = scope.owner,
                            .first_node = scope.first_node,
                            .node_count = scope.node_count,
                            .first_edge = scope.first_edge,
                            .edge_count = scope.edge_count});
  }
  for (const GraphEdge& edge : graph.edges) plan->edges.push_back(PlanEdge(graph, edge));
  if (const json::Value* schema = document.Find("inputs")) plan->inputs_schema = *schema;
  plan->timeout = ParseDurationMs(document.StringOr("timeout")).value_or(0) * 1000;
  return plan;
}

}  // namespace

Analysis Analyze(const SourceText& text, const NodeTypes& types, const PlanIdentity& identity) {
  Reporter reporter(text.positions, kMaxProblems);
  std::shared_ptr<Plan> plan = AnalyzeInto(text.value, types, identity, reporter);
  Analysis analysis;
  if (plan != nullptr) {
    if (absl::Status sealed = Seal(*plan); sealed.ok()) {
      analysis.plan = std::move(plan);
    } else {  // a gap between the checks above and the engine's own
      reporter.Error("PLAN_MALFORMED", "", "", MessageOf(sealed));
    }
  }
  analysis.problems = reporter.Take();
  return analysis;
}

absl::Status InvalidStatus(const Problems& problems) {
  size_t errors = std::count_if(problems.begin(), problems.end(),
                                [](const Problem& p) { return p.severity == Severity::kError; });
  if (errors == 0) return absl::OkStatus();
  const Problem& first = *std::find_if(problems.begin(), problems.end(), [](const Problem& p) {
    return p.severity == Severity::kError;
  });
  std::string message = first.position.line == 0
                            ? first.message
                            : "Line " + std::to_string(first.position.line) + ": " + first.message;
  if (errors > 1) message += " (and " + std::to_string(errors - 1) + " more)";
  return Error(absl::StatusCode::kFailedPrecondition, "WORKFLOW_INVALID", message,
               {{"problem", first.reason}, {kErrorField, first.pointer}, {"node", first.node}});
}

absl::StatusOr<PlanPtr> Compile(const json::Value& document, const PlanIdentity& identity,
                                const NodeTypes& types) {
  SourceText text{.value = document, .format = TextFormat::kJson};
  Analysis analysis = Analyze(text, types, identity);
  AF_RETURN_IF_ERROR(InvalidStatus(analysis.problems));
  return analysis.plan;
}

}  // namespace agentflow::workflow
