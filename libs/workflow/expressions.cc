#include "libs/workflow/expressions.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/workflow/duration.h"
#include "libs/workflow/names.h"
#include "libs/workflow/program.h"
#include "libs/workflow/variables.h"

namespace agentflow::workflow {
namespace {

constexpr size_t kExplained = 200;
constexpr size_t kMaxTypeParts = 1000;

using Source = CelProgram::Source;

// The least that all containers of one kind around a scope offer.
NodeIndex InnermostContainer(const Graph& graph, ScopeIndex scope, NodeKind kind) {
  while (graph.scopes[scope].owner != kNone) {
    NodeIndex owner = graph.scopes[scope].owner;
    const NodeType* type = graph.nodes[owner].type;
    if (type == nullptr || type->kind == kind) return owner;  // a placeholder may be anything
    scope = graph.nodes[owner].scope;
  }
  return kNone;
}

schema::Type ErrorType() {
  return schema::Type::Object(
      {{"message", schema::Type::String(), true, ""}, {"reason", schema::Type::String(), true, ""}},
      /*open=*/true);
}

schema::Type TypeOfConstant(const json::Value& value) {
  switch (value.kind()) {
    case json::Value::Kind::kBool:
      return schema::Type::Bool();
    case json::Value::Kind::kInt:
      return schema::Type::Int();
    case json::Value::Kind::kDouble:
      return schema::Type::Number();
    case json::Value::Kind::kString:
      return schema::Type::String();
    case json::Value::Kind::kArray:
      return schema::Type::Array(schema::Type::Any());
    case json::Value::Kind::kNull:
      return schema::Type::Any();
    case json::Value::Kind::kObject:
      break;
  }
  std::vector<schema::Property> properties;
  for (const auto& [key, member] : value.as_object()) {
    properties.push_back({key, TypeOfConstant(member), true, ""});
  }
  return schema::Type::Object(std::move(properties), /*open=*/false);
}

// Whether a type has at most so many parts; counts `parts` down.
bool FitsInto(const schema::Type& type, size_t& parts) {
  if (parts == 0) return false;
  --parts;
  if (type.kind() == schema::Type::Kind::kArray) return FitsInto(type.items(), parts);
  if (type.kind() != schema::Type::Kind::kObject) return true;
  for (const schema::Property& property : type.properties()) {
    if (!FitsInto(property.type, parts)) return false;
  }
  return !type.open() || FitsInto(type.additional(), parts);
}

struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The names [first, last] of a reference's path as they stand in the text; where they are written
// in a way that is not found (escapes), the name of the variable.
Span SpanOf(std::string_view text, const cel::Reference& reference, size_t first, size_t last) {
  size_t at = reference.position.offset;
  Span span{static_cast<uint32_t>(at), static_cast<uint32_t>(at + reference.path[0].size())};
  Span found = span;
  for (size_t i = 0; i <= last; ++i) {
    size_t begin = text.find(reference.path[i], at);
    bool adjoins = begin != text.npos &&
                   text.substr(at, begin - at).find_first_not_of(" \t\r\n.?[]'\"`") == text.npos;
    if (!adjoins) return span;
    at = begin + reference.path[i].size();
    if (i == first) found.begin = static_cast<uint32_t>(begin);
    found.end = static_cast<uint32_t>(at);
  }
  return found;
}

std::string Written(const cel::Reference& reference) {
  std::string text;
  for (size_t i = 0; i < reference.path.size() && i < 3; ++i) {
    text += (i > 0 ? "." : "") + reference.path[i];
  }
  return text;
}

}  // namespace

std::string FieldName(std::string_view pointer) {
  std::string name;
  for (size_t i = 1; i < pointer.size(); ++i) {
    if (pointer[i] == '~' && i + 1 < pointer.size())
      name += pointer[++i] == '1' ? '/' : '~';
    else
      name += pointer[i] == '/' ? '.' : pointer[i];
  }
  return name;
}

Site SiteOfField(const Graph& graph, NodeIndex index, const std::string& field) {
  const GraphNode& node = graph.nodes[index];
  Site site{.scope = node.scope, .reader = index, .node = node.path};
  const json::Value* about =
      node.type == nullptr ? nullptr : node.type->config.DescribesAt("/" + field);
  std::string place = about == nullptr ? "" : about->StringOr("x-place");
  if (place == "signal") site.signal = true;
  if (place == "before") site.loop = index;
  if (place == "body") {
    site.reader = kNone;
    if (node.body != kNone) site.scope = node.body;
  }
  return site;
}

struct ExpressionCompiler::Scratch {
  const Site& site;
  const std::string& pointer;
  int mark = 0;
  std::string_view text;
  cel::Environment environment;
  std::vector<Source> sources;                            // by slot
  std::vector<Variable> variables;                        // by slot
  std::vector<std::pair<NodeIndex, std::string>> owners;  // by slot: container, connection
  std::map<std::string, CelProgram::NodeSource> nodes;
  std::vector<cel::Reference> unknown;  // reported already
  std::vector<Reference> references;

