#pragma once

#include <string>

#include "tests/sim/dice.h"

namespace agentflow::sim {

// A random workflow as text for libs/engine/testing/plan_text.h: chains, diamonds, joins, maps,
// loops, retries, timeouts, error edges, waits. Every one ends if its tasks are answered, within
// minutes.
// `whole`: also children, of workflow "child", and keys.
std::string RandomGraph(Dice& dice, bool whole);

}  // namespace agentflow::sim
