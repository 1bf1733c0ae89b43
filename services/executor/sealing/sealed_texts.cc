#include "services/executor/sealing/sealed_texts.h"

#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::executor {

std::string SealTexts(const TenantSeal& seal, const Place& place,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> texts) {
  json::Object object;
  for (const auto& [name, text] : texts) {
    if (!text.empty()) object.Set(name, json::Value(text));
  }
  if (object.empty()) return "";
  return seal.Seal(place, json::Dump(json::Value(std::move(object))));
}

absl::Status OpenTexts(const absl::StatusOr<TenantSealPtr>& seal, const Place& place,
                       std::string_view stored,
                       std::initializer_list<std::pair<std::string_view, std::string*>> texts) {
  if (stored.empty()) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(const std::string body, OpenStored(seal, place, stored));
  AF_ASSIGN_OR_RETURN(const json::Value object, json::Parse(body));
  for (const auto& [name, text] : texts) *text = object.StringOr(name, *text);
  return absl::OkStatus();
}

}  // namespace agentflow::executor
