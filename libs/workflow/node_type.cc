#include "libs/workflow/node_type.h"

#include <algorithm>
#include <charconv>

#include "libs/base/status.h"
#include "libs/workflow/names.h"
#include "libs/workflow/node_types.h"

namespace agentflow::workflow {

schema::Schema SchemaOf(std::string_view text) {
  auto document = json::Parse(text);
  AF_CHECK(document.ok());
  auto schema = schema::Schema::Compile(*document);
  AF_CHECK(schema.ok());
  return *std::move(schema);
}

namespace {

constexpr std::string_view kCustom = "custom.";

std::vector<NodeType> BuiltinTypes() {
  std::vector<NodeType> all;
  for (const auto part : {BranchTypes, ContainerTypes, ControlTypes, WaitTypes, WorkTypes}) {
    for (NodeType& type : part()) all.push_back(std::move(type));
  }
  return all;
}

}  // namespace

std::optional<CustomPattern> CustomPatternOf(std::string_view type) {
  size_t at = type.find('@');
  if (!type.starts_with(kCustom) || at == type.npos) return std::nullopt;
  CustomPattern pattern{.workflow = std::string(type.substr(kCustom.size(), at - kCustom.size()))};
  if (!IsSlug(pattern.workflow)) return std::nullopt;
  std::replace(pattern.workflow.begin(), pattern.workflow.end(), '_', '-');
  std::string_view version = type.substr(at + 1);
  auto [end, error] =
      std::from_chars(version.data(), version.data() + version.size(), pattern.version);
  bool whole = error == std::errc() && end == version.data() + version.size();
  return whole && pattern.version > 0 ? std::optional(std::move(pattern)) : std::nullopt;
}

NodeType CustomNodeType(std::string_view workflow, int32_t version, std::string title,
                        std::string summary, const json::Value& inputs) {
  std::string name(workflow);
  std::replace(name.begin(), name.end(), '-', '_');
  NodeType type;
  type.type = std::string(kCustom) + name + "@" + std::to_string(version);
  type.title = std::move(title);
  type.summary = std::move(summary);
  type.category = "custom";
  type.kind = NodeKind::kChild;
  auto config = schema::Schema::Compile(inputs);
  type.config = config.ok() ? *std::move(config) : SchemaOf(R"({"type": "object"})");
  type.output = SchemaOf("true");
  type.example = name + ":\n  type: " + type.type + "\n";
  return type;
}

NodeTypes::NodeTypes(std::vector<NodeType> types, bool any_custom)
    : types_(std::move(types)), any_custom_(any_custom) {
  std::sort(types_.begin(), types_.end(),
            [](const NodeType& a, const NodeType& b) { return a.type < b.type; });
  for (size_t i = 0; i < types_.size(); ++i) index_[types_[i].type] = i;
}

const NodeTypes& NodeTypes::Builtin() {
  static const NodeTypes types(BuiltinTypes());
  return types;
}

const NodeTypes& NodeTypes::Published() {
  static const NodeTypes types(BuiltinTypes(), /*any_custom=*/true);
  return types;
}

NodeTypes NodeTypes::With(std::vector<NodeType> more) const {
  more.insert(more.end(), types_.begin(), types_.end());
  return NodeTypes(std::move(more), any_custom_);
}

const NodeType* NodeTypes::Find(std::string_view type) const {
  if (auto it = index_.find(type); it != index_.end()) return &types_[it->second];
  if (!any_custom_ || !CustomPatternOf(type)) return nullptr;
  static const NodeType any = CustomNodeType("any", 1, "Pattern", "", json::Value(true));
  return &any;
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
