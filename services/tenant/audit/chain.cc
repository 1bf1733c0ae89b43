#include "services/tenant/audit/chain.h"

#include "libs/crypto/digest.h"
#include "libs/json/value.h"

namespace agentflow::tenant {

std::string ChainStart() {
  return std::string(32, '\0');
}

std::string ChainHash(std::string_view previous_hash, std::string_view tenant,
                      std::string_view service, const Uuid& id, const AuditEvent& event) {
  // Numbers as text: they may be beyond what JSON holds exactly.
  const std::string content =
      json::DumpCanonical(json::Object{{"tenant", tenant},
                                       {"sequence", std::to_string(event.sequence)},
                                       {"service", service},
                                       {"id", id.ToString()},
                                       {"time", std::to_string(event.time)},
                                       {"principal", event.principal},
                                       {"method", event.method},
                                       {"resource", event.resource},
                                       {"outcome", event.outcome},
                                       {"traceId", event.trace_id},
                                       {"remoteAddress", event.remote_address},
                                       {"detail", event.detail_json}});
  return std::string(crypto::AsText(crypto::Sha256(std::string(previous_hash) + content)));
}

std::string CanonicalDetail(std::string_view detail_json) {
  if (detail_json.empty()) return "{}";
  absl::StatusOr<json::Value> value = json::Parse(detail_json);
  if (value.ok() && value->is_object()) return json::DumpCanonical(*value);
  return json::DumpCanonical(json::Object{{"text", detail_json}});
}

}  // namespace agentflow::tenant
