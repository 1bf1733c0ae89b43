#pragma once

#include <string_view>

#include "libs/cel/context.h"

namespace agentflow::cel {

// string.format(list): %s %d %f %e %b %o %x %X with an optional .precision, %% for itself.
// Numbers beside the language, as the strings extension of the reference implementation writes
// them (cel-go, ext/formatting.go).
Value FormatText(Context& context, std::string_view pattern, const Value& arguments);

}  // namespace agentflow::cel
