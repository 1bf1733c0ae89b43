#pragma once

#include <map>
#include <optional>
#include <set>
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

// One thing wrong with an expression, by its place in the expression's own text.
struct ExpressionIssue {
  Severity severity = Severity::kError;
  std::string reason;      // as of Problem
  std::string message;     // what is wrong and the way out
  std::string suggestion;  // what to write in place of begin..end; empty where unknown
  cel::Position begin;
  cel::Position end;
};

// Where an expression stands, and so what it may read.
struct Site {
  ScopeIndex scope = 0;
  NodeIndex reader = kNone;  // kNone: the end of the scope (outputs, a container's output)
  std::string node;          // path for problems
  bool start = false;        // before the execution begins: no node can be read
  bool signal = false;       // there is a signal to look at
  bool error = false;        // there is a failure to look at
  NodeIndex loop = kNone;    // a flow.loop's condition before each round: what it may read of it
};

// Of a field of a node's `with`; its schema says by x-place where it is evaluated.
Site SiteOfField(const Graph& graph, NodeIndex node, const std::string& field);

class ExpressionCompiler {
 public:
  ExpressionCompiler(const Graph& graph, const schema::Schema& inputs,
                     std::vector<std::string> connections, const cel::TimeZones* time_zones,
                     Reporter& reporter);

  // From now on issues go to `issues`, which must outlive this, instead of the reporter. With
  // `any_node` an expression may read every node it sees, also by a computed name: for a run that
  // is there to be looked at, where a value is missing or is not.
  void CollectIssues(std::vector<ExpressionIssue>* issues, bool any_node);

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
  // The type deduced for an expression made here; dyn where it has no program.
  cel::Type TypeOf(const Expression& expression) const;
  // Everything that an expression may read at `site`, for completions. A node that may not have
  // completed by then is an optional property of `nodes`; its description says why.
  cel::Environment EnvironmentOf(const Site& site) const;
  // What the node gives, for expressions compiled afterwards; else its node type says.
  void SetOutputType(NodeIndex node, schema::Type type);
  // All that were set, to be known to another compiler of the same graph.
  const std::map<NodeIndex, schema::Type>& output_types() const { return output_types_; }
  void SetOutputTypes(std::map<NodeIndex, schema::Type> types) { output_types_ = std::move(types); }

  // Reports the references whose node may not have completed. Call once, at the end.
  void ReportMissing();

 private:
  struct Scratch;  // of one expression
  struct Question {
    CompletionQuestion question;
    std::string node;
    std::string pointer;
    Position position;    // in the document
    cel::Position begin;  // in the expression
    cel::Position end;
    std::string written;   // "nodes.pay.output"
    std::string optional;  // "nodes.?pay.output"
  };

  Position PositionOf(const cel::Position& at, const std::string& pointer, int mark) const;
  void Declare(Scratch& scratch) const;
  void DeclareContainers(Scratch& scratch) const;
  void ReadReference(const cel::Reference& reference, Scratch& scratch);
  void ReadNode(const cel::Reference& reference, Scratch& scratch);
  void ReadAllNodes(Scratch& scratch);
  void ReportUnknownNode(const cel::Reference& reference, const Scratch& scratch);
  CompletionQuestion QuestionOf(const Site& site, NodeIndex node, bool failed) const;
  void Ask(const cel::Reference& reference, NodeIndex node, bool failed, Scratch& scratch);
  void ExplainUnknown(const cel::Reference& reference, const Scratch& scratch,
                      ExpressionIssue& issue) const;
  void ReportIssue(const cel::Issue& issue, const Scratch& scratch);
  bool RefuseText(std::string_view text, const Scratch& scratch);
  // `intro` goes before the message where it is read without the expression beside it.
  void Report(ExpressionIssue issue, const Scratch& scratch, std::string_view intro = "");
  cel::Type NodesType(const Scratch& scratch) const;
  std::set<NodeIndex> LaterThan(const Site& site) const;
  std::vector<schema::Property> NodesSeenFrom(const Site& site) const;
  // The node's type of output as far as it is known.
  schema::Type OutputType(NodeIndex node) const;

  const Graph& graph_;
  const schema::Schema& inputs_;
  std::vector<std::string> connections_;
  Reporter& reporter_;
  const cel::TimeZones* time_zones_;
  std::vector<ExpressionIssue>* issues_ = nullptr;
  bool any_node_ = false;
  std::vector<Question> questions_;
  std::map<const Program*, cel::Type> types_;  // of compiled expressions
  std::map<NodeIndex, schema::Type> output_types_;
};

// "/nodes/pay/with/body" -> "nodes.pay.with.body"
std::string FieldName(std::string_view pointer);

}  // namespace agentflow::workflow
