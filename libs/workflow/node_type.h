#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/json/value.h"
#include "libs/schema/schema.h"
#include "libs/workflow/plan.h"
#include "libs/workflow/string_map.h"

// The catalogue of what a node can be: what palettes show, what documents are checked against
// and what the compiler turns into the engine's kinds. A new type is an entry here.
namespace agentflow::workflow {

struct PortInfo {
  std::string id;
  std::string title;
};

struct NodeType {
  std::string type;      // "flow.if@1"
  std::string title;     // "If"
  std::string summary;   // one sentence: when to use it
  std::string category;  // flow, data, ai, action, trigger
  NodeKind kind = NodeKind::kTransform;
  // kTask: such tasks are done by the agent "<connector>-<with.connection>", which gets the rest
  // of `with` as its input. Empty: `with` names agent and input.
  std::string connector;
  // Schema of `with`. Beyond JSON Schema: "x-expression": true marks text that is always CEL,
  // false text that never is; "x-duration": true text as "30s"; "x-place": "body" text that a
  // container evaluates inside itself.
  schema::Schema config;
  schema::Schema output;
  std::vector<PortInfo> inputs = {{"in", "In"}};
  std::vector<PortInfo> outputs = {{"out", "Out"}};  // fixed ones, without "error"
  bool dynamic_ports = false;                        // the configuration adds more
  bool container = false;                            // owns nodes and edges
  std::string example;                               // the node as YAML; those that it names follow
};

// Immutable once built; thread-safe then.
class NodeTypes {
 public:
  // What this build runs.
  static const NodeTypes& Builtin();
  // The same, and every custom.*: for documents that were checked when they were published.
  static const NodeTypes& Published();

  // With `any_custom` there is every custom.*, also one that is not among `types`.
  explicit NodeTypes(std::vector<NodeType> types, bool any_custom = false);
  // This catalogue and more.
  NodeTypes With(std::vector<NodeType> more) const;
  // Null where there is no such type.
  const NodeType* Find(std::string_view type) const;
  // Sorted by type.
  const std::vector<NodeType>& all() const { return types_; }

 private:
  std::vector<NodeType> types_;
  StringMap<size_t> index_;
  bool any_custom_;
};

// custom.review_board@3 is version 3 of the workflow review-board, used like a node.
struct CustomPattern {
  std::string workflow;  // its id
  int32_t version = 0;
};
// Nothing where the name is none of a custom pattern.
std::optional<CustomPattern> CustomPatternOf(std::string_view type);
// The type of a published workflow with metadata.pattern. `inputs` is its schema of inputs.
// REQUIRES: `workflow` is the id of a workflow.
NodeType CustomNodeType(std::string_view workflow, int32_t version, std::string title,
                        std::string summary, const json::Value& inputs);

// The out-ports of a node of that type with that configuration, fixed ones first, without
// "error". What is malformed in `with` is left out.
std::vector<std::string> PortsOf(const NodeType& type, const json::Value& with);

}  // namespace agentflow::workflow
