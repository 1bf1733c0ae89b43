#pragma once

#include "libs/json/value.h"
#include "libs/schema/schema.h"
#include "libs/workflow/node_type.h"

namespace agentflow::workflow {

// The shape of a document, whatever its node types: what Analyze() checks first.
const schema::Schema& DocumentSchema();

// The same with the configuration of each node type: docs/workflow.schema.json, for editors.
json::Value PublishedSchema(const NodeTypes& types);

}  // namespace agentflow::workflow
