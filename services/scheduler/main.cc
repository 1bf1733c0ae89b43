#include "libs/rpc/service.h"
#include "services/scheduler/app.h"

int main(int argc, char** argv) {
  auto scheduler = agentflow::scheduler::MakeScheduler();
  return agentflow::rpc::ServiceMain("scheduler", *scheduler, argc, argv);
}
