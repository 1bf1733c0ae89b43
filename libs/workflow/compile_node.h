#pragma once

#include "libs/workflow/expressions.h"
#include "libs/workflow/graph.h"
#include "libs/workflow/plan.h"

namespace agentflow::workflow {

// The engine's configuration of a node. Placeholders have none, but what they hold is checked.
NodeConfig CompileConfig(const Graph& graph, NodeIndex index, ExpressionCompiler& expressions);

// The node's policy over the document's defaults, which are for nodes that work outside.
Policy CompilePolicy(const Graph& graph, NodeIndex index, const json::Value& defaults,
                     ExpressionCompiler& expressions, Reporter& reporter);

}  // namespace agentflow::workflow
