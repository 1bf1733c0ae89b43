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

struct ExpressionCompiler::Scratch {
  const Site& site;
  const std::string& pointer;
  int mark;
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
      auto it = types_.find(value.expression.program.get());
      return it == types_.end() ? schema::Type::Any() : it->second;
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
    scratch.Add("step.output", dyn, Variable::kStepOutput, {.null_when_missing = true});
    scratch.Add("step.input", dyn, Variable::kStepInput, {.null_when_missing = true});
  }
}

void ExpressionCompiler::DeclareContainers(Scratch& scratch) const {
  NodeIndex map = InnermostContainer(graph_, scratch.site.scope, NodeKind::kMap);
  if (map != kNone) {
    scratch.Add("item", cel::Type(cel::Type::Kind::kDyn), Variable::kItem, {}, map);
    scratch.Add("index", cel::Type(cel::Type::Kind::kInt), Variable::kIndex, {}, map);
  }
  NodeIndex loop = InnermostContainer(graph_, scratch.site.scope, NodeKind::kLoop);
  if (loop != kNone) {
    scratch.Add("iteration", cel::Type(cel::Type::Kind::kInt), Variable::kIteration, {}, loop);
    scratch.Add("previous", cel::Type(cel::Type::Kind::kDyn), Variable::kItem,
                {.null_when_missing = true}, loop);
  }
}

void ExpressionCompiler::Ask(const cel::Reference& reference, NodeIndex node, bool failed,
                             Scratch& scratch) {
  ScopeIndex home = graph_.nodes[node].scope;
  ScopeIndex scope = scratch.site.scope;
  NodeIndex reader = scratch.site.reader;
  while (scope != home) {  // a child waits for what its container waits for
    reader = graph_.scopes[scope].owner;
    scope = graph_.nodes[reader].scope;
  }
  const std::string& id = graph_.nodes[node].id;
  std::string member = failed ? "error" : "output";
  questions_.push_back({{home, reader, node, failed},
                        scratch.site.node,
                        scratch.pointer,
                        PositionOf(reference.position, scratch.pointer, scratch.mark),
                        Written(reference),
                        "nodes.?" + id + "." + member});
}

