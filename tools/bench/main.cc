#include <iostream>
#include <map>
#include <string>

#include "libs/base/status.h"
#include "tools/bench/scenarios.h"

// agentflow-bench SCENARIO --stack FOLDER [--target public|direct] [--workflow ID]
//                 [--rate N] [--in-flight N] [--seconds N]
// Scenarios: throughput, start, rest, worker. Prints one JSON object.
namespace {

using namespace agentflow;         // NOLINT: this file is the program
using namespace agentflow::bench;  // NOLINT

absl::StatusOr<json::Value> Run(const std::string& scenario,
                                std::map<std::string, std::string> flags) {
  AF_ASSIGN_OR_RETURN(StackFiles files, StackFiles::Read(flags["--stack"]));
  bool direct = flags["--target"] == "direct";
  double rate = std::atof(flags["--rate"].c_str());
  double seconds = std::atof(flags["--seconds"].c_str());
  int in_flight = std::atoi(flags["--in-flight"].c_str());
  const std::string& workflow = flags["--workflow"];
  if (scenario == "throughput") return Throughput(files, direct, workflow, in_flight, seconds);
  if (scenario == "start") return StartLatency(files, direct, workflow, rate, seconds);
  if (scenario == "rest") return RestLatency(files, workflow, rate, seconds);
  if (scenario == "worker") {
    AF_RETURN_IF_ERROR(ServeWorker(files, in_flight));
    return json::Value(json::Object());
  }
  return InvalidArgument("SCENARIO_UNKNOWN", "scenario", "throughput, start, rest or worker");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: agentflow-bench throughput|start|rest|worker --stack FOLDER ...\n";
    return 2;
  }
  std::map<std::string, std::string> flags{{"--target", "public"}, {"--seconds", "5"},
                                           {"--in-flight", "256"}, {"--rate", "200"}};
  for (int i = 2; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  absl::StatusOr<json::Value> figures = Run(argv[1], flags);
  if (!figures.ok()) {
    std::cerr << ReasonOf(figures.status()) << ": " << MessageOf(figures.status()) << "\n";
    return 1;
  }
  std::cout << json::Dump(*figures) << std::endl;
  return 0;
}
