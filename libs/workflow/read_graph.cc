#include <algorithm>
#include <deque>
#include <set>

#include "libs/workflow/analyze.h"
#include "libs/workflow/graph.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

const json::Value kEmptyObject = json::Object{};

const json::Value& ObjectAt(const json::Value& owner, std::string_view key) {
  const json::Value* value = owner.Find(key);
  return value != nullptr && value->is_object() ? *value : kEmptyObject;
}

Join ReadJoin(const json::Value* value) {
  Join join;
  if (value == nullptr) return join;
  std::string mode = value->is_string() ? value->as_string() : value->StringOr("mode");
  if (mode == "any") join.kind = Join::Kind::kAny;
  if (mode == "n") {
    join.kind = Join::Kind::kNOfM;
    join.n = static_cast<uint32_t>(std::clamp<int64_t>(value->IntOr("n", 1), 1, kMaxNodes));
  }
  join.cancel_rest = value->BoolOr("cancelRest", false);
  return join;
}

class GraphReader {
 public:
  GraphReader(const NodeTypes& types, Reporter& reporter) : types_(types), reporter_(reporter) {}

  Graph Read(const json::Value& document) {
    waiting_.push_back({&document, "", kNone});
    while (!waiting_.empty()) {
      Waiting next = waiting_.front();
      waiting_.pop_front();
      ReadScope(next);
    }
    return std::move(graph_);
  }

 private:
  struct Waiting {
    const json::Value* holder;
    std::string pointer;
    NodeIndex owner;
  };

  void ReadScope(const Waiting& from) {
    ScopeIndex index = static_cast<ScopeIndex>(graph_.scopes.size());
    GraphScope& scope = graph_.scopes.emplace_back();
    scope.owner = from.owner;
    scope.pointer = from.pointer;
    scope.first_node = static_cast<NodeIndex>(graph_.nodes.size());
    scope.first_edge = static_cast<EdgeIndex>(graph_.edges.size());
    if (from.owner != kNone) graph_.nodes[from.owner].body = index;
    const json::Object& nodes = ObjectAt(*from.holder, "nodes").as_object();
    const json::Value* written = from.holder->Find("nodes");
    if (nodes.empty() && written != nullptr && written->is_object()) {
      reporter_.Error("NODES_EMPTY", OwnerPath(index), from.pointer + "/nodes",
                      "There is no node. Add at least one, and an edge `start -> <node>`.");
    }
    for (const auto& [id, value] : nodes) ReadNode(index, id, value);
    if (const json::Value* edges = from.holder->Find("edges"); edges && edges->is_array()) {
      graph_.scopes[index].has_edges = true;
      ReadEdges(index, edges->as_array(), from.pointer + "/edges");
    }
  }

  std::string OwnerPath(ScopeIndex scope) const {
    NodeIndex owner = graph_.scopes[scope].owner;
    return owner == kNone ? "" : graph_.nodes[owner].path;
  }

  void ReadNode(ScopeIndex scope, const std::string& id, const json::Value& value) {
    NodeIndex index = static_cast<NodeIndex>(graph_.nodes.size());
    GraphNode node;
    node.id = id;
    std::string owner_path = OwnerPath(scope);
    node.path = owner_path.empty() ? id : owner_path + "." + id;
    node.pointer = graph_.scopes[scope].pointer + "/nodes/" + json::EscapePointerToken(id);
    node.scope = scope;
    node.with = ObjectAt(value, "with");
    node.policy = ObjectAt(value, "policy");
    node.join = ReadJoin(value.Find("join"));
    node.on_error = ReadOnError(node.policy);
    CheckId(node);
    ReadType(node, value);
    if (const json::Value* body = value.Find("nodes"); body != nullptr && body->is_object()) {
      waiting_.push_back({&value, node.pointer, index});
    }
    graph_.nodes.push_back(std::move(node));
    graph_.scopes[scope].ids[id] = index;
    ++graph_.scopes[scope].node_count;
  }

  void CheckId(const GraphNode& node) {
    if (!IsSlug(node.id)) {
      reporter_.Error("NODE_ID_INVALID", node.path, node.pointer,
                      "`" + node.id.substr(0, 100) +
                          "` is no node id: a small letter, then small letters, digits and _, at "
                          "most 63 in all. Write `" +
                          SlugFrom(node.id.substr(0, 100)) +
                          "` and keep the wording as the node's `title`.");
      return;
    }
    if (node.id == kStartId || IsCelKeyword(node.id)) {
      reporter_.Error("NODE_ID_RESERVED", node.path, node.pointer,
                      "`" + node.id + "` is reserved" +
                          (node.id == kStartId ? " for the place where a graph begins"
                                               : " by the expression language") +
                          ". Write `" + SlugFrom(node.id) + "`.");
      return;
    }
    NodeIndex owner = graph_.scopes[node.scope].owner;
    if (owner != kNone && graph_.Find(graph_.nodes[owner].scope, node.id) != kNone) {
      reporter_.Error("NODE_ID_SHADOWS", node.path, node.pointer,
                      "A node `" + node.id + "` is around this one already, so `nodes." + node.id +
                          "` would be ambiguous. Give one of them another id.");
    }
  }

