#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The small grammars of the document: ids, edges, and which text is an expression.
namespace agentflow::workflow {

inline constexpr std::string_view kStartId = "start";  // the reserved source of each graph
inline constexpr std::string_view kOutPortId = "out";  // where an edge leaves when it says nothing
inline constexpr std::string_view kInPortId = "in";    // the only in-port of today's node types
inline constexpr std::string_view kErrorPortId = "error";  // every node has it: taken on failure

// Node, port, connection and output ids: [a-z][a-z0-9_]{0,62}.
bool IsSlug(std::string_view text);
// Ids of workflows and agents: [a-z][a-z0-9-]{0,62}.
bool IsResourceId(std::string_view text);
// Words that CEL keeps for itself; a node of that name could not be referred to.
bool IsCelKeyword(std::string_view text);
// The nearest slug: "Pay Customer" -> "pay_customer"; "node" where nothing is left.
std::string SlugFrom(std::string_view text);

// "source[.port] -> target[.port]", and "source.error[REASON,TIME*] -> target": only for failures
// with one of these reasons.
struct EdgeText {
  std::string source;
  std::string source_port = std::string(kOutPortId);
  std::string target;
  std::string target_port = std::string(kInPortId);
  std::vector<std::string> reasons;
};
std::optional<EdgeText> ParseEdge(std::string_view text);
// Without the ports that are understood anyway.
std::string FormatEdge(const EdgeText& edge);

// Text in a field that is not an expression by its schema: `=a + b` is the expression "a + b",
// `==x` the text "=x", all else stands for itself.
struct FieldText {
  bool is_expression = false;
  std::string_view expression;  // without the mark
  std::string_view literal;     // without the escape
};
FieldText ReadFieldText(std::string_view text);

// The candidate closest to `name` when it is close enough to be meant, else "".
std::string Closest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace agentflow::workflow
