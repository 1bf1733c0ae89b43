#pragma once

#include <string_view>
#include <vector>

#include "libs/cel/functions.h"

namespace agentflow::cel {

// The signatures of an operator; null for what is none.
const std::vector<Overload>* OperatorOverloads(std::string_view name);

}  // namespace agentflow::cel