  void Add(std::string name, cel::Type type, Variable variable, Source source = {},
           NodeIndex owner = kNone, std::string connection = "") {
    environment.Declare(std::move(name), std::move(type));
    sources.push_back(source);
    variables.push_back(variable);
    owners.emplace_back(owner, std::move(connection));
  }

  int Refer(Variable variable, NodeIndex node, const std::string& name) {
    for (size_t i = 0; i < references.size(); ++i) {
      const Reference& known = references[i];
      if (known.variable == variable && known.node == node && known.name == name) {
        return static_cast<int>(i);
      }
    }
    references.push_back({variable, node, name});
    return static_cast<int>(references.size()) - 1;
  }
};

ExpressionCompiler::ExpressionCompiler(const Graph& graph, const schema::Schema& inputs,
                                       std::vector<std::string> connections,
                                       const cel::TimeZones* time_zones, Reporter& reporter)
    : graph_(graph),
      inputs_(inputs),
      connections_(std::move(connections)),
      reporter_(reporter),
      time_zones_(time_zones) {}

void ExpressionCompiler::CollectIssues(std::vector<ExpressionIssue>* issues, bool any_node) {
  issues_ = issues;
  any_node_ = any_node;
}

void ExpressionCompiler::Report(ExpressionIssue issue, const Scratch& scratch,
                                std::string_view intro) {
  if (issues_ != nullptr) {
    issues_->push_back(std::move(issue));
    return;
  }
  reporter_.Add(issue.severity, issue.reason, scratch.site.node, scratch.pointer,
                PositionOf(issue.begin, scratch.pointer, scratch.mark),
                std::string(intro) + issue.message);
}

Position ExpressionCompiler::PositionOf(const cel::Position& at, const std::string& pointer,
                                        int mark) const {
  Position content = reporter_.positions().FindContent(pointer);
  if (content.line == 0 || at.line != 1) return reporter_.positions().Find(pointer);
  content.column += mark + static_cast<int>(at.column) - 1;
  return content;
}

schema::Type ExpressionCompiler::OutputType(NodeIndex node) const {
  if (auto it = output_types_.find(node); it != output_types_.end()) return it->second;
  const NodeType* type = graph_.nodes[node].type;
  return type == nullptr ? schema::Type::Any() : type->output.type();
}

void ExpressionCompiler::SetOutputType(NodeIndex node, schema::Type type) {
  // Each step may hold the type before it twice; beyond a bound nothing is known.
  size_t parts = kMaxTypeParts;
  output_types_[node] = FitsInto(type, parts) ? std::move(type) : schema::Type::Any();
}

schema::Type ExpressionCompiler::TypeOf(const Template& value) const {
  switch (value.kind) {
    case Template::Kind::kConstant:
      return TypeOfConstant(value.constant);
    case Template::Kind::kExpression: {
      return TypeOf(value.expression).ToSchema();
    }
    case Template::Kind::kArray:
      return schema::Type::Array(schema::Type::Any());
    case Template::Kind::kObject:
      break;
  }
  std::vector<schema::Property> properties;
  for (size_t i = 0; i < value.items.size(); ++i) {
    properties.push_back({value.keys[i], TypeOf(value.items[i]), true, ""});
  }
  return schema::Type::Object(std::move(properties), /*open=*/false);
}

cel::Type ExpressionCompiler::TypeOf(const Expression& expression) const {
  auto it = types_.find(expression.program.get());
  return it == types_.end() ? cel::Type() : it->second;
}

// Everything but `nodes`, whose type is made of what the expression mentions.
void ExpressionCompiler::Declare(Scratch& scratch) const {
  using Kind = cel::Type::Kind;
  cel::Type text(Kind::kString);
  cel::Type dyn(Kind::kDyn);
  scratch.Add("inputs", cel::Type::FromSchema(inputs_.type()), Variable::kInputs,
              {.null_when_missing = true});
  scratch.Add("execution.id", text, Variable::kExecutionId);
  scratch.Add("execution.startTime", cel::Type(Kind::kTimestamp), Variable::kExecutionStartTime,
              {.kind = Source::Kind::kTimestamp});
  scratch.Add("execution.labels", cel::Type::Map(text, text), Variable::kExecutionLabels);
  scratch.Add("execution.mode", text, Variable::kExecutionMode);
  for (const std::string& name : connections_) {
    scratch.Add("connections." + name, cel::Type::Map(text, dyn), Variable::kConnection, {}, kNone,
                name);
  }
  DeclareContainers(scratch);
  NodeIndex reader = scratch.site.reader;
  if (reader != kNone && !graph_.nodes[reader].compensates.empty()) {
    NodeIndex undone = graph_.nodes[reader].compensates[0];
    scratch.Add("step.output", dyn, Variable::kStepOutput, {.null_when_missing = true}, undone);
    scratch.Add("step.input", dyn, Variable::kStepInput, {.null_when_missing = true}, undone);
  }
  if (scratch.site.error) {
    scratch.Add("error", cel::Type::FromSchema(ErrorType()), Variable::kFailure);
  }
}

void ExpressionCompiler::DeclareContainers(Scratch& scratch) const {
  NodeIndex map = InnermostContainer(graph_, scratch.site.scope, NodeKind::kMap);
  if (map != kNone) {
    scratch.Add("item", cel::Type(cel::Type::Kind::kDyn), Variable::kItem, {}, map);
    scratch.Add("index", cel::Type(cel::Type::Kind::kInt), Variable::kIndex, {}, map);
  }
  if (scratch.site.signal) {
    scratch.Add("signal", cel::Type(cel::Type::Kind::kDyn), Variable::kSignal,
                {.null_when_missing = true});
  }
  NodeIndex loop = scratch.site.loop;
  if (loop == kNone) loop = InnermostContainer(graph_, scratch.site.scope, NodeKind::kLoop);
  if (loop != kNone) {
    scratch.Add("iteration", cel::Type(cel::Type::Kind::kInt), Variable::kIteration, {}, loop);
    scratch.Add("previous", cel::Type(cel::Type::Kind::kDyn), Variable::kItem,
                {.null_when_missing = true}, loop);
  }
}

CompletionQuestion ExpressionCompiler::QuestionOf(const Site& site, NodeIndex node,
                                                  bool failed) const {
  ScopeIndex home = graph_.nodes[node].scope;
  ScopeIndex scope = site.scope;
  NodeIndex reader = site.reader;
  while (scope != home) {  // a child waits for what its container waits for
    reader = graph_.scopes[scope].owner;
    scope = graph_.nodes[reader].scope;
  }
  return {home, reader, node, failed};
}

void ExpressionCompiler::Ask(const cel::Reference& reference, NodeIndex node, bool failed,
                             Scratch& scratch) {
  if (any_node_) return;
  const std::string& id = graph_.nodes[node].id;
  std::string member = failed ? "error" : "output";
  Span span = SpanOf(scratch.text, reference, 0, std::min<size_t>(reference.path.size(), 3) - 1);
  questions_.push_back({QuestionOf(scratch.site, node, failed), scratch.site.node, scratch.pointer,
                        PositionOf(reference.position, scratch.pointer, scratch.mark),
                        cel::PositionAt(scratch.text, span.begin),
                        cel::PositionAt(scratch.text, span.end), Written(reference),
                        "nodes.?" + id + "." + member});
}

// `nodes` as a whole is every node that is seen.
void ExpressionCompiler::ReadAllNodes(Scratch& scratch) {
  for (const std::string& id : graph_.VisibleIds(scratch.site.scope)) {
    CelProgram::NodeSource& source = scratch.nodes[id];
    NodeIndex node = graph_.Find(scratch.site.scope, id);
    source.id = id;
    source.output = scratch.Refer(Variable::kNodeOutput, node, "");
    source.error = scratch.Refer(Variable::kNodeError, node, "");
  }
}

void ExpressionCompiler::ReportUnknownNode(const cel::Reference& reference,
                                           const Scratch& scratch) {
  const std::string& id = reference.path[1];
  bool full = issues_ == nullptr && reporter_.full();
  std::string suggestion = full ? "" : Closest(id, graph_.VisibleIds(scratch.site.scope));
  Span span = SpanOf(scratch.text, reference, 1, 1);
  bool exact = span.begin > reference.position.offset;
  Report({.reason = "REFERENCE_UNKNOWN",
          .message =
              "There is no node `" + id + "` to read here" +
              (suggestion.empty() ? ". Correct the id, or add the node." : DidYouMean(suggestion)),
          .suggestion = exact ? suggestion : "",
          .begin = cel::PositionAt(scratch.text, span.begin),
          .end = cel::PositionAt(scratch.text, span.end)},
         scratch);
}

void ExpressionCompiler::ReadNode(const cel::Reference& reference, Scratch& scratch) {
  if (scratch.site.start) {
    scratch.unknown.push_back(reference);
    Report({.reason = "VARIABLE_NOT_HERE",
            .message = "`nodes` cannot be read before the execution begins. Use `inputs`.",
            .begin = reference.position,
            .end = cel::PositionAt(scratch.text, SpanOf(scratch.text, reference, 0, 0).end)},
           scratch);
    return;
  }
  if (reference.path.size() < 2) {
    if (any_node_) return ReadAllNodes(scratch);
    scratch.unknown.push_back(reference);
    Report({.reason = "REFERENCE_NOT_STATIC",
            .message = "`nodes` is read as a whole or by a computed name. Name each node: "
                       "`nodes.<id>.output`.",
            .begin = reference.position,
            .end = cel::PositionAt(scratch.text, SpanOf(scratch.text, reference, 0, 0).end)},
           scratch);
    return;
  }
  const std::string& id = reference.path[1];
  NodeIndex node = graph_.Find(scratch.site.scope, id);
  CelProgram::NodeSource& source = scratch.nodes[id];
  source.id = id;
  if (node == kNone) return ReportUnknownNode(reference, scratch);
  bool whole = reference.path.size() == 2;
  bool optional = reference.OptionalAt(1) || reference.OptionalAt(2);
  if (!reference.OptionalAt(1) && reference.OptionalAt(2) && !whole) source.always = true;
  if (whole || reference.path[2] == "output") {
    source.output = scratch.Refer(Variable::kNodeOutput, node, "");
    if (!optional || (whole && !reference.OptionalAt(1))) Ask(reference, node, false, scratch);
  }
  if (whole || reference.path[2] == "error") {
    source.error = scratch.Refer(Variable::kNodeError, node, "");
    if (!whole && !optional) Ask(reference, node, true, scratch);
  }
}

void ExpressionCompiler::ReadReference(const cel::Reference& reference, Scratch& scratch) {
  const std::string& root = reference.path[0];
  if (root == "nodes") return ReadNode(reference, scratch);
  std::string name = root;
  int slot = scratch.environment.FindSlot(name);
  if (slot < 0 && reference.path.size() > 1) {
    name += "." + reference.path[1];
    slot = scratch.environment.FindSlot(name);
  }
  if (slot < 0) return;  // the checker says so, and ReportIssue says it better
  const auto& [owner, connection] = scratch.owners[slot];
  scratch.sources[slot].reference = scratch.Refer(scratch.variables[slot], owner, connection);
}

// A name that is no variable here, said better than the checker can.
void ExpressionCompiler::ExplainUnknown(const cel::Reference& reference, const Scratch& scratch,
                                        ExpressionIssue& issue) const {
  const std::string& root = reference.path[0];
  for (const VariableInfo& info : Variables()) {
    if (info.name.substr(0, info.name.find('.')) != root || info.In(Place::kNode)) continue;
    std::string where;
    for (Place place : {Place::kMapBody, Place::kLoopBody, Place::kCompensation,
                        Place::kSignalFilter, Place::kRetry}) {
      if (info.In(place)) where = PlaceName(place);
    }
    issue.reason = "VARIABLE_NOT_HERE";
    issue.message = "`" + root + "` exists only in " + where + ".";
    issue.suggestion.clear();
    return;
  }
  std::vector<std::string> names = {"nodes"};
  for (const cel::Variable& variable : scratch.environment.variables()) {
    names.push_back(variable.name);
  }
  std::string suggestion = issue.suggestion.empty() ? Closest(root, names) : issue.suggestion;
  issue.reason = "VARIABLE_UNKNOWN";
  issue.message =
      "There is no variable `" + Written(reference) + "` here" +
      (suggestion.empty() ? "; there are " + Quoted(names, 12) + "." : DidYouMean(suggestion));
  // Only a whole name can stand in for the one that is wrong.
  issue.suggestion = suggestion.find('.') == suggestion.npos ? suggestion : "";
}

void ExpressionCompiler::ReportIssue(const cel::Issue& from, const Scratch& scratch) {
  bool error = from.severity == cel::Issue::Severity::kError;
  ExpressionIssue issue{
      .severity = error ? Severity::kError : Severity::kWarning,
      .reason = error ? "EXPRESSION_INVALID" : "EXPRESSION_DOUBTFUL",
      .message = from.message + (from.suggestion.empty() ? "." : DidYouMean(from.suggestion)),
      .suggestion = from.suggestion,
      .begin = from.begin,
      .end = from.end};
  for (const cel::Reference& reference : scratch.unknown) {
    if (reference.position.offset != from.begin.offset || !error) continue;
    ExplainUnknown(reference, scratch, issue);
    return Report(std::move(issue), scratch);
  }
  std::string intro = (error ? "The expression is not valid at " : "In the expression at ") +
                      std::to_string(from.begin.line) + ":" + std::to_string(from.begin.column) +
                      ": ";
  Report(std::move(issue), scratch, intro);
}

// False where there is something to read.
bool ExpressionCompiler::RefuseText(std::string_view text, const Scratch& scratch) {
  ExpressionIssue issue{.reason = "EXPRESSION_INVALID",
                        .end = cel::PositionAt(text, static_cast<uint32_t>(text.size()))};
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    issue.message = "The expression is empty. Write one";
    issue.message += issues_ != nullptr ? "." : ", or begin the text with `==` to mean `=`.";
  } else if (scratch.mark == 0 && text[0] == '=') {
    issue.message = issues_ != nullptr
                        ? "Write the expression without the leading `=`."
                        : "This field is always an expression. Write it without the `=`.";
    issue.end = cel::PositionAt(text, 1);
  } else {
    return false;
  }
  if (issues_ != nullptr) {
    issues_->push_back(std::move(issue));
  } else {  // of the field as a whole
    reporter_.Error(issue.reason, scratch.site.node, scratch.pointer, std::move(issue.message));
  }
  return true;
}

