#include "services/coordinator/rpc/work.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "agentflow/api/v1/worker.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/auth/principal.h"
#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/obs/log.h"
#include "libs/rpc/json_value.h"

namespace agentflow::coordinator {
namespace {

using api::v1::CoordinatorMessage;
using api::v1::WorkerMessage;
using google::protobuf::util::TimeUtil;
using Stream = rpc::ServerStream<WorkerMessage, CoordinatorMessage>;

// How a worker names tasks: by its own tenant's, or with each one's tenant.
struct Names {
  bool shared = false;

  std::string Of(const AttemptId& id) const { return shared ? SharedTaskId(id) : TaskId(id); }
  std::optional<AttemptId> Parse(const std::string& tenant, const std::string& task_id,
                                 int attempt) const {
    return shared ? ParseSharedTaskId(task_id, attempt) : ParseTaskId(tenant, task_id, attempt);
  }
};

void Fill(const Task& task, Names names, api::v1::Task* out) {
  out->set_task_id(names.Of(task.id));
  if (names.shared) out->set_tenant(task.id.tenant);
  out->set_attempt(task.id.attempt);
  out->set_agent(task.agent);
  auto input = json::Parse(task.input_json);
  rpc::ToProto(input.ok() ? *input : json::Value(), out->mutable_input());
  out->set_execution("executions/" + task.id.execution_id);
  size_t mark = task.id.step.find('#');
  out->set_node(task.id.step.substr(0, mark));
  if (mark != std::string::npos) out->set_iteration(task.id.step.substr(mark + 1));
  out->set_workflow(task.workflow);
  out->set_idempotency_key(task.idempotency_key);
  if (task.deadline_ms > 0) {
    *out->mutable_deadline() = TimeUtil::MillisecondsToTimestamp(task.deadline_ms);
  }
  out->set_traceparent(task.traceparent);
  out->set_token(task.token);
  out->set_mode(task.mode);
  if (task.heartbeat_ms > 0) {
    *out->mutable_heartbeat_timeout() = TimeUtil::MillisecondsToDuration(task.heartbeat_ms);
  }
}

void Fill(const AttemptId& id, Names names, api::v1::TaskRef* out) {
  out->set_task_id(names.Of(id));
  out->set_attempt(id.attempt);
}

class StreamPort final : public WorkerPort {
 public:
  StreamPort(Stream stream, Names names) : stream_(std::move(stream)), names_(names) {}

  void SendTasks(const std::vector<Task>& tasks) override {
    CoordinatorMessage message;
    for (const Task& task : tasks) Fill(task, names_, message.mutable_tasks()->add_tasks());
    stream_.Write(message);
  }
  void SendCancel(const AttemptId& id, std::string_view reason) override {
    CoordinatorMessage message;
    Fill(id, names_, message.mutable_cancel()->add_tasks());
    message.mutable_cancel()->set_reason(std::string(reason));
    stream_.Write(message);
  }
  void SendAcknowledged(const AttemptId& id) override {
    CoordinatorMessage message;
    Fill(id, names_, message.mutable_acknowledged()->add_results());
    stream_.Write(message);
  }
  void SendRefused(const AttemptId& id, std::string_view reason) override {
    CoordinatorMessage message;
    api::v1::RefusedResult* refused = message.mutable_acknowledged()->add_refused();
    Fill(id, names_, refused->mutable_task());
    refused->set_reason(std::string(reason));
    refused->set_message(
        reason == kTokenInvalid
            ? "The token is not the one that came with this attempt: send back Task.token as it is."
            : "Attempt " + std::to_string(id.attempt) + " had ended before its result came, and "
              "another one has followed. Nothing was changed.");
    stream_.Write(message);
  }
  void SendDrain() override {
    CoordinatorMessage message;
    message.mutable_drain();
    stream_.Write(message);
  }

