#pragma once

#include "libs/engine/engine.h"
#include "tests/sim/world.h"

// Bugs of World::settings that spoil what the engine is asked or decides.
namespace agentflow::sim {

engine::Command WithBugs(World& world, engine::Command command);
void AddBugs(World& world, engine::ExecutionState& state, const engine::Command& command,
             engine::Decision* decision);

}  // namespace agentflow::sim