// The nodes that certainly have not completed when `site` is read: what runs it, what is around
// it, and what comes after those.
std::set<NodeIndex> ExpressionCompiler::LaterThan(const Site& site) const {
  std::set<NodeIndex> later;
  std::vector<NodeIndex> todo;
  NodeIndex reader = site.reader;
  for (ScopeIndex scope = site.scope;; scope = graph_.nodes[reader].scope) {
    if (reader != kNone) todo.push_back(reader);
    reader = graph_.scopes[scope].owner;
    if (reader == kNone) break;
  }
  while (!todo.empty()) {
    NodeIndex node = todo.back();
    todo.pop_back();
    if (!later.insert(node).second) continue;
    for (EdgeIndex edge : graph_.nodes[node].out) todo.push_back(graph_.edges[edge].to);
  }
  return later;
}

// Every node that may be read at `site`, with what is known about its being there.
std::vector<schema::Property> ExpressionCompiler::NodesSeenFrom(const Site& site) const {
  std::set<NodeIndex> later;
  if (!any_node_) later = LaterThan(site);
  std::vector<NodeIndex> seen;
  std::vector<CompletionQuestion> questions;  // two of each
  for (const std::string& id : graph_.VisibleIds(site.scope)) {
    NodeIndex node = graph_.Find(site.scope, id);
    const GraphScope& scope = graph_.scopes[graph_.nodes[node].scope];
    bool known = scope.order.size() == scope.node_count && !any_node_;
    if (later.count(node) > 0) continue;
    seen.push_back(node);
    for (bool failed : {false, true}) {
      if (known) questions.push_back(QuestionOf(site, node, failed));
    }
  }
  bool ask = questions.size() == 2 * seen.size();
  std::vector<CompletionAnswer> answers;
  if (ask) answers = AnswerCompletion(graph_, questions, kExplained);
  std::vector<schema::Property> properties;
  for (size_t i = 0; i < seen.size(); ++i) {
    const GraphNode& node = graph_.nodes[seen[i]];
    bool completed = !ask || answers[2 * i].certain;
    bool failed = any_node_ || (ask && answers[2 * i + 1].certain);
    bool handled =
        any_node_ || node.on_error == OnError::kContinue || node.HasErrorEdge(graph_.edges);
    std::vector<schema::Property> members = {
        {"output", OutputType(seen[i]), completed, "What the node gave."}};
    if (handled) members.push_back({"error", ErrorType(), failed, "Why the node failed."});
    std::string about = node.type_name;
    if (!completed && !failed && !answers[2 * i].why.empty()) about += "; " + answers[2 * i].why;
    properties.push_back({node.id, schema::Type::Object(std::move(members), /*open=*/false),
                          completed || failed, std::move(about)});
  }
  return properties;
}

