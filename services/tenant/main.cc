#include <string_view>
#include <vector>

#include "services/tenant/app.h"

// agentflow-tenant --config FILE [--bootstrap [--new-key]]
int main(int argc, char** argv) {
  using agentflow::tenant::Mode;
  Mode mode = Mode::kServe;
  std::vector<char*> args;
  for (int i = 0; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--bootstrap") {
      if (mode == Mode::kServe) mode = Mode::kBootstrap;
    } else if (std::string_view(argv[i]) == "--new-key") {
      mode = Mode::kBootstrapNewKey;
    } else {
      args.push_back(argv[i]);
    }
  }
  auto service = agentflow::tenant::MakeTenantService(mode);
  return agentflow::rpc::ServiceMain("tenant", *service, static_cast<int>(args.size()),
                                     args.data());
}
