#include "libs/workflow/compile_node.h"

#include <algorithm>

#include "libs/workflow/duration.h"

namespace agentflow::workflow {
namespace {

// Whether each node of a flow.map's body takes the items in their order.
bool InOrder(const NodeType& type) {
  return type.type.starts_with("flow.pipeline@");
}

// Of an approval's node, or of a policy.approval.
void ReadOnTimeout(const json::Value& value, ApprovalConfig& config) {
  config.timeout = ParseDurationMs(value.StringOr("timeout")).value_or(0) * 1000;
  std::string then = value.StringOr("onTimeout");
  if (then == "approve") config.on_timeout = OnTimeout::kApprove;
  if (then == "fail") config.on_timeout = OnTimeout::kFail;
}

// Compiles the fields of one node's `with`.
class ConfigCompiler {
 public:
  ConfigCompiler(const Graph& graph, NodeIndex index, ExpressionCompiler& expressions)
      : node_(graph.nodes[index]), expressions_(expressions) {
    site_ = {.scope = node_.scope, .reader = index, .node = node_.path};
    body_ = SiteOfField(graph, index, "output");
    signal_ = SiteOfField(graph, index, "filter");
    before_ = SiteOfField(graph, index, "while");
  }

  NodeConfig Compile() {
    if (node_.type == nullptr) {
      expressions_.CompileTemplate(node_.with, node_.pointer + "/with", site_);
      return std::monostate();
    }
    switch (node_.type->kind) {
      case NodeKind::kIf:
        return If();
      case NodeKind::kSwitch:
        return Switch();
      case NodeKind::kTransform:
        return TransformConfig{Field("value", site_)};
      case NodeKind::kWait:
        return WaitConfig{Field("duration", site_), Field("until", site_)};
      case NodeKind::kFail:
        return FailConfig{Field("reason", site_), Field("message", site_)};
      case NodeKind::kTask:
        return Task();
      case NodeKind::kMap:
        return Map();
      case NodeKind::kLoop:
        return Loop();
      case NodeKind::kTransaction:
        return TransactionConfig{Field("output", body_)};
      case NodeKind::kEnd:
        return EndConfig{Field("output", site_)};
      case NodeKind::kCancel:
        return CancelConfig{node_.cancels};
      case NodeKind::kSignal:
        return SignalConfig{Field("name", site_),
                            Condition(node_.with.Find("filter"), "filter", signal_)};
      case NodeKind::kApproval:
        return Approval();
      case NodeKind::kCondition:
        return ConditionConfig{Condition(node_.with.Find("condition"), "condition", site_)};
      case NodeKind::kChild:
        return Child();
      case NodeKind::kCritical:
        return CriticalConfig{Field("key", site_),
                              static_cast<uint32_t>(node_.with.IntOr("limit", 1)),
                              Field("output", body_)};
      case NodeKind::kNoop:
        return std::monostate();
    }
    return std::monostate();
  }

 private:
  Template Field(const std::string& name, const Site& site) {
    const json::Value* value = node_.with.Find(name);
    if (value == nullptr) return {};
    return expressions_.CompileTemplate(*value, node_.pointer + "/with/" + name, site,
                                        &node_.type->config, "/" + name);
  }

  // An agent's task, or a connector's: then the rest of `with` is the input.
  NodeConfig Task() {
    if (node_.type->connector.empty()) {
      return TaskConfig{Field("agent", site_), Field("input", site_)};
    }
    Template input{.kind = Template::Kind::kObject};
    if (node_.with.is_object()) {
      for (const auto& [name, value] : node_.with.as_object()) {
        if (name == "connection") continue;
        input.keys.push_back(name);
        input.items.push_back(Field(name, site_));
      }
    }
    const std::string agent = node_.type->connector + "-" + node_.with.StringOr("connection");
    return TaskConfig{.agent = {.constant = agent}, .input = std::move(input)};
  }

