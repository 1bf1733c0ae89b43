#pragma once

#include "tests/sim/world.h"

namespace agentflow::sim {

// From here on a process that ends by a signal, as after a broken AF_CHECK, says which seed it was
// at and how to tell its story.
void PrepareLastWords(const Settings& settings);

}  // namespace agentflow::sim
