#include "services/gateway/app.h"

int main(int argc, char** argv) {
  agentflow::gateway::GatewayService service;
  return agentflow::rpc::ServiceMain("gateway", service, argc, argv);
}
