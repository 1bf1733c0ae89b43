#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/json/value.h"

// A workflow version as the engine runs it: immutable, index-based, with every expression
// compiled and every default filled in. Made by libs/workflow (Compile) from a document, or by
// hand in tests; `Seal` checks it and fills the derived fields, marked [derived] below.
//
// Scopes. The nodes written at the top of the document are scope 0. A container node
// (flow.map, flow.loop, ...) owns one further scope: its body. Nodes and edges of one scope are
// contiguous in `nodes` and `edges`, so that run-time state is a dense array per activation.
// Edges never cross scopes. A scope's graph has no cycle.
namespace agentflow::workflow {

using NodeIndex = uint32_t;   // into Plan::nodes
using EdgeIndex = uint32_t;   // into Plan::edges
using ScopeIndex = uint32_t;  // into Plan::scopes
using PortIndex = uint16_t;   // into Node::ports
using Micros = int64_t;       // a span of time; 0: none or no limit

inline constexpr uint32_t kNone = UINT32_MAX;
// The `from` of edges that leave the reserved node `start`: taken when their scope opens.
inline constexpr NodeIndex kStart = kNone;
// The port taken by a failed step. Every node has it, without an entry in Node::ports.
inline constexpr PortIndex kErrorPort = UINT16_MAX;
// No port: every out-edge is dead.
inline constexpr PortIndex kNoPort = UINT16_MAX - 1;
// Several ports: those whose names are in the step's output, a list (flow.switch, match: all).
inline constexpr PortIndex kListedPorts = UINT16_MAX - 2;

// What an expression reads. Resolved when the plan is compiled, so that the engine fills slots
// and never builds a `nodes` object.
enum class Variable : uint8_t {
  kInputs,              // inputs: the execution's input
  kNodeOutput,          // nodes.<id>.output of `node`
  kNodeError,           // nodes.<id>.error of `node`: {reason, message}
  kExecutionId,         // execution.id: string
  kExecutionStartTime,  // execution.startTime: RFC 3339 string (the program makes a timestamp)
  kExecutionLabels,     // execution.labels: object of strings
  kExecutionMode,       // execution.mode: "LIVE", "TEST", "DRY_RUN"
  kConnection,          // connections.<name>: object of non-secret fields
  kItem,                // item of the container `node` (flow.map); flow.loop: the last output
  kIndex,               // index of the container `node`
  kIteration,           // iteration of the container `node` (flow.loop), from 0
  kStepOutput,          // step.output: in a compensation, of the step being undone
  kStepInput,           // step.input: the same
  kFailure,             // error: in retry.exceptWhen, the attempt's {reason, message, node}
  kSignal,              // signal: in a flow.signal's filter, the payload of the one looked at
};

// "inputs", "node.output": between processes, which may be of different builds.
std::string_view NameOf(Variable variable);
// Nothing for a name that this build does not know.
std::optional<Variable> VariableNamed(std::string_view name);

struct Reference {
  Variable variable = Variable::kInputs;
  // kNodeOutput, kNodeError; kItem, kIndex, kIteration: the container; kStepOutput, kStepInput:
  // the node that is undone.
  NodeIndex node = kNone;
  std::string name;  // kConnection
};

// A checked expression, ready to run. Implemented over cel::Program by libs/workflow and by
// small fakes in tests. Immutable, usable from any thread.
class Program {
 public:
  virtual ~Program() = default;

  // `values[i]` is the value of Expression::references[i], or null where there is none: the node
  // was skipped, has not completed, or has no error. Reading a missing value by a plain
  // reference is an error, by an optional one (`nodes.?x.output`) it is none.
  // Bounded in steps and memory; the error's message carries the position in the source.
  virtual absl::StatusOr<json::Value> Evaluate(
      std::span<const json::Value* const> values) const = 0;
};

struct Expression {
  std::string source;  // CEL text, without the leading '='
  std::string field;   // where it is written: "nodes.pay.with.body"
  std::vector<Reference> references;
  std::shared_ptr<const Program> program;

  bool empty() const { return program == nullptr; }
};

// A JSON value with expressions at some of its leaves.
struct Template {
  enum class Kind : uint8_t { kConstant, kExpression, kArray, kObject };

  Kind kind = Kind::kConstant;
  json::Value constant;           // kConstant: also whole trees without expressions
  Expression expression;          // kExpression
  std::vector<Template> items;    // kArray, kObject
  std::vector<std::string> keys;  // kObject: keys[i] belongs to items[i]

