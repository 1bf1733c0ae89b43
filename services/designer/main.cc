#include "services/designer/app.h"

int main(int argc, char** argv) {
  agentflow::designer::DesignerService service;
  return agentflow::rpc::ServiceMain("designer", service, argc, argv);
}
