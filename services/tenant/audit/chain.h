#pragma once

#include <string>
#include <string_view>

#include "services/tenant/audit/audit_trail.h"

namespace agentflow::tenant {

// The hash of the event before the first one.
std::string ChainStart();
// SHA-256 over the previous hash and the event's canonical JSON (RFC 8785), 32 bytes.
std::string ChainHash(std::string_view previous_hash, std::string_view tenant,
                      std::string_view service, const Uuid& id, const AuditEvent& event);
// Canonical text of a detail, so that what is stored is what was hashed. What is no JSON object
// is kept as {"text": ...}.
std::string CanonicalDetail(std::string_view detail_json);

}  // namespace agentflow::tenant
