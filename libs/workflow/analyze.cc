#include "libs/workflow/analyze.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/workflow/check_shape.h"
#include "libs/workflow/document_parts.h"
#include "libs/workflow/duration.h"
#include "libs/workflow/expressions.h"

namespace agentflow::workflow {
namespace {

void CheckBudget(const json::Value& document, Reporter& reporter) {
  if (document.Find("budget") == nullptr) return;
  reporter.Error("FEATURE_UNAVAILABLE", "", "/budget",
                 "`budget` is not available in this release, and a limit that nothing keeps would "
                 "mislead. Remove it until it is.");
}

ConcurrencyConfig ReadConcurrency(const json::Value& document, ExpressionCompiler& expressions,
                                  Reporter& reporter) {
  ConcurrencyConfig config;
  const json::Value* written = document.Find("concurrency");
  if (written == nullptr || !written->is_object()) return config;
  const json::Value* key = written->Find("key");
  if (key != nullptr && key->is_string()) {
    config.key = expressions.CompileText(key->as_string(), "/concurrency/key", Site{.start = true},
                                         cel::Type(cel::Type::Kind::kString));
  }
  config.limit = static_cast<uint32_t>(std::clamp<int64_t>(written->IntOr("limit", 1), 1, 1000));
  std::string busy = written->StringOr("whenBusy");
  if (busy == "cancelRunning") config.when_busy = WhenBusy::kCancelRunning;
  if (busy == "cancelNew") config.when_busy = WhenBusy::kCancelNew;
  return config;
}

// "30d" as 30; the shape was checked.
int16_t ReadRetention(const json::Value& document) {
  const json::Value* metadata = document.Find("metadata");
  if (metadata == nullptr || !metadata->is_object()) return 0;
  constexpr int64_t kDayMs = 86'400'000;
  return static_cast<int16_t>(ParseDurationMs(metadata->StringOr("retention")).value_or(0) /
                              kDayMs);
}

Edge PlanEdge(const Graph& graph, const GraphEdge& edge) {
  Edge result{.from = edge.from, .to = edge.to};
  if (edge.from == kStart) return result;
  if (edge.is_error()) {
    result.port = kErrorPort;
    result.reasons = edge.reasons;
    return result;
  }
  const auto& ports = graph.nodes[edge.from].ports;
  auto it = std::find(ports.begin(), ports.end(), edge.port);
  result.port = static_cast<PortIndex>(it - ports.begin());
  return result;
}

std::shared_ptr<Plan> AnalyzeInto(const json::Value& document, const NodeTypes& types,
                                  const PlanIdentity& identity, Reporter& reporter) {
  if (document.is_object() && !WithinLimits(document, reporter)) return nullptr;
  CheckShape(document, reporter);
  if (!document.is_object()) return nullptr;
  CheckBudget(document, reporter);
  DocumentParts parts = ReadParts(document, types, reporter);
  const Graph& graph = parts.graph;

  ExpressionCompiler expressions(graph, parts.inputs, parts.connections, identity.time_zones,
                                 reporter);
  auto plan = std::make_shared<Plan>();
  plan->nodes = CompileNodes(parts, expressions, reporter);
  if (const json::Value* outputs = document.Find("outputs"); outputs && outputs->is_object()) {
    plan->outputs = expressions.CompileTemplate(*outputs, "/outputs", Site{});
  }
  plan->concurrency = ReadConcurrency(document, expressions, reporter);
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
  int64_t in_flight = document.IntOr("maxInFlight", 0);
  plan->max_in_flight = static_cast<uint32_t>(std::clamp<int64_t>(in_flight, 0, kMaxInFlight));
  plan->retention_days = ReadRetention(document);
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
