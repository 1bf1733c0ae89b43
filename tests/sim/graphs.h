#pragma once

#include <map>
#include <string>

#include "libs/json/value.h"
#include "tests/sim/dice.h"

namespace agentflow::sim {

// A random workflow as text for libs/engine/testing/plan_text.h: chains, diamonds, joins, maps,
// loops, retries, timeouts, error edges, waits. Every one ends if its tasks are answered, within
// minutes.
// `whole`: also children, of workflow "child", and keys.
std::string RandomGraph(Dice& dice, bool whole);

// A value at the edges of what JSON can say, within the limit of one value.
json::Value OddValue(Dice& dice);

// Another version of a workflow, to which its executions may be moved.
struct Version {
  std::string text;
  std::map<std::string, std::string> mapping;  // old path -> new path
};
Version NextVersion(Dice& dice, const std::string& text);

}  // namespace agentflow::sim
