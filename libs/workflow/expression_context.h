#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/cel/complete.h"
#include "libs/workflow/document_parts.h"
#include "libs/workflow/program.h"

// Questions about one expression at one place of a document, as editors ask them and as a finished
// execution answers them: what is wrong with it, what may be written, what it would read. The
// document is read once and may hold any number of problems.
namespace agentflow::workflow {

// Where an expression stands.
struct ExpressionPlace {
  Site site;
  std::string pointer;                // of the field; empty: some expression of the node
  std::optional<cel::Type> expected;  // a condition is bool, a key a string
};

struct CheckedExpression {
  std::vector<ExpressionIssue> issues;        // in the order of the text
  cel::Type type;                             // dyn where an issue is an error
  std::vector<Reference> references;          // what the program reads, by slot
  std::shared_ptr<const CelProgram> program;  // null where an issue is an error
};

struct SeenVariable {
  std::string name;  // "nodes.classify.output"
  cel::Type type;
  std::string description;
  bool may_be_missing = false;  // when the place is reached
};

// Immutable, thread-safe. Positions count bytes of the expression.
class ExpressionContext {
 public:
  // What is asked for in the name of a document that runs: the places of a document are held to
  // what is certain, those of an execution read whatever there is.
  enum class Rigor { kDocument, kExecution };

  // Near linear in the document. `time_zones` may be null and must outlive this. Errors:
  // INVALID_ARGUMENT, reason NODE_LIMIT or EDGE_LIMIT, or DOCUMENT_KIND_UNKNOWN where it is no
  // object.
  static absl::StatusOr<std::shared_ptr<const ExpressionContext>> Of(
      const json::Value& document, const cel::TimeZones* time_zones,
      const NodeTypes& types = NodeTypes::Published());

  // The place of a field: a JSON Pointer ("/nodes/pay/with/url") or the same with dots
  // ("nodes.pay.with.url"). The field itself need not be there; "nodes.pay" is some expression of
  // that node, "" and "outputs" the end of the execution. Errors: INVALID_ARGUMENT, reason
  // PLACE_UNKNOWN (no such node) or PLACE_INVALID (never an expression).
  absl::StatusOr<ExpressionPlace> FindPlace(std::string_view field) const;
  // The same for a node's path: "outer.inner".
  absl::StatusOr<ExpressionPlace> PlaceOfNode(std::string_view path) const;

  CheckedExpression Check(std::string_view text, const ExpressionPlace& place, Rigor rigor) const;
  // The text may be unfinished.
  cel::Completions Complete(std::string_view text, uint32_t offset, const ExpressionPlace& place,
                            Rigor rigor) const;
  std::vector<SeenVariable> Variables(const ExpressionPlace& place, Rigor rigor) const;

  // "outer.inner"; what a Reference's node index means.
  const std::string& PathOf(NodeIndex node) const { return parts_.graph.nodes[node].path; }

 private:
  ExpressionContext() = default;
  ExpressionCompiler Compiler(std::vector<ExpressionIssue>* issues, Rigor rigor,
                              Reporter& reporter) const;
  // Of `tokens`, which lie in the node `index`.
  absl::StatusOr<ExpressionPlace> PlaceInNode(NodeIndex index, std::string pointer,
                                              const std::vector<std::string>& tokens) const;

  DocumentParts parts_;
  std::map<NodeIndex, schema::Type> output_types_;
  const cel::TimeZones* time_zones_ = nullptr;
};

}  // namespace agentflow::workflow