void ExpressionCompiler::ReadNode(const cel::Reference& reference, Scratch& scratch) {
  if (reference.path.size() < 2) {
    scratch.unknown.push_back(reference);
    reporter_.Add(Severity::kError, "REFERENCE_NOT_STATIC", scratch.site.node, scratch.pointer,
                  PositionOf(reference.position, scratch.pointer, scratch.mark),
                  "`nodes` is read as a whole or by a computed name. Name each node: "
                  "`nodes.<id>.output`.");
    return;
  }
  const std::string& id = reference.path[1];
  NodeIndex node = graph_.Find(scratch.site.scope, id);
  CelProgram::NodeSource& source = scratch.nodes[id];
  source.id = id;
  if (node == kNone) {
    std::string suggestion =
        reporter_.full() ? "" : Closest(id, graph_.VisibleIds(scratch.site.scope));
    reporter_.Add(
        Severity::kError, "REFERENCE_UNKNOWN", scratch.site.node, scratch.pointer,
        PositionOf(reference.position, scratch.pointer, scratch.mark),
        "There is no node `" + id + "` to read here" +
            (suggestion.empty() ? ". Correct the id, or add the node." : DidYouMean(suggestion)));
    return;
  }
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

void ExpressionCompiler::ReportIssue(const cel::Issue& issue, const Scratch& scratch) {
  Severity severity =
      issue.severity == cel::Issue::Severity::kError ? Severity::kError : Severity::kWarning;
  Position position = PositionOf(issue.begin, scratch.pointer, scratch.mark);
  bool error = severity == Severity::kError;
  std::string reason = error ? "EXPRESSION_INVALID" : "EXPRESSION_DOUBTFUL";
  std::string message = (error ? "The expression is not valid at " : "In the expression at ") +
                        std::to_string(issue.begin.line) + ":" +
                        std::to_string(issue.begin.column) + ": " + issue.message;
  message += issue.suggestion.empty() ? "." : DidYouMean(issue.suggestion);
  for (const cel::Reference& reference : scratch.unknown) {
    if (reference.position.offset != issue.begin.offset || !error) continue;
    const std::string& root = reference.path[0];
    std::vector<std::string> names = {"nodes"};
    for (const cel::Variable& variable : scratch.environment.variables()) {
      names.push_back(variable.name);
    }
    const VariableInfo* elsewhere = nullptr;
    for (const VariableInfo& info : Variables()) {
      if (info.name.substr(0, info.name.find('.')) == root && !info.In(Place::kNode)) {
        elsewhere = &info;
      }
    }
    std::string suggestion = issue.suggestion.empty() ? Closest(root, names) : issue.suggestion;
    if (elsewhere != nullptr) {
      reason = "VARIABLE_NOT_HERE";
      std::string where;
      for (Place place : {Place::kMapBody, Place::kLoopBody, Place::kCompensation}) {
        if (elsewhere->In(place)) where = PlaceName(place);
      }
      message = "`" + root + "` exists only in " + where + ".";
    } else {
      reason = "VARIABLE_UNKNOWN";
      message =
          "There is no variable `" + Written(reference) + "` here" +
          (suggestion.empty() ? "; there are " + Quoted(names, 12) + "." : DidYouMean(suggestion));
    }
    break;
  }
  reporter_.Add(severity, reason, scratch.site.node, scratch.pointer, position, std::move(message));
}

Expression ExpressionCompiler::CompileText(std::string_view text, const std::string& pointer,
                                           const Site& site, std::optional<cel::Type> expected,
                                           int mark) {
  Expression result{.source = std::string(text), .field = FieldName(pointer)};
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    reporter_.Error("EXPRESSION_INVALID", site.node, pointer,
                    "The expression is empty. Write one, or begin the text with `==` to mean `=`.");
    return result;
  }
  if (mark == 0 && text[0] == '=') {
    reporter_.Error("EXPRESSION_INVALID", site.node, pointer,
                    "This field is always an expression. Write it without the `=`.");
    return result;
  }
  Scratch scratch{.site = site, .pointer = pointer, .mark = mark};
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
  std::vector<schema::Property> properties;
  std::vector<CelProgram::NodeSource> node_sources;
  for (auto& [id, source] : scratch.nodes) {
    NodeIndex node = graph_.Find(site.scope, id);
    schema::Type type = node == kNone
                            ? schema::Type::Any()
                            : schema::Type::Object({{"error", ErrorType(), true, ""},
                                                    {"output", OutputType(node), true, ""}},
                                                   /*open=*/false);
    // Whether it is there is said by ReportMissing(), which knows the graph.
    properties.push_back({id, std::move(type), true, ""});
    node_sources.push_back(source);
  }
  bool whole_nodes = std::any_of(scratch.unknown.begin(), scratch.unknown.end(),
                                 [](const auto& r) { return r.path[0] == "nodes"; });
  scratch.Add("nodes",
              whole_nodes
                  ? cel::Type(cel::Type::Kind::kDyn)
                  : cel::Type::FromSchema(schema::Type::Object(std::move(properties), false)),
              Variable::kNodeOutput, {.kind = Source::Kind::kNodes});
  cel::Compiled compiled =
      cel::Compile(text, scratch.environment, {.expected = std::move(expected)});
  for (const cel::Issue& issue : compiled.issues) ReportIssue(issue, scratch);
  if (compiled.program == nullptr) {
    questions_.resize(before);
    return result;
  }
  result.references = std::move(scratch.references);
  result.program = std::make_shared<CelProgram>(compiled.program, std::move(scratch.sources),
                                                std::move(node_sources), time_zones_);
  types_[result.program.get()] = compiled.type.ToSchema();
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
    reporter_.Add(Severity::kError, "REFERENCE_MAY_BE_MISSING", question.node, question.pointer,
                  question.position,
                  "`" + question.written + "` may be missing" +
                      (answers[i].why.empty() ? "" : ": " + answers[i].why) + ". Write `" +
                      question.optional + ".orValue(...)` to say what stands in for it.");
  }
}

}  // namespace agentflow::workflow
