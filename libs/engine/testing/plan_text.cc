#include "libs/engine/testing/plan_text.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "libs/base/status.h"
#include "libs/engine/time_text.h"

namespace agentflow::engine::testing {
namespace {

using namespace workflow;  // NOLINT: this file writes out the whole of plan.h

absl::Status Bad(std::string_view what, std::string_view where) {
  return InvalidArgument("PLAN_TEXT", "", std::string(what) + ": " + std::string(where));
}

// Evaluates one of the toy forms; slot 0 is the path's root.
class ToyProgram final : public Program {
 public:
  std::string shown;
  bool boom = false;
  bool optional = false;
  bool negate = false;
  std::vector<std::string> fields;
  std::string op;
  json::Value literal;

  absl::StatusOr<json::Value> Evaluate(std::span<const json::Value* const> values) const override {
    if (boom) return InvalidArgument("CEL", "", "1:1: boom");
    const json::Value* value = values[0];
    for (const std::string& field : fields) value = value ? value->Find(field) : nullptr;
    if (!value && !optional) return InvalidArgument("CEL", "", "1:1: " + shown + " is missing");
    json::Value got = value ? *value : json::Value();
    if (negate) return json::Value(!(got.is_bool() && got.as_bool()));
    if (op.empty()) return got;
    if (op == "==") return json::Value(got == literal);
    if (op == "!=") return json::Value(!(got == literal));
    if (!got.is_number()) return InvalidArgument("CEL", "", "1:1: " + shown + " is no number");
    return json::Value(op == "<" ? got.as_number() < literal.as_number()
                                 : got.as_number() > literal.as_number());
  }
};

struct NodeLine {
  std::string path;
  std::string kind;
  std::vector<std::pair<std::string, std::string>> keys;

  const std::string* Find(std::string_view key) const {
    for (const auto& [name, value] : keys) {
      if (name == key) return &value;
    }
    return nullptr;
  }
};

// End of the value that begins at `at`: balanced JSON, a quoted string, or up to a space.
size_t ValueEnd(std::string_view line, size_t at) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = at; i < line.size(); ++i) {
    char c = line[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ' ' && depth == 0) {
      return i;
    }
  }
  return line.size();
}

std::string Unquote(const std::string& text) {
  if (text.empty() || text[0] != '"') return text;
  auto value = json::Parse(text);
  return value.ok() && value->is_string() ? value->as_string() : text;
}

std::vector<std::string> SplitCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

