#pragma once

#include <string>
#include <vector>

#include "libs/json/value.h"
#include "libs/workflow/node_type.h"
#include "libs/workflow/plan.h"
#include "libs/workflow/reporter.h"
#include "libs/workflow/string_map.h"

// The document's nodes and edges by index, in the order of the Plan: a body after its container's
// scope. Internal to the analyzer; it may hold anything that a document with problems holds.
namespace agentflow::workflow {

struct GraphNode {
  std::string id;
  std::string path;     // "outer.inner"
  std::string pointer;  // "/nodes/outer/nodes/inner"
  std::string type_name;
  const NodeType* type = nullptr;  // null: a placeholder
  json::Value with = json::Object{};
  json::Value policy = json::Object{};
  std::vector<std::string> ports;  // of placeholders: none, and every port is taken
  Join join;
  ScopeIndex scope = 0;
  ScopeIndex body = kNone;
  OnError on_error = OnError::kFail;
  NodeIndex compensate = kNone;
  // The nodes that name this one in `compensate`; then it is a compensation.
  std::vector<NodeIndex> compensates;
  std::vector<NodeIndex> cancels;  // flow.cancel
  std::vector<EdgeIndex> in;
  std::vector<EdgeIndex> out;

  // For every failure, whatever its reason.
  bool HasErrorEdge(const std::vector<struct GraphEdge>& edges) const;
};

struct GraphEdge {
  NodeIndex from = kStart;
  std::string port;
  NodeIndex to = 0;
  std::string pointer;
  std::vector<std::string> reasons;  // of failures; none: every one

  bool is_error() const;
};

struct GraphScope {
  NodeIndex owner = kNone;
  std::string pointer;  // "" or the container's
  NodeIndex first_node = 0;
  uint32_t node_count = 0;
  EdgeIndex first_edge = 0;
  uint32_t edge_count = 0;
  bool has_edges = false;  // whether `edges` is a list at all
  StringMap<NodeIndex> ids;
  std::vector<NodeIndex> order;  // topological; empty where there is a cycle
};

struct Graph {
  std::vector<GraphScope> scopes;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;

  // The node of that id as seen from a scope: its own, then those around it. kNone: none.
  NodeIndex Find(ScopeIndex scope, std::string_view id) const;
  // All such ids.
  std::vector<std::string> VisibleIds(ScopeIndex scope) const;
};

// `onError` of a policy, or of the defaults.
OnError ReadOnError(const json::Value& policy);

// Whether the document has at most kMaxNodes nodes and kMaxEdges edges; reports where it has more.
bool WithinLimits(const json::Value& document, Reporter& reporter);

// Reads what is there and reports what is malformed, dangling or unknown.
Graph ReadGraph(const json::Value& document, const NodeTypes& types, Reporter& reporter);

// Cycles, unreachable nodes, joins and compensations that cannot be. Fills GraphScope::order.
void CheckGraph(Graph& graph, Reporter& reporter);

}  // namespace agentflow::workflow
