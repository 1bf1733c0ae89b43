#pragma once

#include <string>

#include "libs/cel/functions.h"

namespace agentflow::cel {

// The functions and macros as Markdown tables, one for each group: what docs/expressions.md shows.
std::string FunctionTables(const Functions& functions);

}  // namespace agentflow::cel
