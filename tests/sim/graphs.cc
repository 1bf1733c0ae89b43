#include "tests/sim/graphs.h"

#include <set>
#include <vector>

namespace agentflow::sim {
namespace {

const std::vector<std::string> kPure = {
    "noop",
    "transform value={\"x\":\"=inputs.x\"}",
    "transform value=\"=inputs.x\"",
    "transform value=\"=boom\" onError=continue",
    "if when=\"inputs.x > 10\"",
    "switch case.p=\"inputs.x > 10\" case.q=\"inputs.x == 3\" default=r",
    "noop checkpoint",
    "transform value=\"=inputs.x\" checkpoint",
};
const std::vector<std::string> kWaits = {
    "wait duration=200ms",
    "wait duration=2s",
    "wait duration=20s",
    "wait duration=0",
};
const std::vector<std::string> kTasks = {
    "task input=\"=inputs.x\"",
    "task agent=other attempts=3 initial=200ms",
    "task attempts=5 backoff=fixed initial=1s",
    "task attempts=2 backoff=fixed initial=1s startToClose=3s scheduleToClose=40s",
    "task attempts=4 scheduleToStart=4s retryOn=* initial=100ms",
    "task agent=other attempts=2 initial=100ms startToClose=2s",
    "task onError=continue scheduleToClose=10s",
    "task onError=continue continuePort=none attempts=2 initial=1s",
    "task attempts=3 initial=100ms exceptWhen=HTTP_*",
    "task key=\"execution.id\"",
};
const std::vector<std::string> kContainers = {
    "map items=[1,2,3] concurrency=2",
    "map items=[1,2,3,4] tolerated=0.5 output=\"=item\"",
    "map items=[1,2,3,4,5,6]",
    "map items=[] onError=continue",
    "loop until_=\"iteration > 1\" output=\"=iteration\"",
    "loop while=\"inputs.x > 10\" maxIterations=2 onError=continue",
};

bool IsContainer(const std::string& line) {
  return line.find(" map ") != std::string::npos || line.find(" loop ") != std::string::npos;
}

std::string RandomNode(Dice& dice, const std::string& id, size_t in_edges, int depth) {
  std::string line = "node " + id + " ";
  const uint64_t kind = dice.Roll(100);
  if (depth < 2 && kind < 12) {
    line += dice.Pick(kContainers);
  } else if (kind < 55) {
    line += dice.Pick(kTasks);
  } else if (kind < 68) {
    line += dice.Pick(kWaits);
  } else if (kind < 70) {
    line += "fail reason=BAD";
  } else {
    line += dice.Pick(kPure);
  }
  if (dice.Chance(0.2)) {
    line += " join=any";
  } else if (dice.Chance(0.15)) {
    line += " join=" + std::to_string(1 + dice.Roll(in_edges));
  }
  if (dice.Chance(0.2)) line += " cancelRest";
  return line + "\n";
}

std::string RandomPort(Dice& dice, const std::string& line) {
  if (line.find(" if ") != std::string::npos) return dice.Chance(0.5) ? ".then" : ".else";
  if (line.find(" switch ") != std::string::npos) {
    return dice.Pick(std::vector<std::string>{".p", ".q", ".r"});
  }
  if (dice.Chance(0.15)) return dice.Chance(0.5) ? ".error" : ".error(BAD,ATTEMPT_*,HTTP_5*)";
  return "";
}

// How a node finds what it follows: in a row, all from one, or anything before it.
enum class Shape { kChain, kFan, kAny };

std::string RandomScope(Dice& dice, const std::string& prefix, uint64_t most, int depth) {
  const uint64_t count = 1 + dice.Roll(most);
  const Shape shape = static_cast<Shape>(dice.Roll(3));
  std::string text, edges;
  std::vector<std::string> lines;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string id = prefix + "n" + std::to_string(i);
    std::set<std::string> sources;
    auto follow = [&](uint64_t from) {
      sources.insert(from == 0 ? "start"
                               : prefix + "n" + std::to_string(from - 1) +
                                     RandomPort(dice, lines[from - 1]));
    };
    if (shape == Shape::kChain) {
      follow(i);
    } else if (shape == Shape::kFan && i + 1 == count && count > 2) {
      for (uint64_t from = 2; from <= i; ++from) follow(from);
    } else if (shape == Shape::kFan) {
      follow(i == 0 ? 0 : 1);
    } else {
      for (uint64_t left = 1 + dice.Roll(3); left > 0; --left) follow(dice.Roll(i + 1));
    }
    lines.push_back(RandomNode(dice, id, sources.size(), depth));
    text += lines.back();
    if (IsContainer(lines.back())) text += RandomScope(dice, id + ".", 3, depth + 1);
    for (const std::string& source : sources) edges += "edge " + source + " -> " + id + "\n";
  }
  return text + edges;
}

}  // namespace

std::string RandomGraph(Dice& dice) {
  std::string text = dice.Chance(0.25) ? (dice.Chance(0.5) ? "timeout 2m\n" : "timeout 8s\n") : "";
  if (dice.Chance(0.5)) text += "outputs {\"x\": \"=inputs.x\", \"o\": \"=?nodes.n0.output\"}\n";
  return text + RandomScope(dice, "", 8, 0);
}

}  // namespace agentflow::sim
