#pragma once

#include <functional>

#include "libs/rpc/server.h"
#include "services/executor/lanes/router.h"

namespace agentflow::executor {

// agentflow.internal.executor.v1.PeerService: what other executors tell this one.
struct PeerServiceParts {
  Router& router;
  // Makes the keeper of the lanes look at once.
  std::function<void()> look;
  // Looks for migrations at once.
  std::function<void()> migrate;
  const Clock& clock;
};

void RegisterPeerService(rpc::Server& server, PeerServiceParts parts);

}  // namespace agentflow::executor