  // Whether it was written at all: the absent template is the constant null.
  bool empty() const { return kind == Kind::kConstant && constant.is_null(); }
};

enum class NodeKind : uint8_t {
  kTransform,  // data.transform, and every other pure node with one value
  kIf,         // flow.if
  kSwitch,     // flow.switch
  kWait,       // flow.wait
  kFail,       // flow.fail
  kTask,       // done outside: ai.agent with an agent, action.*
  kNoop,       // bench.noop: completes at once with null
  kSignal,     // flow.signal
  kApproval,   // flow.approval
  kCondition,  // flow.await
  kChild,      // flow.workflow, custom.*
  // Containers: `body` is their scope.
  kMap,          // flow.map, flow.pipeline
  kLoop,         // flow.loop
  kTransaction,  // flow.transaction
  kEnd,          // flow.end
  kCancel,       // flow.cancel
  kCritical,     // flow.critical
};

struct IfConfig {
  Expression when;
  PortIndex then_port = 0;
  PortIndex else_port = 1;
};

struct SwitchConfig {
  struct Case {
    PortIndex port = 0;
    Expression when;
  };
  std::vector<Case> cases;           // the first that holds
  PortIndex default_port = kNoPort;  // where none holds
  bool all = false;                  // every case that holds; the output lists their ports
};

struct TransformConfig {
  Template value;
};

// Exactly one of the two is written.
struct WaitConfig {
  Template duration;  // "90s", "1h30m", or a number of seconds
  Template until;     // RFC 3339
};

struct FailConfig {
  Template reason;  // UPPER_SNAKE; NODE_FAILED where not written
  Template message;
};

struct TaskConfig {
  Template agent;  // a string: the queue; mostly constant
  Template input;  // what the worker gets
};

struct SignalConfig {
  Template name;      // a string
  Expression filter;  // reads the payload as `signal`; empty: every signal of that name
};

// What becomes of an approval that nobody decides in time.
enum class OnTimeout : uint8_t { kReject = 1, kApprove = 2, kFail = 3 };

// An approval's node, or a node's policy.approval.
struct ApprovalConfig {
  Expression when;       // policy only: whether it is needed; empty: always
  Template title;        // a string; empty: the node's path
  Template description;  // a string
  Template by;           // "role:x", "user:y", "group:z", or a list of them; empty: anybody
  Micros timeout = 0;
  OnTimeout on_timeout = OnTimeout::kReject;
  json::Value form;  // JSON Schema; null: none
  PortIndex approved_port = 0;
  PortIndex rejected_port = 1;
};

struct ConditionConfig {
  Expression condition;
};

struct ChildConfig {
  Template workflow;    // a string: its id
  int32_t version = 0;  // 0: the one that counts when it starts
  Template input;
  bool detach = false;  // complete once it has started
};

// What happens to an execution whose concurrency key has no place left. Stored.
enum class WhenBusy : uint8_t { kQueue = 1, kCancelRunning = 2, kCancelNew = 3 };

struct MapConfig {
  Template items;                 // a list
  uint32_t concurrency = 0;       // 0: all at once, under the engine's own bound
  double tolerated_failures = 0;  // share of the items, 0 to 1
  Template output;                // per item, evaluated inside the body
  bool in_order = false;          // each node of the body takes the items in their order
};

struct LoopConfig {
  Expression while_condition;  // before each iteration; one of the two
  Expression until_condition;  // after each iteration
  uint32_t max_iterations = 1000;
  Template output;  // of an iteration, evaluated inside the body
};

struct TransactionConfig {
  Template output;
};

// Ends its scope as completed: the execution, or the round of the container around it.
struct EndConfig {
  Template output;
};

struct CancelConfig {
  std::vector<NodeIndex> nodes;  // of its scope
};

struct CriticalConfig {
  Template key;  // a string
  uint32_t limit = 1;
  Template output;  // evaluated inside the body
};

using NodeConfig =
    std::variant<std::monostate, IfConfig, SwitchConfig, TransformConfig, WaitConfig, FailConfig,
                 TaskConfig, MapConfig, LoopConfig, TransactionConfig, SignalConfig, ApprovalConfig,
                 ConditionConfig, ChildConfig, CriticalConfig, EndConfig, CancelConfig>;

// When a node runs, by how its in-edges end (taken or dead).
struct Join {
  enum class Kind : uint8_t {
    kAll,   // none open and at least one taken
    kAny,   // at the first taken
    kNOfM,  // at the n-th taken
  };
  Kind kind = Kind::kAll;
  uint32_t n = 1;            // kNOfM
  bool cancel_rest = false;  // when it runs, cancel what could only have led here
};

enum class Backoff : uint8_t { kFixed, kLinear, kExponential };
enum class Jitter : uint8_t { kNone, kFull };

struct Retry {
  uint32_t max_attempts = 1;  // all together; 1: no retry
  Backoff backoff = Backoff::kExponential;
  Micros initial = 1'000'000;
  Micros max = 120'000'000;
  double factor = 2;  // kExponential
  Jitter jitter = Jitter::kFull;
  // Reasons of failures, a trailing '*' matches the rest. Empty retry_on: every failure that
  // the worker did not call final.
  std::vector<std::string> retry_on;
  std::vector<std::string> except_on;
  Expression except_when;     // over `error`: true where there is no point in it
  bool pause_at_end = false;  // onExhausted: pause: the step is held when no attempt is left
};

struct Timeouts {
  Micros start_to_close = 0;     // of one attempt, from its claim
  Micros schedule_to_close = 0;  // of the step with all its attempts, from its first offer
  Micros schedule_to_start = 0;  // of an attempt's wait for a worker
  Micros heartbeat = 0;
};

enum class OnError : uint8_t {
  kFail,        // the scope fails
  kContinue,    // as if completed: takes `continue_port`; the error can be read
  kCompensate,  // the scope fails once what completed in it is undone
  kPause,       // the execution pauses until somebody decides
};

struct Policy {
  Retry retry;
  Timeouts timeouts;
  OnError on_error = OnError::kFail;
  PortIndex continue_port = 0;
  Expression idempotency_key;    // a string; empty: execution id and step key
  NodeIndex compensate = kNone;  // the node of the same scope that undoes this one
  // Run the node only after everything before it is committed: the step is handed out as an
  // in-process task instead of being run in the same decision. For pure nodes.
  bool checkpoint = false;
  // Rounds of the flow.map around it that work on this node at a time; 0: any number.
  uint32_t concurrency = 0;
  std::shared_ptr<const ApprovalConfig> approval;  // null: none
};

struct Node {
  std::string id;    // "inner"
  std::string path;  // "outer.inner"; unique
  std::string type;  // "ai.agent@1"
  NodeKind kind = NodeKind::kTransform;
  NodeConfig config;
  std::vector<std::string> ports = {"out"};  // without "error"
  Join join;
  Policy policy;
  ScopeIndex scope = 0;
  ScopeIndex body = kNone;  // containers
  // Runs only when a step that names it in `compensate` is undone; has no in-edges.
  bool compensation = false;