 private:
  Stream stream_;
  const Names names_;
};

Outcome OutcomeOf(const api::v1::TaskResult& result) {
  if (result.has_failure()) {
    const auto& failure = result.failure();
    return {.failed = true,
            .reason = failure.reason().empty() ? "TASK_FAILED" : failure.reason(),
            .message = failure.message(),
            .retryable = failure.retryable()};
  }
  auto output = rpc::ToJson(result.output());
  if (!output.ok()) {
    return {.failed = true, .reason = "OUTPUT_INVALID", .message = MessageOf(output.status())};
  }
  return {.output_json = json::Dump(*output)};
}

// One worker's stream, from its Hello to its end.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Stream stream, Hub& hub, Registry& registry, runtime::ThreadPool& background,
               const Clock& clock, const WorkOptions& options)
      : stream_(std::move(stream)),
        tenant_(stream_.call().tenant()),
        hub_(hub),
        registry_(registry),
        background_(background),
        clock_(clock),
        options_(options) {}

  void Begin() {
    auto self = shared_from_this();
    stream_.OnEnd([self](const absl::Status&) {
      if (self->session_ != 0) self->hub_.Disconnect(self->session_, self->NowMs());
    });
    stream_.Start([self](WorkerMessage message) { self->Receive(std::move(message)); },
                  [self] { self->stream_.Finish(); });
  }

 private:
  int64_t NowMs() const { return clock_.Now() / 1000; }

  void Receive(WorkerMessage message) {
    if (session_ == 0 && !message.has_hello()) {
      return stream_.Finish(InvalidArgument("HELLO_MISSING", "hello", "the first message of a "
                                            "worker's stream must be hello"));
    }
    switch (message.body_case()) {
      case WorkerMessage::kHello: return Greet(message.hello());
      case WorkerMessage::kCredit: return hub_.AddCredit(session_, message.credit().tasks());
      case WorkerMessage::kHeartbeat:
        return hub_.Heartbeat(session_, Ids(message.heartbeat().held()),
                              Ids(message.heartbeat().alive()), NowMs());
      case WorkerMessage::kResults: return TakeResults(message.results());
      case WorkerMessage::kDrain: return hub_.WorkerDrains(session_);
      case WorkerMessage::BODY_NOT_SET: return;
    }
  }

  void Greet(const api::v1::Hello& hello) {
    absl::Status valid = Check(hello);
    if (!valid.ok()) return stream_.Finish(valid);
    names_.shared = hello.shared();
    CoordinatorMessage welcome;
    *welcome.mutable_welcome()->mutable_heartbeat_interval() =
        TimeUtil::MillisecondsToDuration(options_.heartbeat_interval_ms);
    *welcome.mutable_welcome()->mutable_lease() =
        TimeUtil::MillisecondsToDuration(options_.lease_ms);
    stream_.Write(welcome);
    WorkerHello told{.worker_id = hello.worker_id(),
                     .capacity = hello.capacity(),
                     .client = hello.client(),
                     .held = Held(hello),
                     .shared = hello.shared()};
    for (const auto& agent : hello.agents()) told.agents.push_back(agent.id());
    session_ = hub_.Connect(tenant_, told, std::make_shared<StreamPort>(stream_, names_),
                            NowMs());
    obs::Info("worker connected", {{"tenant", tenant_}, {"worker", hello.worker_id()},
                                   {"agents", hello.agents_size()}});
    RegisterAgents(hello);
  }

  absl::Status Check(const api::v1::Hello& hello) const {
    if (session_ != 0) return InvalidArgument("HELLO_REPEATED", "hello", "hello comes once");
    if (hello.worker_id().empty() || hello.worker_id().size() > 200) {
      return InvalidArgument("FIELD_INVALID", "hello.worker_id", "must have 1 to 200 characters");
    }
    if (hello.capacity() < 1 || hello.capacity() > options_.capacity_max) {
      return InvalidArgument("FIELD_INVALID", "hello.capacity",
                             "must be 1 to " + std::to_string(options_.capacity_max));
    }
    if (hello.agents_size() < 1 || hello.agents_size() > options_.agents_max) {
      return InvalidArgument("FIELD_INVALID", "hello.agents",
                             "must be 1 to " + std::to_string(options_.agents_max));
    }
    if (hello.shared()) {
      AF_RETURN_IF_ERROR(auth::RequirePermission(stream_.call().principal(), "tenants.work"));
    }
    for (const auto& agent : hello.agents()) {
      if (!IsAgentId(agent.id())) {
        return InvalidArgument("FIELD_INVALID", "hello.agents.id",
                               "'" + agent.id() + "' must match [a-z][a-z0-9_-]{0,62}");
      }
    }
    return absl::OkStatus();
  }

