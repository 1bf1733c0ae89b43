#pragma once

#include <string>
#include <vector>

#include "libs/json/value.h"

// Texts and data made to take long or much, for the tests, which want a clear end, and for the
// benchmark, which tells how long it takes to get there.
namespace agentflow::cel {

struct HostileInput {
  std::string name;
  std::string text;
  json::Value variables;  // an object
  // "ok", the reason of the failure ("EXPRESSION_LIMIT"), or the first issue's message.
  std::string outcome;
};

std::vector<HostileInput> HostileInputs();

// What compiling and evaluating it within the default limits comes to, as `outcome` says it.
std::string RunHostile(const HostileInput& input);

}  // namespace agentflow::cel
