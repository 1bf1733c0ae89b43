#include "tests/sim/graphs.h"

#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace agentflow::sim {
namespace {

const std::vector<std::string> kPure = {
    "noop",
    "transform value={\"x\":\"=inputs.x\"}",
    "transform value=\"=inputs.x\"",
    "transform value=\"=boom\" onError=continue",
    "if when=\"inputs.x > 10\"",
    "switch case.p=\"inputs.x > 10\" case.q=\"inputs.x == 3\" default=r",
    "switch all case.p=\"inputs.x > 10\" case.q=\"inputs.x > 5\" default=r",
    "transform value=\"=boom\" onError=pause",
    "noop checkpoint",
    "transform value=\"=inputs.x\" checkpoint",
};
const std::vector<std::string> kWaits = {
    "wait duration=200ms",
    "wait duration=2s",
    "wait duration=20s",
    "wait duration=0",
    "signal name=a",
    "signal name=a filter=\"signal == 3\" scheduleToClose=20s onError=continue",
    "approval within=20s",
    "await condition=\"inputs.x > 5\" onError=continue scheduleToClose=10s",
    "await condition=\"?nodes.n0.output != 7\" onError=continue scheduleToClose=30s",
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
    "task onError=pause",
    "task onError=compensate",
    "task attempts=2 initial=1s onExhausted=pause exceptIf=\"error.reason == 7\"",
    "task gate gate.when=\"inputs.x > 5\" gate.within=20s gate.then=approve attempts=2",
};
const std::vector<std::string> kContainers = {
    "map items=[1,2,3] concurrency=2",
    "map items=[1,2,3,4] tolerated=0.5 output=\"=item\"",
    "map items=[1,2,3,4,5,6]",
    "map items=[] onError=continue",
    "loop until_=\"iteration > 1\" output=\"=iteration\"",
    "loop while=\"inputs.x > 10\" maxIterations=2 onError=continue",
    "transaction output=1",
    "transaction onError=pause",
    "transaction onError=continue",
    "map items=[1,2,3] concurrency=2 onError=compensate",
    "map items=[1,2,3,4,5] inOrder tolerated=0.5 concurrency=4",
};
const std::vector<std::string> kChildren = {
    "child workflow=child attempts=2 initial=200ms input={\"x\":\"=inputs.x\"}",
    "child workflow=child input={\"x\":3} onError=continue",
    "child workflow=child detach input={\"x\":12} onError=continue scheduleToClose=20s",
};
// With keys that nothing inside of them asks for again: who holds one and wants another may wait
// for ever.
const std::vector<std::string> kKeyed = {
    "critical critical=\"k1\" limit=1",
    "critical critical=\"k2\" limit=2 output=1",
    "critical critical=\"k1\" limit=1 scheduleToClose=10s onError=continue",
};
const std::vector<std::string> kCompensations = {
    "task attempts=2 initial=200ms input=\"=step.output\"",
    "task onError=pause",
    "noop",
    "wait duration=500ms",
    "noop checkpoint",
};

bool IsContainer(const std::string& line) {
  return line.find(" map ") != std::string::npos || line.find(" loop ") != std::string::npos ||
         line.find(" transaction ") != std::string::npos ||
         line.find(" critical ") != std::string::npos;
}

std::string RandomNode(Dice& dice, const std::string& id, size_t in_edges, int depth, bool whole) {
  std::string line = "node " + id + " ";
  const uint64_t kind = dice.Roll(100);
  if (depth == 0 && whole && kind < 4) {
    line += dice.Pick(kKeyed);
  } else if (depth < 2 && kind < 12) {
    line += dice.Pick(kContainers);
  } else if (kind < 55) {
    line += dice.Pick(whole && kind < 18 ? kChildren : kTasks);
  } else if (kind < 68) {
    line += dice.Pick(kWaits);
  } else if (kind < 69) {
    line += "fail reason=BAD";
  } else if (kind < 70) {
    line += "fail reason=BAD onError=compensate";
  } else if (kind < 71) {
    line += "end output=\"=inputs.x\"";
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

std::string RandomScope(Dice& dice, const std::string& prefix, uint64_t most, int depth,
                        bool whole) {
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
    lines.push_back(RandomNode(dice, id, sources.size(), depth, whole));
    if (i > 0 && dice.Chance(0.03)) {
      lines.back() = absl::StrCat("node ", id, " cancel nodes=", prefix, "n", dice.Roll(i), "\n");
    }
    if (dice.Chance(0.25)) {
      lines.back().insert(lines.back().size() - 1, " compensate=" + id + "_undo");
      text += "node " + id + "_undo " + dice.Pick(kCompensations) + " compensation\n";
    }
    text += lines.back();
    if (IsContainer(lines.back())) text += RandomScope(dice, id + ".", 3, depth + 1, whole);
    for (const std::string& source : sources) edges += "edge " + source + " -> " + id + "\n";
  }
  return text + edges;
}

}  // namespace

json::Value OddValue(Dice& dice) {
  switch (dice.Roll(9)) {
    case 0:
      return json::Value();
    case 1:
      return json::Value(std::string("\0 zero", 6));
    case 2:
      return json::Value(int64_t{9'007'199'254'740'993});
    case 3:
      return json::Value(-0.0);
    case 4:
      return json::Value(1e308);
    case 5:
      return json::Object{{"", json::Object{{"\xF0\x9F\x98\x80\"\\", json::Array()}}}};
    case 6: {
      json::Value deep;
      for (int i = 0; i < 20; ++i) deep = json::Array{deep};
      return deep;
    }
    case 7:
      return json::Array(200, json::Value(false));
    default:
      return json::Value(std::string(4000, 'x'));
  }
}

Version NextVersion(Dice& dice, const std::string& text) {
  const std::string more = "node extra noop\nedge start -> extra\n";
  if (dice.Chance(0.5)) return {.text = text + more};
  // Every node n1 is m1 now.
  auto renamed = [](const std::string& old) {
    static const std::regex kNode(R"(\bn(\d))");
    return std::regex_replace(old, kNode, "m$1");
  };
  Version version{.text = renamed(text)};
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("node ")) continue;
    const std::string path = line.substr(5, line.find(' ', 5) - 5);
    version.mapping[path] = renamed(path);
  }
  if (dice.Chance(0.5)) version.text += more;
  return version;
}

std::string RandomGraph(Dice& dice, bool whole) {
  std::string text = dice.Chance(0.25) ? (dice.Chance(0.5) ? "timeout 2m\n" : "timeout 8s\n") : "";
  if (whole && dice.Chance(0.2)) text += "concurrency inputs.key\n";
  if (dice.Chance(0.2)) text += absl::StrCat("maxInFlight ", dice.Between(1, 3), "\n");
  if (dice.Chance(0.5)) text += "outputs {\"x\": \"=inputs.x\", \"o\": \"=?nodes.n0.output\"}\n";
  return text + RandomScope(dice, "", whole ? 8 : 4, 0, whole);
}

}  // namespace agentflow::sim