  uint32_t in_edges = 0;             // [derived] how many
  std::vector<EdgeIndex> out_edges;  // [derived] in document order
  // [derived] Where join.cancel_rest: every node of the scope all of whose out-edges lead here
  // or to another of these.
  std::vector<NodeIndex> rest;
  NodeIndex undoes = kNone;  // [derived] compensations: the one node that names this
};

struct Edge {
  NodeIndex from = kStart;
  PortIndex port = 0;  // of `from`; kErrorPort
  NodeIndex to = 0;
  // On error edges: the reasons it is for, a trailing '*' matches the rest; empty: every reason.
  std::vector<std::string> reasons;
};

struct Scope {
  NodeIndex owner = kNone;  // the container; kNone for scope 0
  NodeIndex first_node = 0;
  uint32_t node_count = 0;
  EdgeIndex first_edge = 0;
  uint32_t edge_count = 0;

  uint32_t settling = 0;           // [derived] nodes that settle: all but compensations
  std::vector<EdgeIndex> entries;  // [derived] edges from `start`
};

// An execution holds one of `limit` places of (tenant, key) while it runs.
struct ConcurrencyConfig {
  Expression key;  // over `inputs`: a string; empty: none
  uint32_t limit = 1;
  WhenBusy when_busy = WhenBusy::kQueue;
};

struct Plan {
  std::string hash;      // of the document; identifies the plan
  std::string workflow;  // "workflows/{id}"
  int32_t version = 0;
  std::vector<Scope> scopes;  // [0] is the root
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  json::Value inputs_schema;   // JSON Schema; null: anything
  Template outputs;            // of the execution; empty: null
  Micros timeout = 0;          // of the execution
  json::Value budget;          // as written; null: none
  uint32_t max_in_flight = 0;  // tasks READY or RUNNING at a time; 0: any number
  ConcurrencyConfig concurrency;
  int16_t retention_days = 0;  // class of its executions; 0: the installation's

  // [derived] by path, sorted.
  std::vector<std::pair<std::string, NodeIndex>> by_path;

  // kNone where there is no such node.
  NodeIndex FindNode(std::string_view path) const;
};

using PlanPtr = std::shared_ptr<const Plan>;

// Checks a plan's structure and fills its derived fields. The engine runs sealed plans only and
// trusts them. Error: INTERNAL, reason PLAN_MALFORMED: the maker's mistake, never the user's.
absl::Status Seal(Plan& plan);

// Whether a reason is matched by one of `patterns`: equal, or by a trailing '*'.
bool MatchesReason(const std::vector<std::string>& patterns, std::string_view reason);

}  // namespace agentflow::workflow
