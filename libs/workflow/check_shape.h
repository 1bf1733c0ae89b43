#pragma once

#include <string>

#include "libs/json/value.h"
#include "libs/schema/schema.h"
#include "libs/workflow/graph.h"
#include "libs/workflow/reporter.h"

namespace agentflow::workflow {

// Unknown fields, wrong types, missing and malformed values of the document itself.
void CheckShape(const json::Value& document, Reporter& reporter);

// The same for a node's `with`, where an expression may stand for every value.
void CheckConfig(const GraphNode& node, Reporter& reporter);

}  // namespace agentflow::workflow
