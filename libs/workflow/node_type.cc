#include "libs/workflow/node_type.h"

#include <algorithm>

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

NodeTypes::NodeTypes(std::vector<NodeType> types) : types_(std::move(types)) {
  std::sort(types_.begin(), types_.end(),
            [](const NodeType& a, const NodeType& b) { return a.type < b.type; });
  for (size_t i = 0; i < types_.size(); ++i) index_[types_[i].type] = i;
}

const NodeTypes& NodeTypes::Builtin() {
  static const NodeTypes types([] {
    std::vector<NodeType> all;
    for (const auto part : {BranchTypes, ContainerTypes, ControlTypes, WaitTypes, WorkTypes}) {
      for (NodeType& type : part()) all.push_back(std::move(type));
    }
    return all;
  }());
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