  Expression Condition(const json::Value* value, const std::string& field, const Site& site) {
    if (value == nullptr || !value->is_string()) return {};
    return expressions_.CompileText(value->as_string(), node_.pointer + "/with/" + field, site,
                                    cel::Type(cel::Type::Kind::kBool));
  }

  PortIndex PortNumber(const std::string& port) const {
    auto it = std::find(node_.ports.begin(), node_.ports.end(), port);
    return it == node_.ports.end() ? kNoPort : static_cast<PortIndex>(it - node_.ports.begin());
  }

  NodeConfig If() {
    return IfConfig{Condition(node_.with.Find("when"), "when", site_), PortNumber("true"),
                    PortNumber("false")};
  }

  NodeConfig Switch() {
    SwitchConfig config;
    const json::Value* cases = node_.with.Find("cases");
    if (cases != nullptr && cases->is_array()) {
      for (size_t i = 0; i < cases->as_array().size(); ++i) {
        const json::Value& one = cases->as_array()[i];
        std::string field = "cases/" + std::to_string(i) + "/when";
        config.cases.push_back(
            {PortNumber(one.StringOr("port")), Condition(one.Find("when"), field, site_)});
      }
    }
    config.default_port = PortNumber(node_.with.StringOr("default"));
    config.all = node_.with.StringOr("match") == "all";
    return config;
  }

  NodeConfig Approval() {
    ApprovalConfig config;
    config.title = Field("title", site_);
    config.description = Field("description", site_);
    config.by = Field("by", site_);
    ReadOnTimeout(node_.with, config);
    if (const json::Value* form = node_.with.Find("form")) config.form = *form;
    config.approved_port = PortNumber("approved");
    config.rejected_port = PortNumber("rejected");
    return config;
  }

  // custom.NAME@V is the tenant's workflow NAME in version V, with all of `with` as its input.
  NodeConfig Child() {
    ChildConfig config;
    if (auto custom = CustomPatternOf(node_.type_name)) {
      config.workflow = {.constant = custom->workflow};
      config.version = custom->version;
      config.input = expressions_.CompileTemplate(node_.with, node_.pointer + "/with", site_,
                                                  &node_.type->config);
      return config;
    }
    config.workflow = Field("workflow", site_);
    config.version = static_cast<int32_t>(node_.with.IntOr("version", 0));
    config.input = Field("input", site_);
    config.detach = node_.with.BoolOr("detach", false);
    return config;
  }

  NodeConfig Map() {
    MapConfig config;
    config.items = Field("items", site_);
    config.concurrency = static_cast<uint32_t>(node_.with.IntOr("concurrency", 0));
    const json::Value* tolerated = node_.with.Find("toleratedFailures");
    if (tolerated != nullptr && tolerated->is_number()) {
      config.tolerated_failures = tolerated->as_number();
    }
    config.output = Field("output", body_);
    config.in_order = InOrder(*node_.type);
    return config;
  }

  NodeConfig Loop() {
    LoopConfig config;
    config.while_condition = Condition(node_.with.Find("while"), "while", before_);
    config.until_condition = Condition(node_.with.Find("until"), "until", body_);
    config.max_iterations = static_cast<uint32_t>(node_.with.IntOr("maxIterations", 1000));
    config.output = Field("output", body_);
    return config;
  }