  void ReadType(GraphNode& node, const json::Value& value) {
    const json::Value* type = value.Find("type");
    if (type == nullptr || !type->is_string()) return;  // the schema has said so
    node.type_name = type->as_string();
    node.type = types_.Find(node.type_name);
    if (node.type == nullptr) {
      reporter_.Error("NODE_TYPE_UNKNOWN", node.path, node.pointer + "/type", UnknownType(node));
      return;
    }
    node.ports = PortsOf(*node.type, node.with);
    bool has_body = value.Find("nodes") != nullptr || value.Find("edges") != nullptr;
    if (has_body && !node.type->container) {
      reporter_.Error("NOT_A_CONTAINER", node.path, node.pointer,
                      "`" + node.type_name +
                          "` holds no nodes of its own. Move `nodes` and `edges` "
                          "out, or use a container such as flow.map.");
    }
    if (node.type->container && value.Find("nodes") == nullptr) {
      reporter_.Error("FIELD_REQUIRED", node.path, node.pointer,
                      "`" + node.type_name + "` needs `nodes` and `edges` to run.");
    }
  }

  std::string UnknownType(const GraphNode& node) {
    std::string message = "There is no node type `" + node.type_name.substr(0, 100) + "` here";
    if (reporter_.full()) return message;
    std::vector<std::string> names;
    std::string stem = node.type_name.substr(0, node.type_name.find('@')) + "@";
    std::string suggestion;
    for (const NodeType& type : types_.all()) {
      names.push_back(type.type);
      if (type.type.compare(0, stem.size(), stem) == 0) suggestion = type.type;
    }
    if (suggestion.empty()) suggestion = Closest(node.type_name, names);
    if (!suggestion.empty()) return message + DidYouMean(suggestion);
    return message + ". The node is kept as a placeholder and cannot be published; there are " +
           Quoted(names, names.size()) + ".";
  }

  void ReadEdges(ScopeIndex scope, const json::Array& edges, const std::string& pointer) {
    std::set<std::pair<std::string, std::string>> seen;
    for (size_t i = 0; i < edges.size(); ++i) {
      if (!edges[i].is_string()) continue;  // the schema has said so
      const std::string& text = edges[i].as_string();
      std::string at = pointer + "/" + std::to_string(i);
      auto edge = ParseEdge(text);
      if (!edge) {
        reporter_.Error("EDGE_INVALID", OwnerPath(scope), at,
                        "`" + text.substr(0, 200) +
                            "` is no edge. Write `source -> target` or `source.port -> target`.");
        continue;
      }
      if (!seen.insert({edge->source + "." + edge->source_port, edge->target}).second) {
        reporter_.Error("EDGE_DUPLICATE", OwnerPath(scope), at,
                        "The edge `" + FormatEdge(*edge) + "` stands here twice. Remove one.");
        continue;
      }
      AddEdge(scope, *edge, at);
    }
  }

  // The node at one end of an edge; reports where there is none.
  NodeIndex End(ScopeIndex scope, const std::string& id, const EdgeText& edge,
                const std::string& pointer) {
    const auto& ids = graph_.scopes[scope].ids;
    if (auto it = ids.find(id); it != ids.end()) return it->second;
    std::string message = "The edge `" + FormatEdge(edge) + "` names `" + id + "`, but ";
    if (graph_.Find(scope, id) != kNone) {
      message += "that node is outside this container and edges stay inside one.";
    } else {
      message += "there is no such node here";
      std::vector<std::string> names;
      if (!reporter_.full()) {
        for (const auto& [name, index] : ids) names.push_back(name);
        std::sort(names.begin(), names.end());
      }
      std::string suggestion = Closest(id, names);
      message += suggestion.empty() ? ". Add the node or remove the edge." : DidYouMean(suggestion);
    }
    reporter_.Error("EDGE_DANGLING", OwnerPath(scope), pointer, std::move(message));
    return kNone;
  }

