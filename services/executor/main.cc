#include "libs/rpc/service.h"
#include "services/executor/app.h"

int main(int argc, char** argv) {
  agentflow::executor::App app;
  return agentflow::rpc::ServiceMain("executor", app, argc, argv);
}
