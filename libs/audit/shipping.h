#pragma once

#include "libs/pg/audit.h"
#include "libs/rpc/channel.h"

namespace agentflow::audit {

// Hands records of an audit outbox to the tenant service (AuditSinkService.Append), which chains
// them. For pg::AuditShipper; may be called again with the same records.
pg::AuditShipper::Send SendToTenant(rpc::ChannelPtr tenant);

}  // namespace agentflow::audit
