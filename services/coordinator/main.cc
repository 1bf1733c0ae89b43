#include "libs/rpc/service.h"
#include "services/coordinator/app.h"

int main(int argc, char** argv) {
  auto coordinator = agentflow::coordinator::MakeCoordinator();
  return agentflow::rpc::ServiceMain("coordinator", *coordinator, argc, argv);
}
