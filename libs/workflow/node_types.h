#pragma once

#include <string_view>
#include <vector>

#include "libs/workflow/node_type.h"

// The parts of the catalogue, a file each. Internal to node_type.cc.
namespace agentflow::workflow {

// A schema written in this build. REQUIRES: `text` is one.
schema::Schema SchemaOf(std::string_view text);

std::vector<NodeType> BranchTypes();     // choose a way
std::vector<NodeType> ContainerTypes();  // hold nodes and run them any number of times
std::vector<NodeType> ControlTypes();    // end or undo what runs
std::vector<NodeType> WaitTypes();       // wait for something outside
std::vector<NodeType> WorkTypes();       // make a value or have it made

}  // namespace agentflow::workflow