class Builder {
 public:
  absl::StatusOr<PlanPtr> Build(std::string_view text) {
    std::stringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
      line.erase(0, line.find_first_not_of(' '));
      if (line.empty() || line[0] == '#') continue;
      AF_RETURN_IF_ERROR(TakeLine(line));
    }
    LayOutScopes();
    for (const NodeLine& node : lines_) AF_RETURN_IF_ERROR(MakeNode(node));
    AF_RETURN_IF_ERROR(MakeEdges());
    if (!outputs_.empty()) {
      AF_ASSIGN_OR_RETURN(plan_->outputs, MakeTemplate(outputs_, "outputs", kNone));
    }
    plan_->workflow = "workflows/test";
    plan_->version = 1;
    plan_->hash = "hash-of-test";
    AF_RETURN_IF_ERROR(Seal(*plan_));
    return PlanPtr(plan_);
  }

 private:
  absl::Status TakeLine(const std::string& line) {
    size_t space = line.find(' ');
    std::string word = line.substr(0, space);
    std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (word == "maxInFlight") {
      plan_->max_in_flight = static_cast<uint32_t>(std::stoul(rest));
    } else if (word == "concurrency") {
      plan_->concurrency.limit = 2;
      AF_ASSIGN_OR_RETURN(plan_->concurrency.key, MakeExpression(rest, "concurrency.key", kNone));
    } else if (word == "timeout") {
      plan_->timeout = ParseSpan(rest).value_or(0);
    } else if (word == "outputs") {
      outputs_ = rest;
    } else if (word == "edge") {
      edges_.push_back(rest);
    } else if (word == "node") {
      lines_.push_back(ParseNodeLine(rest));
    } else {
      return Bad("unknown line", line);
    }
    return absl::OkStatus();
  }

  static NodeLine ParseNodeLine(std::string_view text) {
    NodeLine node;
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
      size_t end = ValueEnd(text, at);
      if (end > at) words.emplace_back(text.substr(at, end - at));
      at = end + 1;
    }
    node.path = words.at(0);
    node.kind = words.at(1);
    for (size_t i = 2; i < words.size(); ++i) {
      size_t equals = words[i].find('=');
      std::string value = equals == std::string::npos ? "true" : words[i].substr(equals + 1);
      node.keys.emplace_back(words[i].substr(0, equals), value);
    }
    return node;
  }

  static std::string ParentOf(const std::string& path) {
    size_t dot = path.rfind('.');
    return dot == std::string::npos ? "" : path.substr(0, dot);
  }

  // Numbers the nodes by scope, outer scopes first.
  void LayOutScopes() {
    std::stable_sort(lines_.begin(), lines_.end(), [](const NodeLine& a, const NodeLine& b) {
      return std::count(a.path.begin(), a.path.end(), '.') <
             std::count(b.path.begin(), b.path.end(), '.');
    });
    std::vector<std::string> parents = {""};
    for (const NodeLine& node : lines_) {
      if (node.kind == "map" || node.kind == "loop" || node.kind == "transaction" ||
          node.kind == "critical") {
        parents.push_back(node.path);
      }
    }
    std::vector<NodeLine> ordered;
    for (const std::string& parent : parents) {
      scopes_[parent] = static_cast<ScopeIndex>(plan_->scopes.size());
      Scope& scope = plan_->scopes.emplace_back();
      scope.first_node = static_cast<NodeIndex>(ordered.size());
      for (const NodeLine& node : lines_) {
        if (ParentOf(node.path) != parent) continue;
        nodes_[node.path] = static_cast<NodeIndex>(ordered.size());
        ordered.push_back(node);
      }
      scope.node_count = static_cast<uint32_t>(ordered.size()) - scope.first_node;
    }
    lines_ = std::move(ordered);
    plan_->nodes.resize(lines_.size());
  }

  absl::Status MakeNode(const NodeLine& line) {
    NodeIndex index = nodes_[line.path];
    Node& node = plan_->nodes[index];
    node.path = line.path;
    size_t dot = line.path.rfind('.');
    node.id = dot == std::string::npos ? line.path : line.path.substr(dot + 1);
    node.type = "test." + line.kind + "@1";
    node.scope = scopes_[ParentOf(line.path)];
    AF_RETURN_IF_ERROR(SetConfig(line, index, node));
    return SetPolicy(line, index, node);
  }

  absl::Status SetConfig(const NodeLine& line, NodeIndex index, Node& node) {
    auto body = scopes_.find(line.path);
    if (body != scopes_.end()) {
      node.body = body->second;
      plan_->scopes[node.body].owner = index;
    }
    if (line.kind == "noop") {
      node.kind = NodeKind::kNoop;
    } else if (line.kind == "transform") {
      TransformConfig config;
      AF_RETURN_IF_ERROR(Read(line, "value", index, &config.value));
      node.kind = NodeKind::kTransform;
      node.config = std::move(config);
    } else if (line.kind == "if") {
      IfConfig config;
      AF_RETURN_IF_ERROR(Read(line, "when", index, &config.when));
      node.kind = NodeKind::kIf;
      node.ports = {"then", "else"};
      node.config = std::move(config);
    } else if (line.kind == "switch") {
      return SetSwitch(line, index, node);
    } else if (line.kind == "wait") {
      WaitConfig config;
      AF_RETURN_IF_ERROR(Read(line, "duration", index, &config.duration));
      AF_RETURN_IF_ERROR(Read(line, "until", index, &config.until));
      node.kind = NodeKind::kWait;
      node.config = std::move(config);
    } else if (line.kind == "fail") {
      FailConfig config;
      AF_RETURN_IF_ERROR(Read(line, "reason", index, &config.reason));
      AF_RETURN_IF_ERROR(Read(line, "message", index, &config.message));
      node.kind = NodeKind::kFail;
      node.config = std::move(config);
    } else if (line.kind == "task") {
      TaskConfig config;
      AF_RETURN_IF_ERROR(Read(line, "agent", index, &config.agent));
      if (config.agent.empty()) config.agent.constant = "worker";
      AF_RETURN_IF_ERROR(Read(line, "input", index, &config.input));
      node.kind = NodeKind::kTask;
      node.config = std::move(config);
    } else if (line.kind == "map") {
      MapConfig config;
      AF_RETURN_IF_ERROR(Read(line, "items", index, &config.items));
      AF_RETURN_IF_ERROR(Read(line, "output", index, &config.output));
      if (const auto* text = line.Find("concurrency")) config.concurrency = std::stoul(*text);
      if (const auto* text = line.Find("tolerated")) config.tolerated_failures = std::stod(*text);
      config.in_order = line.Find("inOrder") != nullptr;
      node.kind = NodeKind::kMap;
      node.config = std::move(config);
    } else if (line.kind == "loop") {
      LoopConfig config;
      AF_RETURN_IF_ERROR(Read(line, "while", index, &config.while_condition));
      AF_RETURN_IF_ERROR(Read(line, "until_", index, &config.until_condition));
      AF_RETURN_IF_ERROR(Read(line, "output", index, &config.output));
      if (const auto* text = line.Find("maxIterations")) config.max_iterations = std::stoul(*text);
      node.kind = NodeKind::kLoop;
      node.config = std::move(config);
    } else if (line.kind == "transaction") {
      node.kind = NodeKind::kTransaction;
      TransactionConfig config;
      AF_RETURN_IF_ERROR(Read(line, "output", index, &config.output));
      node.config = std::move(config);
    } else if (line.kind == "end") {
      EndConfig config;
      AF_RETURN_IF_ERROR(Read(line, "output", index, &config.output));
      node.kind = NodeKind::kEnd;
      node.config = std::move(config);
    } else if (line.kind == "cancel") {
      CancelConfig config;
      for (const std::string& path : SplitCommas(*line.Find("nodes"))) {
        if (!nodes_.contains(path)) return Bad("cancels an unknown node", path);
        config.nodes.push_back(nodes_[path]);
      }
      node.kind = NodeKind::kCancel;
      node.config = std::move(config);
    } else {
      return SetWait(line, index, node);
    }
    return absl::OkStatus();
  }

  absl::Status SetWait(const NodeLine& line, NodeIndex index, Node& node) {
    if (line.kind == "signal") {
      SignalConfig config;
      AF_RETURN_IF_ERROR(Read(line, "name", index, &config.name));
      AF_RETURN_IF_ERROR(Read(line, "filter", index, &config.filter));
      node.kind = NodeKind::kSignal;
      node.config = std::move(config);
    } else if (line.kind == "approval") {
      ApprovalConfig config;
      AF_RETURN_IF_ERROR(ReadApproval(line, "", index, &config));
      node.kind = NodeKind::kApproval;
      node.ports = {"approved", "rejected"};
      node.config = std::move(config);
    } else if (line.kind == "await") {
      ConditionConfig config;
      AF_RETURN_IF_ERROR(Read(line, "condition", index, &config.condition));
      node.kind = NodeKind::kCondition;
      node.config = std::move(config);
    } else if (line.kind == "child") {
      ChildConfig config;
      AF_RETURN_IF_ERROR(Read(line, "workflow", index, &config.workflow));
      AF_RETURN_IF_ERROR(Read(line, "input", index, &config.input));
      if (const auto* text = line.Find("version")) config.version = std::stoi(*text);
      config.detach = line.Find("detach") != nullptr;
      node.kind = NodeKind::kChild;
      node.config = std::move(config);
    } else if (line.kind == "critical") {
      CriticalConfig config;
      AF_RETURN_IF_ERROR(Read(line, "critical", index, &config.key));
      AF_RETURN_IF_ERROR(Read(line, "output", index, &config.output));
      if (const auto* text = line.Find("limit")) config.limit = std::stoul(*text);
      node.kind = NodeKind::kCritical;
      node.config = std::move(config);
    } else {
      return Bad("unknown kind of node", line.kind);
    }
    return absl::OkStatus();
  }

  // `prefix` is "gate." for policy.approval.
  absl::Status ReadApproval(const NodeLine& line, const std::string& prefix, NodeIndex index,
                            ApprovalConfig* config) {
    AF_RETURN_IF_ERROR(Read(line, prefix + "when", index, &config->when));
    AF_RETURN_IF_ERROR(Read(line, prefix + "title", index, &config->title));
    AF_RETURN_IF_ERROR(Read(line, prefix + "by", index, &config->by));
    if (const auto* text = line.Find(prefix + "within")) {
      config->timeout = ParseSpan(*text).value_or(0);
    }
    if (const auto* text = line.Find(prefix + "then")) {
      config->on_timeout = *text == "approve" ? OnTimeout::kApprove
                           : *text == "fail"  ? OnTimeout::kFail
                                              : OnTimeout::kReject;
    }
    return absl::OkStatus();
  }

  absl::Status SetSwitch(const NodeLine& line, NodeIndex index, Node& node) {
    SwitchConfig config;
    node.ports.clear();
    for (const auto& [key, value] : line.keys) {
      if (key.rfind("case.", 0) != 0) continue;
      SwitchConfig::Case& option = config.cases.emplace_back();
      option.port = static_cast<PortIndex>(node.ports.size());
      node.ports.push_back(key.substr(5));
      AF_ASSIGN_OR_RETURN(option.when,
                          MakeExpression(Unquote(value), "nodes." + line.path + "." + key, index));
    }
    if (const auto* port = line.Find("default")) {
      config.default_port = static_cast<PortIndex>(node.ports.size());
      node.ports.push_back(*port);
    }
    config.all = line.Find("all") != nullptr;
    node.kind = NodeKind::kSwitch;
    node.config = std::move(config);
    return absl::OkStatus();
  }

  absl::Status SetPolicy(const NodeLine& line, NodeIndex index, Node& node) {
    Policy& policy = node.policy;
    for (const auto& [key, value] : line.keys) {
      auto span = [&, &value = value] { return ParseSpan(value).value_or(0); };
      if (key == "join" && value == "any") node.join.kind = Join::Kind::kAny;
      if (key == "join" && std::isdigit(static_cast<unsigned char>(value[0]))) {
        node.join = {Join::Kind::kNOfM, static_cast<uint32_t>(std::stoul(value)),
                     node.join.cancel_rest};
      }
      if (key == "cancelRest") node.join.cancel_rest = true;
      if (key == "attempts") policy.retry.max_attempts = std::stoul(value);
      if (key == "backoff") {
        policy.retry.backoff = value == "fixed"    ? Backoff::kFixed
                               : value == "linear" ? Backoff::kLinear
                                                   : Backoff::kExponential;
      }
      if (key == "initial") policy.retry.initial = span();
      if (key == "max") policy.retry.max = span();
      if (key == "factor") policy.retry.factor = std::stod(value);
      if (key == "jitter" && value == "none") policy.retry.jitter = Jitter::kNone;
      if (key == "retryOn") policy.retry.retry_on = SplitCommas(value);
      if (key == "exceptWhen") policy.retry.except_on = SplitCommas(value);
      if (key == "startToClose") policy.timeouts.start_to_close = span();
      if (key == "scheduleToStart") policy.timeouts.schedule_to_start = span();
      if (key == "scheduleToClose") policy.timeouts.schedule_to_close = span();
      if (key == "heartbeat") policy.timeouts.heartbeat = span();
      if (key == "onError" && value == "continue") policy.on_error = OnError::kContinue;
      if (key == "onError" && value == "pause") policy.on_error = OnError::kPause;
      if (key == "onError" && value == "compensate") policy.on_error = OnError::kCompensate;
      if (key == "onExhausted" && value == "pause") policy.retry.pause_at_end = true;
      if (key == "compensate") {
        if (!nodes_.contains(value)) return Bad("undone by an unknown node", value);
        policy.compensate = nodes_[value];
      }
      if (key == "continuePort" && value == "none") policy.continue_port = kNoPort;
      if (key == "checkpoint") policy.checkpoint = true;
      if (key == "compensation") node.compensation = true;
      if (key == "places") policy.concurrency = std::stoul(value);
    }
    if (line.Find("gate") != nullptr) {
      auto gate = std::make_shared<ApprovalConfig>();
      AF_RETURN_IF_ERROR(ReadApproval(line, "gate.", index, gate.get()));
      policy.approval = std::move(gate);
    }
    AF_RETURN_IF_ERROR(Read(line, "exceptIf", index, &policy.retry.except_when));
    return Read(line, "key", index, &policy.idempotency_key);
  }

  absl::Status Read(const NodeLine& line, std::string_view key, NodeIndex node, Template* out) {
    const std::string* text = line.Find(key);
    if (!text) return absl::OkStatus();
    AF_ASSIGN_OR_RETURN(
        *out, MakeTemplate(*text, "nodes." + line.path + ".with." + std::string(key), node));
    return absl::OkStatus();
  }

  absl::Status Read(const NodeLine& line, std::string_view key, NodeIndex node, Expression* out) {
    const std::string* text = line.Find(key);
    if (!text) return absl::OkStatus();
    AF_ASSIGN_OR_RETURN(
        *out,
        MakeExpression(Unquote(*text), "nodes." + line.path + ".with." + std::string(key), node));
    return absl::OkStatus();
  }

  absl::StatusOr<Template> MakeTemplate(const std::string& text, const std::string& field,
                                        NodeIndex node) {
    auto value = json::Parse(text);
    return MakeTemplate(value.ok() ? *value : json::Value(text), field, node);
  }

  absl::StatusOr<Template> MakeTemplate(const json::Value& value, const std::string& field,
                                        NodeIndex node) {
    Template made;
    if (value.is_string() && value.as_string().rfind("=", 0) == 0) {
      made.kind = Template::Kind::kExpression;
      AF_ASSIGN_OR_RETURN(made.expression,
                          MakeExpression(value.as_string().substr(1), field, node));
    } else if (value.is_array()) {
      made.kind = Template::Kind::kArray;
      for (const json::Value& item : value.as_array()) {
        AF_ASSIGN_OR_RETURN(Template child, MakeTemplate(item, field, node));
        made.items.push_back(std::move(child));
      }
    } else if (value.is_object()) {
      made.kind = Template::Kind::kObject;
      for (const auto& [key, item] : value.as_object()) {
        AF_ASSIGN_OR_RETURN(Template child, MakeTemplate(item, field + "." + key, node));
        made.keys.push_back(key);
        made.items.push_back(std::move(child));
      }
    } else {
      made.constant = value;
    }
    return made;
  }

  absl::StatusOr<Expression> MakeExpression(const std::string& source, const std::string& field,
                                            NodeIndex node) {
    Expression expression;
    expression.source = source;
    expression.field = field;
    auto program = std::make_shared<ToyProgram>();
    std::string text = source;
    if (text == "boom") program->boom = true;
    if (text.rfind("not ", 0) == 0) {
      program->negate = true;
      text = text.substr(4);
    }
    if (text[0] == '?') {
      program->optional = true;
      text = text.substr(1);
    }
    size_t space = text.find(' ');
    if (space != std::string::npos) {
      program->op = text.substr(space + 1, text.find(' ', space + 1) - space - 1);
      AF_ASSIGN_OR_RETURN(program->literal,
                          json::Parse(text.substr(text.find(' ', space + 1) + 1)));
      text.resize(space);
    }
    program->shown = text;
    if (!program->boom) {
      AF_RETURN_IF_ERROR(Resolve(text, node, &expression, program.get()));
    }
    expression.program = std::move(program);
    return expression;
  }

  // Finds the root of a path; the rest become fields.
  absl::Status Resolve(const std::string& path, NodeIndex reader, Expression* expression,
                       ToyProgram* program) {
    std::vector<std::string> parts;
    std::stringstream in(path);
    for (std::string part; std::getline(in, part, '.');) parts.push_back(part);
    Reference reference;
    size_t used = 1;
    if (parts[0] == "nodes") {
      std::string name;
      while (used < parts.size() && parts[used] != "output" && parts[used] != "error") {
        name += (name.empty() ? "" : ".") + parts[used++];
      }
      if (used == parts.size() || !nodes_.contains(name)) return Bad("unknown node", path);
      reference.variable = parts[used] == "output" ? Variable::kNodeOutput : Variable::kNodeError;
      reference.node = nodes_[name];
      ++used;
    } else if (parts[0] == "execution" && parts.size() == 2) {
      reference.variable = parts[1] == "id"          ? Variable::kExecutionId
                           : parts[1] == "startTime" ? Variable::kExecutionStartTime
                           : parts[1] == "mode"      ? Variable::kExecutionMode
                                                     : Variable::kExecutionLabels;
      used = 2;
    } else if (parts[0] == "signal") {
      reference.variable = Variable::kSignal;
    } else if (parts[0] == "previous") {
      reference.variable = Variable::kItem;
      reference.node = reader;
    } else if (parts[0] == "item" || parts[0] == "index" || parts[0] == "iteration") {
      reference.variable = parts[0] == "item"    ? Variable::kItem
                           : parts[0] == "index" ? Variable::kIndex
                                                 : Variable::kIteration;
      // A container's output and until are read inside its body.
      bool inside = expression->field.ends_with(".output") ||
                    expression->field.ends_with(".until_") ||
                    expression->field.find(".output.") != std::string::npos;
      bool container = plan_->nodes[reader].body != kNone;
      reference.node =
          container && inside ? reader : plan_->scopes[plan_->nodes[reader].scope].owner;
      if (reference.node == kNone) return Bad("no container around it", path);
    } else if (parts[0] == "step" && parts.size() > 1) {
      reference.variable = parts[1] == "output" ? Variable::kStepOutput : Variable::kStepInput;
      for (const NodeLine& line : lines_) {
        const std::string* undo = line.Find("compensate");
        if (undo && nodes_.contains(*undo) && nodes_[*undo] == reader) {
          reference.node = nodes_[line.path];
        }
      }
      if (reference.node == kNone) return Bad("undoes nothing", path);
      used = 2;
    } else if (parts[0] == "error") {
      reference.variable = Variable::kFailure;
    } else if (parts[0] != "inputs") {
      return Bad("unknown variable", path);
    }
    expression->references.push_back(reference);
    program->fields.assign(parts.begin() + used, parts.end());
    return absl::OkStatus();
  }

  absl::Status MakeEdges() {
    std::vector<std::vector<Edge>> by_scope(plan_->scopes.size());
    for (const std::string& text : edges_) {
      size_t arrow = text.find(" -> ");
      if (arrow == std::string::npos) return Bad("edge without an arrow", text);
      auto to = nodes_.find(text.substr(arrow + 4));
      if (to == nodes_.end()) return Bad("edge to an unknown node", text);
      Edge edge;
      edge.to = to->second;
      AF_RETURN_IF_ERROR(SetSource(text.substr(0, arrow), &edge));
      by_scope[plan_->nodes[edge.to].scope].push_back(std::move(edge));
    }
    for (ScopeIndex s = 0; s < by_scope.size(); ++s) {
      plan_->scopes[s].first_edge = static_cast<EdgeIndex>(plan_->edges.size());
      plan_->scopes[s].edge_count = static_cast<uint32_t>(by_scope[s].size());
      for (Edge& edge : by_scope[s]) plan_->edges.push_back(std::move(edge));
    }
    return absl::OkStatus();
  }

  absl::Status SetSource(std::string text, Edge* edge) {
    if (text == "start") return absl::OkStatus();
    size_t bracket = text.find('(');
    if (bracket != std::string::npos) {
      edge->reasons = SplitCommas(text.substr(bracket + 1, text.size() - bracket - 2));
      text.resize(bracket);
    }
    auto from = nodes_.find(text);
    if (from != nodes_.end()) {
      edge->from = from->second;
      return absl::OkStatus();
    }
    size_t dot = text.rfind('.');
    from = nodes_.find(text.substr(0, dot));
    if (dot == std::string::npos || from == nodes_.end()) {
      return Bad("edge from an unknown node", text);
    }
    edge->from = from->second;
    std::string port = text.substr(dot + 1);
    if (port == "error") {
      edge->port = kErrorPort;
      return absl::OkStatus();
    }
    const auto& ports = plan_->nodes[edge->from].ports;
    auto it = std::find(ports.begin(), ports.end(), port);
    if (it == ports.end()) return Bad("edge from an unknown port", text);
    edge->port = static_cast<PortIndex>(it - ports.begin());
    return absl::OkStatus();
  }

  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  std::string outputs_;
  std::vector<std::string> edges_;
  std::vector<NodeLine> lines_;
  std::map<std::string, NodeIndex> nodes_;
  std::map<std::string, ScopeIndex> scopes_;
};

}  // namespace

absl::StatusOr<PlanPtr> ParsePlan(std::string_view text) {
  return Builder().Build(text);
}

PlanPtr PlanOf(std::string_view text) {
  auto plan = ParsePlan(text);
  if (!plan.ok()) std::fprintf(stderr, "%s\n", plan.status().ToString().c_str());
  AF_CHECK(plan.ok());
  return *std::move(plan);
}

}  // namespace agentflow::engine::testing
