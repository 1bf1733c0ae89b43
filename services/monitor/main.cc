#include "libs/rpc/service.h"
#include "services/monitor/app.h"

int main(int argc, char** argv) {
  auto monitor = agentflow::monitor::MakeMonitor();
  return agentflow::rpc::ServiceMain("monitor", *monitor, argc, argv);
}