cel::Environment ExpressionCompiler::EnvironmentOf(const Site& site) const {
  static const std::string kNowhere;
  Scratch scratch{.site = site, .pointer = kNowhere};
  Declare(scratch);
  cel::Environment environment = std::move(scratch.environment);
  const std::vector<cel::Variable> declared = environment.variables();
  for (const VariableInfo& info : Variables()) {
    std::string_view prefix = info.name.substr(0, info.name.find('<'));
    for (const cel::Variable& variable : declared) {
      bool same = prefix.size() == info.name.size() ? variable.name == prefix
                                                    : variable.name.starts_with(prefix);
      if (same) environment.Declare(variable.name, variable.type, std::string(info.about));
    }
  }
  environment.Declare("nodes",
                      cel::Type::FromSchema(schema::Type::Object(NodesSeenFrom(site), false)),
                      "What the nodes before this one gave.");
  return environment;
}

// Of the nodes that the expression mentions. Whether they are there is said by ReportMissing(),
// which knows the graph.
cel::Type ExpressionCompiler::NodesType(const Scratch& scratch) const {
  for (const cel::Reference& reference : scratch.unknown) {
    if (reference.path[0] == "nodes") return cel::Type();  // reported: read as a whole
  }
  std::vector<schema::Property> properties;
  for (const auto& [id, source] : scratch.nodes) {
    NodeIndex node = graph_.Find(scratch.site.scope, id);
    schema::Type type = node == kNone
                            ? schema::Type::Any()
                            : schema::Type::Object({{"error", ErrorType(), true, ""},
                                                    {"output", OutputType(node), true, ""}},
                                                   /*open=*/false);
    properties.push_back({id, std::move(type), true, ""});
  }
  return cel::Type::FromSchema(schema::Type::Object(std::move(properties), /*open=*/false));
}