  const GraphNode& node_;
  ExpressionCompiler& expressions_;
  Site site_;
  Site body_;
  Site signal_;  // a flow.signal's filter
  Site before_;  // a flow.loop's `while`
};

Micros Span(const json::Value& object, std::string_view key, Micros fallback) {
  auto ms = ParseDurationMs(object.StringOr(key));
  return ms ? *ms * 1000 : fallback;
}

std::vector<std::string> Texts(const json::Value* list, std::vector<std::string> fallback) {
  if (list == nullptr || !list->is_array()) return fallback;
  std::vector<std::string> texts;
  for (const json::Value& item : list->as_array()) {
    if (item.is_string()) texts.push_back(item.as_string());
  }
  return texts;
}

void ReadRetry(const json::Value* value, Retry& retry) {
  if (value == nullptr || !value->is_object()) return;
  retry.max_attempts = static_cast<uint32_t>(
      std::clamp<int64_t>(value->IntOr("maxAttempts", retry.max_attempts), 1, 1000));
  std::string backoff = value->StringOr("backoff");
  if (backoff == "fixed") retry.backoff = Backoff::kFixed;
  if (backoff == "linear") retry.backoff = Backoff::kLinear;
  if (backoff == "exponential") retry.backoff = Backoff::kExponential;
  retry.initial = Span(*value, "initial", retry.initial);
  retry.max = Span(*value, "max", retry.max);
  const json::Value* factor = value->Find("factor");
  if (factor != nullptr && factor->is_number()) retry.factor = factor->as_number();
  std::string jitter = value->StringOr("jitter");
  if (jitter == "none") retry.jitter = Jitter::kNone;
  if (jitter == "full") retry.jitter = Jitter::kFull;
  retry.retry_on = Texts(value->Find("retryOn"), retry.retry_on);
  retry.except_on = Texts(value->Find("exceptOn"), retry.except_on);
  std::string exhausted = value->StringOr("onExhausted");
  if (!exhausted.empty()) retry.pause_at_end = exhausted == "pause";
}

void ReadTimesAndRetry(const json::Value& value, Policy& policy) {
  Timeouts& timeouts = policy.timeouts;
  timeouts.start_to_close = Span(value, "timeout", timeouts.start_to_close);
  timeouts.schedule_to_close = Span(value, "totalTimeout", timeouts.schedule_to_close);
  timeouts.schedule_to_start = Span(value, "queueTimeout", timeouts.schedule_to_start);
  timeouts.heartbeat = Span(value, "heartbeat", timeouts.heartbeat);
  ReadRetry(value.Find("retry"), policy.retry);
}

void CheckRetry(const GraphNode& node, const Retry& retry, Reporter& reporter) {
  if (node.policy.Find("retry") == nullptr || retry.initial <= retry.max) return;
  reporter.Error("POLICY_INVALID", node.path, node.pointer + "/policy/retry",
                 "`initial` (" + FormatDurationMs(retry.initial / 1000) +
                     ") is longer than `max` (" + FormatDurationMs(retry.max / 1000) +
                     "). Swap them, or write `max` too.");
}

// Nodes that are waited for by the engine itself.
bool Waits(const GraphNode& node) {
  if (node.type == nullptr) return false;
  NodeKind kind = node.type->kind;
  return kind == NodeKind::kSignal || kind == NodeKind::kApproval || kind == NodeKind::kChild ||
         kind == NodeKind::kCondition || kind == NodeKind::kCritical;
}

void CheckPolicy(const Graph& graph, const GraphNode& node, Reporter& reporter) {
  if (Waits(node) && node.policy.Find("timeout") != nullptr) {
    reporter.Error("POLICY_INVALID", node.path, node.pointer + "/policy/timeout",
                   "`timeout` bounds one attempt of a worker, and `" + node.type_name +
                       "` has none. Write `totalTimeout`.");
  }
  bool approval = node.type != nullptr && node.type->kind == NodeKind::kApproval;
  if (approval && node.policy.Find("approval") != nullptr) {
    reporter.Error("POLICY_INVALID", node.path, node.pointer + "/policy/approval",
                   "The node is an approval itself. Remove its `policy.approval`.");
  }
  NodeIndex owner = graph.scopes[node.scope].owner;
  const NodeType* around = owner == kNone ? nullptr : graph.nodes[owner].type;
  bool rounds = around != nullptr && around->kind == NodeKind::kMap;
  if (node.policy.Find("concurrency") != nullptr && !rounds) {
    reporter.Error("POLICY_INVALID", node.path, node.pointer + "/policy/concurrency",
                   "`concurrency` is how many rounds work on a node directly inside flow.map or "
                   "flow.pipeline, and `" +
                       node.id + "` is in none. Remove it.");
  }
}

uint32_t Concurrency(const Graph& graph, const GraphNode& node) {
  NodeIndex owner = graph.scopes[node.scope].owner;
  const NodeType* around = owner == kNone ? nullptr : graph.nodes[owner].type;
  // One at a time is what a stage of a pipeline is, where it does not say otherwise.
  int64_t otherwise = around != nullptr && InOrder(*around) ? 1 : 0;
  return static_cast<uint32_t>(
      std::clamp<int64_t>(node.policy.IntOr("concurrency", otherwise), 0, 1000));
}

std::shared_ptr<const ApprovalConfig> CompileApproval(const GraphNode& node, const Site& site,
                                                      ExpressionCompiler& expressions) {
  const json::Value* written = node.policy.Find("approval");
  if (written == nullptr || !written->is_object()) return nullptr;
  std::string pointer = node.pointer + "/policy/approval";
  auto config = std::make_shared<ApprovalConfig>();
  const json::Value* when = written->Find("when");
  if (when != nullptr && when->is_string()) {
    config->when = expressions.CompileText(when->as_string(), pointer + "/when", site,
                                           cel::Type(cel::Type::Kind::kBool));
  }
  auto field = [&](const std::string& name) {
    const json::Value* value = written->Find(name);
    return value == nullptr ? Template{}
                            : expressions.CompileTemplate(*value, pointer + "/" + name, site);
  };
  config->title = field("title");
  config->by = field("by");
  ReadOnTimeout(*written, *config);
  return config;
}

}  // namespace

NodeConfig CompileConfig(const Graph& graph, NodeIndex index, ExpressionCompiler& expressions) {
  return ConfigCompiler(graph, index, expressions).Compile();
}

Policy CompilePolicy(const Graph& graph, NodeIndex index, const json::Value& defaults,
                     ExpressionCompiler& expressions, Reporter& reporter) {
  const GraphNode& node = graph.nodes[index];
  Policy policy;
  if (node.type != nullptr && node.type->kind == NodeKind::kTask) {
    ReadTimesAndRetry(defaults, policy);
  }
  ReadTimesAndRetry(node.policy, policy);
  CheckRetry(node, policy.retry, reporter);
  CheckPolicy(graph, node, reporter);
  policy.concurrency = Concurrency(graph, node);
  policy.on_error = node.on_error;
  policy.compensate = node.compensate;
  policy.checkpoint = node.policy.BoolOr("checkpoint", false);

  Site site{.scope = node.scope, .reader = index, .node = node.path};
  std::string pointer = node.pointer + "/policy";
  const json::Value* key = node.policy.Find("idempotencyKey");
  if (key != nullptr && key->is_string()) {
    policy.idempotency_key = expressions.CompileText(key->as_string(), pointer + "/idempotencyKey",
                                                     site, cel::Type(cel::Type::Kind::kString));
  }
  site.error = true;
  for (const auto& [owner, at] :
       {std::pair(&node.policy, pointer), std::pair(&defaults, std::string("/defaults"))}) {
    bool applies = owner == &node.policy || (node.type && node.type->kind == NodeKind::kTask);
    const json::Value* retry = applies ? owner->Find("retry") : nullptr;
    const json::Value* except = retry == nullptr ? nullptr : retry->Find("exceptWhen");
    if (except == nullptr || !except->is_string()) continue;
    policy.retry.except_when = expressions.CompileText(
        except->as_string(), at + "/retry/exceptWhen", site, cel::Type(cel::Type::Kind::kBool));
    break;
  }
  site.error = false;
  policy.approval = CompileApproval(node, site, expressions);
  return policy;
}

}  // namespace agentflow::workflow
