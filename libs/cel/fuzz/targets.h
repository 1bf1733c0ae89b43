#pragma once

#include <string_view>

// What is fuzzed: each takes any bytes and ends the process when a promise is broken.
namespace agentflow::cel {

// Parsing and completion end, and every issue has a place in the text.
void FuzzParse(std::string_view input);
// Checking against known types ends, and says the same again.
void FuzzCheck(std::string_view input);
// Evaluation on sample data ends within its limits, gives the same twice, and a value of the type
// that the checker deduced. The first byte says whether the text is checked before (1), and how
// much the evaluation may cost (2) and make (4).
void FuzzEvaluate(std::string_view input);

}  // namespace agentflow::cel