Expression ExpressionCompiler::CompileText(std::string_view text, const std::string& pointer,
                                           const Site& site, std::optional<cel::Type> expected,
                                           int mark) {
  Expression result{.source = std::string(text), .field = FieldName(pointer)};
  Scratch scratch{.site = site, .pointer = pointer, .mark = mark, .text = text};
  if (RefuseText(text, scratch)) return result;
  Declare(scratch);
  cel::Compiled names = cel::Check(text, scratch.environment, {.check = false});
  size_t before = questions_.size();
  for (const cel::Reference& reference : names.references) {
    ReadReference(reference, scratch);
    const std::string& root = reference.path[0];
    if (root != "nodes" && scratch.environment.FindSlot(root) < 0 &&
        (reference.path.size() < 2 ||
         scratch.environment.FindSlot(root + "." + reference.path[1]) < 0)) {
      scratch.unknown.push_back(reference);
    }
  }
  std::vector<CelProgram::NodeSource> node_sources;
  for (const auto& [id, source] : scratch.nodes) node_sources.push_back(source);
  scratch.Add("nodes", NodesType(scratch), Variable::kNodeOutput, {.kind = Source::Kind::kNodes});
  cel::Compiled compiled =
      cel::Compile(text, scratch.environment, {.expected = std::move(expected)});
  for (const cel::Issue& issue : compiled.issues) ReportIssue(issue, scratch);
  if (compiled.program == nullptr) {
    // What depends on a wrong part is left out of a long list; a person who types sees it all.
    if (issues_ == nullptr) questions_.resize(before);
    return result;
  }
  result.references = std::move(scratch.references);
  result.program = std::make_shared<CelProgram>(compiled.program, std::move(scratch.sources),
                                                std::move(node_sources), time_zones_);
  types_[result.program.get()] = compiled.type;
  return result;
}

