#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/cel.h"
#include "libs/schema/schema.h"
#include "libs/workflow/completion.h"
#include "libs/workflow/graph.h"
#include "libs/workflow/plan.h"
#include "libs/workflow/reporter.h"

// Checks and compiles the expressions of a document. Internal to the analyzer.
namespace agentflow::workflow {

// Where an expression stands, and so what it may read.
struct Site {
  ScopeIndex scope = 0;
  NodeIndex reader = kNone;  // kNone: the end of the scope (outputs, a container's output)
  std::string node;          // path for problems
};

class ExpressionCompiler {
 public:
  ExpressionCompiler(const Graph& graph, const schema::Schema& inputs,
                     std::vector<std::string> connections, const cel::TimeZones* time_zones,
                     Reporter& reporter);

  // A field that is an expression whatever it begins with. `mark`: columns before the expression
  // inside the text (1 after a `=`).
  Expression CompileText(std::string_view text, const std::string& pointer, const Site& site,
                         std::optional<cel::Type> expected = std::nullopt, int mark = 0);

  // A field whose text may be an expression; `schema` says which parts always or never are.
  // `within` is the pointer inside the schema's instance.
  Template CompileTemplate(const json::Value& value, const std::string& pointer, const Site& site,
                           const schema::Schema* schema = nullptr, const std::string& within = "");

  // What the value of a template made here is known to be.
  schema::Type TypeOf(const Template& value) const;
  // What the node gives, for expressions compiled afterwards; else its node type says.
  void SetOutputType(NodeIndex node, schema::Type type);

  // Reports the references whose node may not have completed. Call once, at the end.
  void ReportMissing();

 private:
  struct Scratch;  // of one expression
  struct Question {
    CompletionQuestion question;
    std::string node;
    std::string pointer;
    Position position;
    std::string written;   // "nodes.pay.output"
    std::string optional;  // "nodes.?pay.output"
  };

  Position PositionOf(const cel::Position& at, const std::string& pointer, int mark) const;
  void Declare(Scratch& scratch) const;
  void DeclareContainers(Scratch& scratch) const;
  void ReadReference(const cel::Reference& reference, Scratch& scratch);
  void ReadNode(const cel::Reference& reference, Scratch& scratch);
  void Ask(const cel::Reference& reference, NodeIndex node, bool failed, Scratch& scratch);
  void ReportIssue(const cel::Issue& issue, const Scratch& scratch);
  // The node's type of output as far as it is known.
  schema::Type OutputType(NodeIndex node) const;

  const Graph& graph_;
  const schema::Schema& inputs_;
  std::vector<std::string> connections_;
  Reporter& reporter_;
  const cel::TimeZones* time_zones_;
  std::vector<Question> questions_;
  std::map<const Program*, schema::Type> types_;  // of compiled expressions
  std::map<NodeIndex, schema::Type> output_types_;
};

// "/nodes/pay/with/body" -> "nodes.pay.with.body"
std::string FieldName(std::string_view pointer);

}  // namespace agentflow::workflow
