#pragma once

#include "libs/rpc/server.h"
#include "services/executor/payloads/payload_store.h"

namespace agentflow::executor {

// agentflow.api.v1.PayloadService. `payloads` must outlive the server.
void RegisterPayloadService(rpc::Server& server, PayloadStore& payloads);

}  // namespace agentflow::executor
