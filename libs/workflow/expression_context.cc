#include "libs/workflow/expression_context.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/workflow/analyze.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// The tokens of a JSON Pointer, or of the same with dots.
std::vector<std::string> Tokens(std::string_view field) {
  if (field.empty() || field[0] != '/') return Split(field, '.');
  std::vector<std::string> tokens = Split(field.substr(1), '/');
  for (std::string& token : tokens) {
    for (size_t at = token.find('~'); at != token.npos; at = token.find('~', at + 1)) {
      token.replace(at, 2, at + 1 < token.size() && token[at + 1] == '1' ? "/" : "~");
    }
  }
  return tokens;
}

std::string PointerOf(const std::vector<std::string>& tokens, size_t from = 0) {
  std::string pointer;
  for (size_t i = from; i < tokens.size(); ++i) {
    pointer += "/" + json::EscapePointerToken(tokens[i]);
  }
  return pointer;
}

absl::Status NeverAnExpression(const std::string& pointer) {
  return InvalidArgument("PLACE_INVALID", "place",
                         "`" + FieldName(pointer).substr(0, 200) +
                             "` is never an expression. Name a field of a node's `with`, a "
                             "condition or key of its `policy`, or an output.");
}

// Whether the field of a configuration is an expression, and of which type.
bool MayBeExpression(const NodeType& type, const std::string& pointer,
                     std::optional<cel::Type>& expected) {
  const json::Value* about = type.config.DescribesAt(pointer);
  const json::Value* rule = about == nullptr ? nullptr : about->Find("x-expression");
  if (rule == nullptr || !rule->is_bool()) return true;
  // What is always an expression is a condition.
  if (rule->as_bool()) expected = cel::Type(cel::Type::Kind::kBool);
  return rule->as_bool();
}

// The fields of a policy that are or may be expressions.
absl::StatusOr<ExpressionPlace> PlaceInPolicy(const std::string& field, ExpressionPlace place) {
  using Kind = cel::Type::Kind;
  if (field == "/approval/title" || field == "/approval/by") return place;
  if (field == "/idempotencyKey") {
    place.expected = cel::Type(Kind::kString);
  } else if (field == "/approval/when" || field == "/retry/exceptWhen") {
    place.expected = cel::Type(Kind::kBool);
    place.site.error = field == "/retry/exceptWhen";
  } else {
    return NeverAnExpression(place.pointer);
  }
  return place;
}

