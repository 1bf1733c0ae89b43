#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/json/value.h"

namespace agentflow::cli {

enum class Format { kTable, kJson, kYaml };

// A column of a table: its heading and the JSON Pointer of its value.
struct Column {
  std::string heading;
  std::string pointer;
};

// YAML 1.2 in block style; texts with line breaks as literal blocks.
std::string ToYaml(const json::Value& value);

// Columns padded to their widest value; no trailing blanks.
std::string ToTable(const json::Array& rows, const std::vector<Column>& columns);

// One value, or rows, in the chosen format, with a newline at the end.
std::string Render(Format format, const json::Value& value, const std::vector<Column>& columns);

// Text for a table's cell: times without fractions, lists of texts with commas, other lists and
// objects as compact JSON.
std::string Cell(const json::Value* value);

// Whether standard error is a terminal that colours are wanted on (NO_COLOR is honoured).
bool UseColor();
// The state with its sign and colour: "✓ COMPLETED".
std::string StateText(std::string_view state);

}  // namespace agentflow::cli
