#include "services/designer/store/labels_json.h"

#include "libs/base/status.h"

namespace agentflow::designer {

std::string LabelsToJson(const Labels& labels) {
  json::Object object;
  for (const auto& [key, value] : labels) object.Set(key, value);
  return json::Dump(json::Value(std::move(object)));
}

absl::StatusOr<Labels> LabelsFromJson(std::string_view text) {
  AF_ASSIGN_OR_RETURN(json::Value object, json::Parse(text));
  Labels labels;
  for (const auto& [key, value] : object.as_object()) labels[key] = value.as_string();
  return labels;
}

}  // namespace agentflow::designer
