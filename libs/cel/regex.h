#pragma once

#include <memory>
#include <string_view>

#include "libs/cel/context.h"
#include "re2/re2.h"

namespace agentflow::cel {

// A compiled pattern within the size limits of expressions; null for what is no pattern, and where
// `cost` does not allow for it. Takes from `cost` what it took to compile.
std::unique_ptr<RE2> CompileRegex(std::string_view pattern, int64_t& cost);

// Whether some part of `text` fits. Compiling is charged too; the planner compiles constant
// patterns once, as many as its budget allows, and then calls the second form.
Value MatchRegex(Context& context, std::string_view text, std::string_view pattern);
Value MatchRegex(Context& context, std::string_view text, const RE2& pattern);

}  // namespace agentflow::cel