// What a program would read as nodes.<id>.output and .error.
void AddNodes(const schema::Type& nodes, std::vector<SeenVariable>& variables) {
  for (const schema::Property& node : nodes.properties()) {
    for (const schema::Property& member : node.type.properties()) {
      variables.push_back({"nodes." + node.name + "." + member.name,
                           cel::Type::FromSchema(member.type), node.description, !member.required});
    }
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ExpressionContext>> ExpressionContext::Of(
    const json::Value& document, const cel::TimeZones* time_zones, const NodeTypes& types) {
  if (!document.is_object()) {
    return InvalidArgument(
        "DOCUMENT_KIND_UNKNOWN", "document",
        "The document is no JSON object but " + std::string(json::KindName(document.kind())) + ".");
  }
  // What is wrong with the document is the business of those who validate it.
  const Positions nowhere;
  Reporter reporter(nowhere, 2);
  if (!WithinLimits(document, reporter)) {
    const Problem problem = reporter.Take().front();
    return InvalidArgument(problem.reason, "document", problem.message);
  }
  std::shared_ptr<ExpressionContext> context(new ExpressionContext());
  context->time_zones_ = time_zones;
  context->parts_ = ReadParts(document, types, reporter);
  ExpressionCompiler expressions(context->parts_.graph, context->parts_.inputs,
                                 context->parts_.connections, time_zones, reporter);
  CompileNodes(context->parts_, expressions, reporter);
  context->output_types_ = expressions.output_types();
  return context;
}

absl::StatusOr<ExpressionPlace> ExpressionContext::FindPlace(std::string_view field) const {
  std::vector<std::string> tokens = Tokens(field);
  if (tokens.empty()) return ExpressionPlace{.pointer = "/outputs"};
  std::string pointer = PointerOf(tokens);
  if (tokens[0] == "outputs") return ExpressionPlace{.pointer = std::move(pointer)};
  if (pointer == "/concurrency/key") {
    return ExpressionPlace{.site = {.start = true},
                           .pointer = std::move(pointer),
                           .expected = cel::Type(cel::Type::Kind::kString)};
  }
  const Graph& graph = parts_.graph;
  ScopeIndex scope = 0;
  size_t at = 0;
  while (at + 1 < tokens.size() && tokens[at] == "nodes" && scope != kNone) {
    const auto& ids = graph.scopes[scope].ids;
    auto found = ids.find(tokens[at + 1]);
    if (found == ids.end()) {
      std::vector<std::string> names;
      for (const auto& [id, index] : ids) names.push_back(id);
      std::sort(names.begin(), names.end());
      std::string suggestion = Closest(tokens[at + 1], names);
      return InvalidArgument(
          "PLACE_UNKNOWN", "place",
          "The document has no node `" + tokens[at + 1].substr(0, 100) + "` there" +
              (suggestion.empty() ? ". Correct the id, or add the node." : DidYouMean(suggestion)));
    }
    const GraphNode& node = graph.nodes[found->second];
    at += 2;
    if (at == tokens.size() || tokens[at] != "nodes") {
      tokens.erase(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(at));
      return PlaceInNode(found->second, std::move(pointer), tokens);
    }
    scope = node.body;
  }
  return NeverAnExpression(pointer);
}

absl::StatusOr<ExpressionPlace> ExpressionContext::PlaceOfNode(std::string_view path) const {
  std::vector<std::string> tokens;
  for (std::string& id : Split(path, '.')) {
    tokens.emplace_back("nodes");
    tokens.push_back(std::move(id));
  }
  return FindPlace(PointerOf(tokens));
}

absl::StatusOr<ExpressionPlace> ExpressionContext::PlaceInNode(
    NodeIndex index, std::string pointer, const std::vector<std::string>& tokens) const {
  const GraphNode& node = parts_.graph.nodes[index];
  ExpressionPlace place{.site = {.scope = node.scope, .reader = index, .node = node.path},
                        .pointer = ""};
  if (tokens.empty()) return place;
  const std::string within = PointerOf(tokens, 1);
  place.pointer = std::move(pointer);
  if (tokens[0] == "policy") return PlaceInPolicy(within, std::move(place));
  bool field = tokens[0] == "with" && tokens.size() > 1;
  if (!field || (node.type != nullptr && !MayBeExpression(*node.type, within, place.expected))) {
    return NeverAnExpression(place.pointer);
  }
  place.site = SiteOfField(parts_.graph, index, tokens[1]);
  return place;
}

ExpressionCompiler ExpressionContext::Compiler(std::vector<ExpressionIssue>* issues, Rigor rigor,
                                               Reporter& reporter) const {
  ExpressionCompiler compiler(parts_.graph, parts_.inputs, parts_.connections, time_zones_,
                              reporter);
  compiler.CollectIssues(issues, rigor == Rigor::kExecution);
  compiler.SetOutputTypes(output_types_);
  return compiler;
}

CheckedExpression ExpressionContext::Check(std::string_view text, const ExpressionPlace& place,
                                           Rigor rigor) const {
  const Positions nowhere;
  Reporter reporter(nowhere, 0);
  CheckedExpression checked;
  ExpressionCompiler compiler = Compiler(&checked.issues, rigor, reporter);
  Expression expression = compiler.CompileText(text, place.pointer, place.site, place.expected);
  compiler.ReportMissing();
  std::stable_sort(checked.issues.begin(), checked.issues.end(),
                   [](const auto& a, const auto& b) { return a.begin.offset < b.begin.offset; });
  bool failed = std::any_of(checked.issues.begin(), checked.issues.end(),
                            [](const auto& issue) { return issue.severity == Severity::kError; });
  if (failed) return checked;
  checked.type = compiler.TypeOf(expression);
  checked.references = std::move(expression.references);
  checked.program = std::static_pointer_cast<const CelProgram>(expression.program);
  return checked;
}

cel::Completions ExpressionContext::Complete(std::string_view text, uint32_t offset,
                                             const ExpressionPlace& place, Rigor rigor) const {
  const Positions nowhere;
  Reporter reporter(nowhere, 0);
  std::vector<ExpressionIssue> issues;
  return cel::Complete(text, offset, Compiler(&issues, rigor, reporter).EnvironmentOf(place.site));
}

std::vector<SeenVariable> ExpressionContext::Variables(const ExpressionPlace& place,
                                                       Rigor rigor) const {
  const Positions nowhere;
  Reporter reporter(nowhere, 0);
  std::vector<ExpressionIssue> issues;
  cel::Environment environment = Compiler(&issues, rigor, reporter).EnvironmentOf(place.site);
  std::vector<SeenVariable> variables;
  for (const cel::Variable& variable : environment.variables()) {
    if (variable.name == "nodes") {
      AddNodes(variable.type.object(), variables);
    } else {
      variables.push_back({variable.name, variable.type, variable.description, false});
    }
  }
  return variables;
}

}  // namespace agentflow::workflow
