#pragma once

#include <vector>

#include "libs/cel/ast.h"
#include "libs/cel/cel.h"

namespace agentflow::cel {

// What the expression reads of the environment's variables, in the order of the text.
std::vector<Reference> FindReferences(const Ast& ast, const Environment& environment);

// Warnings for fields that the schema does not require and the expression reads as if they were
// always there.
void WarnAboutMissing(const Ast& ast, const Environment& environment, Compiled& compiled);

}  // namespace agentflow::cel