  void AddEdge(ScopeIndex scope, const EdgeText& text, const std::string& pointer) {
    if (text.target == kStartId) {
      reporter_.Error("EDGE_INVALID", OwnerPath(scope), pointer,
                      "Nothing leads to `start`; it is where the graph begins. For repetition use "
                      "a loop container.");
      return;
    }
    if (!text.reasons.empty() && text.source_port != kErrorPortId) {
      reporter_.Error("EDGE_INVALID", OwnerPath(scope), pointer,
                      "Only an `error` edge is for some reasons. Write `" + text.source +
                          ".error[REASON] -> " + text.target + "`, or leave the reasons out.");
      return;
    }
    bool from_start = text.source == kStartId;
    NodeIndex from = from_start ? kStart : End(scope, text.source, text, pointer);
    NodeIndex to = End(scope, text.target, text, pointer);
    bool port_known = from_start ? text.source_port == kOutPortId
                                 : from == kNone || CheckPort(from, text, pointer);
    if (from_start && !port_known) {
      reporter_.Error(
          "PORT_UNKNOWN", "", pointer,
          "`start` has no port `" + text.source_port + "`. Write `start -> " + text.target + "`.");
    }
    if (text.target_port != kInPortId && to != kNone) {
      reporter_.Error("PORT_UNKNOWN", graph_.nodes[to].path, pointer,
                      "`" + text.target + "` has no in-port `" + text.target_port +
                          "`. Write `-> " + text.target + "`.");
    }
    if ((from == kNone && !from_start) || to == kNone) return;
    EdgeIndex index = static_cast<EdgeIndex>(graph_.edges.size());
    graph_.edges.push_back({from, text.source_port, to, pointer, text.reasons});
    ++graph_.scopes[scope].edge_count;
    graph_.nodes[to].in.push_back(index);
    if (!from_start) graph_.nodes[from].out.push_back(index);
  }

  bool CheckPort(NodeIndex from, const EdgeText& edge, const std::string& pointer) {
    const GraphNode& node = graph_.nodes[from];
    if (node.type == nullptr) return true;
    bool fails = node.type->kind != NodeKind::kFail;
    if (edge.source_port == kErrorPortId && fails) return true;
    if (std::find(node.ports.begin(), node.ports.end(), edge.source_port) != node.ports.end()) {
      return true;
    }
    std::vector<std::string> ports = node.ports;
    if (fails) ports.emplace_back(kErrorPortId);
    std::string message = "`" + node.id + "` has no out-port `" + edge.source_port + "`";
    std::string suggestion = Closest(edge.source_port, ports);
    if (!suggestion.empty()) {
      message += DidYouMean(suggestion);
    } else if (ports.empty()) {
      message += ": a " + node.type_name + " ends here. Remove the edge.";
    } else {
      message += ". It has " + Quoted(ports) + "; write `" + node.id + "." + ports[0] + " -> " +
                 edge.target + "`.";
    }
    reporter_.Error("PORT_UNKNOWN", node.path, pointer, std::move(message));
    return false;
  }

  const NodeTypes& types_;
  Reporter& reporter_;
  Graph graph_;
  std::deque<Waiting> waiting_;
};

}  // namespace

OnError ReadOnError(const json::Value& policy) {
  std::string text = policy.StringOr("onError");
  if (text == "continue") return OnError::kContinue;
  if (text == "compensate") return OnError::kCompensate;
  if (text == "pause") return OnError::kPause;
  return OnError::kFail;
}

bool GraphEdge::is_error() const {
  return port == kErrorPortId;
}

bool GraphNode::HasErrorEdge(const std::vector<GraphEdge>& edges) const {
  return std::any_of(out.begin(), out.end(),
                     [&](EdgeIndex e) { return edges[e].is_error() && edges[e].reasons.empty(); });
}

NodeIndex Graph::Find(ScopeIndex scope, std::string_view id) const {
  while (true) {
    if (auto it = scopes[scope].ids.find(id); it != scopes[scope].ids.end()) return it->second;
    if (scopes[scope].owner == kNone) return kNone;
    scope = nodes[scopes[scope].owner].scope;
  }
}

std::vector<std::string> Graph::VisibleIds(ScopeIndex scope) const {
  std::vector<std::string> ids;
  while (true) {
    for (const auto& [id, index] : scopes[scope].ids) ids.push_back(id);
    if (scopes[scope].owner == kNone) break;
    scope = nodes[scopes[scope].owner].scope;
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Nodes and edges, with those of containers.
void Count(const json::Value& holder, size_t& nodes, size_t& edges) {
  const json::Object& children = ObjectAt(holder, "nodes").as_object();
  nodes += children.size();
  if (const json::Value* list = holder.Find("edges"); list != nullptr && list->is_array()) {
    edges += list->as_array().size();
  }
  for (const auto& [id, node] : children) Count(node, nodes, edges);
}

bool WithinLimits(const json::Value& document, Reporter& reporter) {
  size_t nodes = 0;
  size_t edges = 0;
  Count(document, nodes, edges);
  auto check = [&](std::string_view reason, const char* what, size_t count, size_t limit) {
    if (count <= limit) return true;
    reporter.Error(reason, "", std::string("/") + what,
                   "There are " + std::to_string(count) + " " + what + "; at most " +
                       std::to_string(limit) + " are run. Move a part into a workflow of its own.");
    return false;
  };
  bool nodes_fit = check("NODE_LIMIT", "nodes", nodes, kMaxNodes);
  return check("EDGE_LIMIT", "edges", edges, kMaxEdges) && nodes_fit;
}

Graph ReadGraph(const json::Value& document, const NodeTypes& types, Reporter& reporter) {
  return GraphReader(types, reporter).Read(document);
}

}  // namespace agentflow::workflow
