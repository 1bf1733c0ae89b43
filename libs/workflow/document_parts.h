#pragma once

#include <string>
#include <vector>

#include "libs/json/value.h"
#include "libs/schema/schema.h"
#include "libs/workflow/expressions.h"
#include "libs/workflow/graph.h"
#include "libs/workflow/plan.h"

// What the expressions of a document depend on. Internal to the analyzer.
namespace agentflow::workflow {

struct DocumentParts {
  schema::Schema inputs;
  std::vector<std::string> connections;
  json::Value defaults = json::Object{};
  Graph graph;
};

// Reads what is there and reports what is wrong with it. REQUIRES: an object within the limits of
// WithinLimits.
DocumentParts ReadParts(const json::Value& document, const NodeTypes& types, Reporter& reporter);

// Compiles what the graph's nodes hold, and so finds what is wrong with it; sources first, so that
// a reader knows the type of what it reads.
std::vector<Node> CompileNodes(const DocumentParts& parts, ExpressionCompiler& expressions,
                               Reporter& reporter);

}  // namespace agentflow::workflow