Template ExpressionCompiler::CompileTemplate(const json::Value& value, const std::string& pointer,
                                             const Site& site, const schema::Schema* schema,
                                             const std::string& within) {
  Template result;
  if (value.is_array() || value.is_object()) {
    bool constant = true;
    auto add = [&](const json::Value& item, const std::string& token) {
      result.items.push_back(
          CompileTemplate(item, pointer + "/" + token, site, schema, within + "/" + token));
      constant = constant && result.items.back().kind == Template::Kind::kConstant &&
                 result.items.back().constant.SharesWith(item);
    };
    if (value.is_array()) {
      result.kind = Template::Kind::kArray;
      for (const json::Value& item : value.as_array())
        add(item, std::to_string(result.items.size()));
    } else {
      result.kind = Template::Kind::kObject;
      for (const auto& [key, item] : value.as_object()) {
        result.keys.push_back(key);
        add(item, json::EscapePointerToken(key));
      }
    }
    if (constant) return {.constant = value};
    return result;
  }
  if (!value.is_string()) return {.constant = value};
  const std::string& text = value.as_string();
  const json::Value* about = schema == nullptr ? nullptr : schema->DescribesAt(within);
  const json::Value* rule = about == nullptr ? nullptr : about->Find("x-expression");
  if (rule != nullptr && rule->is_bool()) {
    if (!rule->as_bool()) return {.constant = value};
    result.kind = Template::Kind::kExpression;
    result.expression = CompileText(text, pointer, site);
    return result;
  }
  FieldText field = ReadFieldText(text);
  if (field.is_expression) {
    result.kind = Template::Kind::kExpression;
    result.expression = CompileText(field.expression, pointer, site, std::nullopt, 1);
    return result;
  }
  if (about != nullptr && about->BoolOr("x-duration", false) && !ParseDurationMs(field.literal)) {
    reporter_.Error("DURATION_INVALID", site.node, pointer,
                    "`" + text.substr(0, 100) +
                        "` is no span of time. Write 30s, 2m, 4h, 1d or "
                        "1h30m.");
  }
  if (field.literal.size() == text.size()) return {.constant = value};
  return {.constant = json::Value(field.literal)};
}

void ExpressionCompiler::ReportMissing() {
  std::vector<CompletionQuestion> asked;
  std::vector<size_t> origin;
  for (size_t i = 0; i < questions_.size(); ++i) {
    const GraphScope& scope = graph_.scopes[questions_[i].question.scope];
    if (scope.order.size() < scope.node_count) continue;  // a cycle was reported
    asked.push_back(questions_[i].question);
    origin.push_back(i);
  }
  std::vector<CompletionAnswer> answers = AnswerCompletion(graph_, asked, kExplained);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].certain) continue;
    const Question& question = questions_[origin[i]];
    constexpr char kReason[] = "REFERENCE_MAY_BE_MISSING";
    std::string message = "`" + question.written + "` may be missing" +
                          (answers[i].why.empty() ? "" : ": " + answers[i].why) + ". Write `" +
                          question.optional + ".orValue(...)` to say what stands in for it.";
    if (issues_ != nullptr) {
      issues_->push_back({.reason = kReason,
                          .message = std::move(message),
                          .begin = question.begin,
                          .end = question.end});
    } else {
      reporter_.Add(Severity::kError, kReason, question.node, question.pointer, question.position,
                    std::move(message));
    }
  }
}

}  // namespace agentflow::workflow
