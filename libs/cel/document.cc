#include "libs/cel/document.h"

#include <string_view>
#include <vector>

#include "libs/cel/macros.h"

namespace agentflow::cel {
namespace {

// A pipe ends a cell, also within code.
std::string Cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string Row(const std::string& signatures, std::string_view documentation,
                std::string_view example) {
  std::string row = "| " + signatures + " | " + Cell(documentation) + " | ";
  if (!example.empty()) row += "`" + Cell(example) + "` ";
  return row + "|\n";
}

constexpr std::string_view kHead = "\n| signature | what it gives | example |\n|---|---|---|\n";

}  // namespace

std::string FunctionTables(const Functions& functions) {
  std::string text = "### Macros\n" + std::string(kHead);
  for (const MacroDoc& macro : MacroDocs()) {
    text += Row("`" + std::string(macro.signature) + "`", macro.documentation, macro.example);
  }
  std::vector<std::string> groups;
  for (const Function* function : functions.all()) {
    bool known = false;
    for (const std::string& group : groups) known |= group == function->group;
    if (!known) groups.push_back(function->group);
  }
  for (const std::string& group : groups) {
    text += "\n### " + group + "\n" + std::string(kHead);
    for (const Function* function : functions.all()) {
      if (function->group != group) continue;
      std::string signatures;
      for (const Overload& overload : function->overloads) {
        signatures += (signatures.empty() ? "`" : "<br>`") + Cell(overload.signature) + "`";
      }
      text += Row(signatures, function->documentation, function->example);
    }
  }
  return text;
}

}  // namespace agentflow::cel
