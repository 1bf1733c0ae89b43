#include <iostream>
#include <map>
#include <string>

#include "libs/base/status.h"
#include "tools/bench/scenarios.h"

// agentflow-bench SCENARIO --stack FOLDER [--target public|direct] [--workflow ID] [--rate N]
//                 [--load N] [--in-flight N] [--count N] [--seconds N] [--input JSON]
//                 [--process PID] [--executor HOST:PORT]
// The scenarios are in scenarios.h; `worker` serves the agent `bench`. Prints one JSON object.
namespace {

using namespace agentflow;         // NOLINT: this file is the program
using namespace agentflow::bench;  // NOLINT

using Flags = std::map<std::string, std::string>;

const std::map<std::string, absl::StatusOr<json::Value> (*)(const Scenario&)> kScenarios = {
    {"throughput", Throughput}, {"calls", Calls},       {"start", StartLatency},
    {"first-task", FirstTask},  {"rest", RestLatency},  {"once", Once},
    {"every-lane", EveryLane},  {"waiting", Waiting},   {"expressions", ExpressionLatency},
};

absl::StatusOr<Scenario> ScenarioOf(Flags& flags) {
  Scenario scenario;
  AF_ASSIGN_OR_RETURN(scenario.files, StackFiles::Read(flags["--stack"]));
  if (!flags["--executor"].empty()) scenario.files.executor = flags["--executor"];
  scenario.direct = flags["--target"] == "direct";
  scenario.workflow = flags["--workflow"];
  scenario.input = flags["--input"];
  auto number = [&flags](const char* name, auto& value) {
    if (auto it = flags.find(name); it != flags.end()) {
      value = static_cast<std::decay_t<decltype(value)>>(std::atof(it->second.c_str()));
    }
  };
  number("--rate", scenario.rate);
  number("--load", scenario.load);
  number("--seconds", scenario.seconds);
  number("--in-flight", scenario.in_flight);
  number("--count", scenario.count);
  number("--process", scenario.process);
  return scenario;
}

absl::StatusOr<json::Value> Run(const std::string& name, Flags flags) {
  AF_ASSIGN_OR_RETURN(const Scenario scenario, ScenarioOf(flags));
  if (name == "worker") {
    AF_RETURN_IF_ERROR(ServeWorker(scenario.files, scenario.in_flight));
    return json::Value(json::Object());
  }
  auto it = kScenarios.find(name);
  if (it == kScenarios.end()) {
    return InvalidArgument("SCENARIO_UNKNOWN", "scenario", "There is no scenario " + name + ".");
  }
  return it->second(scenario);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: agentflow-bench SCENARIO --stack FOLDER ...\n";
    return 2;
  }
  Flags flags;
  for (int i = 2; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  absl::StatusOr<json::Value> figures = Run(argv[1], flags);
  if (!figures.ok()) {
    std::cerr << ReasonOf(figures.status()) << ": " << MessageOf(figures.status()) << "\n";
    return 1;
  }
  std::cout << json::Dump(*figures) << std::endl;
  return 0;
}