  void RegisterAgents(const api::v1::Hello& hello) {
    std::vector<AgentDescription> agents;
    for (const auto& agent : hello.agents()) {
      agents.push_back({agent.id(), agent.title(), agent.description(),
                        SchemaText(agent.has_input_schema(), agent.input_schema()),
                        SchemaText(agent.has_output_schema(), agent.output_schema())});
    }
    auto self = shared_from_this();
    bool taken = background_.TrySubmit([self, agents = std::move(agents)] {
      absl::Status registered = self->registry_.Register(self->tenant_, agents);
      if (!registered.ok()) self->stream_.Finish(registered);  // the worker connects again
    });
    if (!taken) {
      stream_.Finish(Error(absl::StatusCode::kResourceExhausted, "SERVER_OVERLOADED",
                           "too many workers connect at once; try again"));
    }
  }

  static std::string SchemaText(bool given, const google::protobuf::Struct& schema) {
    if (!given) return "";
    auto value = rpc::ToJson(schema);
    return value.ok() ? json::Dump(*value) : "";
  }

  void TakeResults(const api::v1::TaskResults& results) {
    std::vector<Result> taken;
    for (const auto& result : results.results()) {
      auto id = names_.Parse(tenant_, result.task_id(), result.attempt());
      if (!id) {
        return stream_.Finish(InvalidArgument("TASK_ID_INVALID", "results.task_id",
                                              "'" + result.task_id() + "' names no task"));
      }
      taken.push_back({*id, result.token(), OutcomeOf(result)});
    }
    hub_.Finish(session_, std::move(taken), NowMs());
  }

  std::vector<Task> Held(const api::v1::Hello& hello) const {
    std::vector<Task> held;
    for (const auto& ref : hello.held()) {
      auto id = names_.Parse(tenant_, ref.task_id(), ref.attempt());
      if (!id) continue;
      const int64_t heartbeat = TimeUtil::DurationToMilliseconds(ref.heartbeat_timeout());
      // What nobody could report is not watched over.
      held.push_back({.id = *id,
                      .token = ref.token(),
                      .heartbeat_ms = ref.token().empty() ? 0 : std::max<int64_t>(heartbeat, 0)});
    }
    return held;
  }

  // Those that are names of tasks; others cannot be ours.
  template <typename Refs>
  std::vector<AttemptId> Ids(const Refs& refs) const {
    std::vector<AttemptId> ids;
    for (const auto& ref : refs) {
      if (auto id = names_.Parse(tenant_, ref.task_id(), ref.attempt())) ids.push_back(*id);
    }
    return ids;
  }

  Stream stream_;
  const std::string tenant_;
  Hub& hub_;
  Registry& registry_;
  runtime::ThreadPool& background_;
  const Clock& clock_;
  const WorkOptions options_;
  Names names_;
  Hub::SessionId session_ = 0;
};

}  // namespace

void RegisterWorkerService(rpc::Server& server, Hub& hub, Registry& registry,
                           runtime::ThreadPool& background, const Clock& clock,
                           WorkOptions options) {
  server.BidiStreaming<WorkerMessage, CoordinatorMessage>(
      "agentflow.api.v1.WorkerService/Work",
      [&hub, &registry, &background, &clock, options](Stream stream) {
        std::make_shared<Conversation>(std::move(stream), hub, registry, background, clock,
                                       options)
            ->Begin();
      });
}

}  // namespace agentflow::coordinator
