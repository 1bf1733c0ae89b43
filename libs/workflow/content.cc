#include <utility>

#include "libs/workflow/analyze.h"

namespace agentflow::workflow {
namespace {

json::Value WithoutTitles(const json::Value& holder, bool is_node) {
  if (!holder.is_object()) return holder;
  json::Object result;
  for (const auto& [key, value] : holder.as_object()) {
    if (is_node && key == "title") continue;
    if (!is_node && key == "ui") continue;
    if (!is_node && key == "metadata" && value.is_object()) {
      json::Object metadata = value.as_object();
      metadata.Erase("title");
      result.Set(key, std::move(metadata));
    } else if (key == "nodes" && value.is_object()) {
      json::Object nodes;
      for (const auto& [id, node] : value.as_object()) nodes.Set(id, WithoutTitles(node, true));
      result.Set(key, std::move(nodes));
    } else {
      result.Set(key, value);
    }
  }
  return result;
}

}  // namespace

std::string CanonicalContent(const json::Value& document) {
  return json::DumpCanonical(WithoutTitles(document, false));
}

}  // namespace agentflow::workflow
