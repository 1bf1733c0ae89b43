#include "services/executor/rpc/starter.h"

#include <algorithm>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/random.h"
#include "services/executor/rpc/convert.h"

namespace agentflow::executor {
namespace {

constexpr size_t kMaxLabels = 32;
constexpr size_t kMaxLabelKey = 63;
constexpr size_t kMaxLabelValue = 255;
constexpr size_t kMaxRequestId = 128;
constexpr size_t kMaxBusinessKey = 255;

bool RequestIdCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

// What must be the same for two requests to be the same.
std::string HashOf(const StartRequest& request) {
  json::Object body{
      {"workflow", request.workflow},
      {"version", int64_t{request.version}},
      {"input", request.input},
      {"labels", LabelsText(request.labels)},
      {"priority", int64_t{request.priority}},
      {"mode", int64_t{static_cast<int>(request.mode)}},
  };
  if (!request.business_key.empty()) {
    body.Set("businessKey", request.business_key);
    body.Set("useExisting", request.use_existing);
  }
  if (request.fork != nullptr) {
    body.Set("origin", request.origin.execution);
    body.Set("sequence", static_cast<int64_t>(request.origin.sequence));
    body.Set("outputs", request.fork_outputs);
  }
  return std::string(
      crypto::AsText(crypto::Sha256(json::DumpCanonical(json::Value(std::move(body))))));
}

absl::Status CheckBusinessKey(const StartRequest& request) {
  const std::string& key = request.business_key;
  if (request.use_existing && key.empty()) {
    return InvalidArgument("BUSINESS_KEY_INVALID", "useExisting",
                           "useExisting says what happens where a business key is in use; give "
                           "businessKey too.");
  }
  const bool control = std::any_of(key.begin(), key.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f;
  });
  if (control || key.size() > kMaxBusinessKey) {
    return InvalidArgument("BUSINESS_KEY_INVALID", "businessKey",
                           "A business key is 1 to 255 bytes of text without control characters.");
  }
  return absl::OkStatus();
}

// A generator for each thread: ids need no secrecy, only to differ.
Random& ThreadRandom() {
  thread_local SeededRandom random(crypto::SecureRandom().Next());
  return random;
}

// "INPUT_INVALID" with the field's path from the start request.
absl::Status InputInvalid(const absl::Status& violation) {
  ErrorMetadata metadata = MetadataOf(violation);
  std::string field = "input";
  std::string pointer = metadata[kErrorField];
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  field += pointer;
  return InvalidArgument("INPUT_INVALID", field, MessageOf(violation));
}

}  // namespace

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() > kMaxRequestId ||
      !std::all_of(request_id.begin(), request_id.end(), RequestIdCharacter)) {
    return InvalidArgument("REQUEST_ID_INVALID", "requestId",
                           "A request id is 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  }
  return absl::OkStatus();
}

absl::Status CheckStart(const StartRequest& request) {
  AF_RETURN_IF_ERROR(CheckRequestId(request.request_id));
  AF_RETURN_IF_ERROR(CheckBusinessKey(request));
  if (request.labels.size() > kMaxLabels) {
    return InvalidArgument("LABELS_INVALID", "labels", "An execution has at most 32 labels.");
  }
  for (const auto& [key, value] : request.labels) {
    if (key.empty() || key.size() > kMaxLabelKey || value.size() > kMaxLabelValue) {
      return InvalidArgument("LABELS_INVALID", "labels." + key,
                             "A label's key has 1 to 63 characters, its value at most 255.");
    }
  }
  if (request.priority < 0 || request.priority > 5) {
    return InvalidArgument("PRIORITY_INVALID", "priority",
                           "A priority is 1 (first) to 5 (last); 3 unless given.");
  }
  return absl::OkStatus();
}

struct Starter::Pending {
  StartRequest request;
  Done done;
  std::string body_hash;
  Uuid id;  // with a request id
  std::shared_ptr<engine::StartInfo> info = std::make_shared<engine::StartInfo>();
  CompiledPtr compiled;
};

void Starter::Start(StartRequest request, Done done) {
  if (absl::Status status = CheckStart(request); !status.ok()) return done({}, status);
  auto pending = std::make_shared<Pending>();
  if (!request.request_id.empty()) {
    pending->id = ExecutionIdForRequest(request.tenant, request.request_id);
    if (!parts_.router.Owns(LaneOf(pending->id))) return done({}, LaneMoved());
    pending->body_hash = HashOf(request);
  }
  if (request.fork != nullptr) {
    pending->info->version = request.fork->version;
    CompiledPtr compiled = request.fork->compiled;
    pending->request = std::move(request);
    pending->done = std::move(done);
    return Compiled(pending, std::move(compiled));
  }
  const VersionQuestion question{request.tenant, request.workflow, request.version};
  pending->request = std::move(request);
  pending->done = std::move(done);
  parts_.versions.Resolve(
      question, [this, pending](VersionAnswer answer) { Resolved(pending, std::move(answer)); });
}

void Starter::Resolved(std::shared_ptr<Pending> pending, VersionAnswer answer) {
  if (!answer.ok()) return pending->done({}, answer.status());
  pending->info->version = answer->version;
  parts_.plans.Get(pending->request.tenant, answer->content_hash,
                   [this, pending](absl::StatusOr<CompiledPtr> compiled) {
                     Compiled(pending, std::move(compiled));
                   });
}

absl::StatusOr<json::Value> AcceptInput(const CompiledVersion& version, json::Value input) {
  if (version.plan->inputs_schema.is_null()) return input;
  if (input.is_null()) input = json::Object();  // none at all means an empty one
  absl::StatusOr<json::Value> accepted = version.inputs.Accept(input, "input");
  if (!accepted.ok()) return InputInvalid(accepted.status());
  return accepted;
}

void Starter::Compiled(std::shared_ptr<Pending> pending, absl::StatusOr<CompiledPtr> compiled) {
  if (!compiled.ok()) return pending->done({}, compiled.status());
  pending->compiled = *std::move(compiled);
  StartRequest& request = pending->request;
  absl::StatusOr<json::Value> input =
      AcceptInput(*pending->compiled, std::move(request.input));
  if (!input.ok()) return pending->done({}, input.status());
  request.input = *std::move(input);
  WithKey(pending);
}

void Starter::WithKey(std::shared_ptr<Pending> pending) {
  if (parts_.keys.Find(pending->request.tenant) != nullptr) return WithLimits(pending);
  const bool taken = parts_.lookups.TrySubmit([this, pending] {
    const absl::Status there = parts_.keys.Get(pending->request.tenant).status();
    if (!there.ok()) return pending->done({}, there);
    WithLimits(pending);
  });
  if (!taken) pending->done({}, Unavailable("EXECUTOR_BUSY", "Too many keys are being read."));
}

void Starter::WithLimits(std::shared_ptr<Pending> pending) {
  parts_.quotas.Get(pending->request.tenant, parts_.clock.Monotonic(),
                    [this, pending](TenantLimits limits) { Admitted(pending, limits); });
}

void Starter::Admitted(std::shared_ptr<Pending> pending, TenantLimits limits) {
  StartRequest& request = pending->request;
  if (!request.child.IsNil()) {
    // It runs in its parent's place: one that waited for a place of its own might wait for ever.
    parts_.load.Adopt(request.tenant, TenantLoad::Place::kRunning);
    return Post(pending, request.child, TenantLoad::Place::kRunning);
  }
  // Before the limits: of those an executor has the part that its lanes are among all.
  const bool repeatable = !pending->body_hash.empty();
  const int lane = repeatable ? LaneOf(pending->id) : parts_.router.AnyLane();
  if (lane < 0 || !parts_.router.Owns(lane)) return pending->done({}, LaneMoved());
  absl::StatusOr<TenantLoad::Place> place =
      parts_.load.Admit(request.tenant, limits, parts_.clock.Monotonic());
  if (!place.ok()) return pending->done({}, place.status());
  if (repeatable) return Post(pending, pending->id, *place);
  Post(pending, MakeExecutionId(parts_.clock.Now() / 1000, lane, ThreadRandom()), *place);
}

void Starter::Post(std::shared_ptr<Pending> pending, const Uuid& id, TenantLoad::Place place) {
  StartRequest& request = pending->request;
  engine::StartInfo& info = *pending->info;
  info.id = id;
  info.tenant = request.tenant;
  info.principal = std::move(request.principal);
  info.workflow = std::move(request.workflow);
  info.plan_hash = pending->compiled->plan->hash;
  info.mode = request.mode;
  info.priority = request.priority == 0 ? 3 : request.priority;
  info.input = std::move(request.input);
  info.labels = std::move(request.labels);
  info.trace_id = std::move(request.trace_id);
  info.request_id = std::move(request.request_id);
  info.business_key = std::move(request.business_key);
  info.strict = request.strict;
  info.queued = place == TenantLoad::Place::kQueued;
  info.parent = request.parent;
  info.origin = request.origin;
  const int16_t wanted = pending->compiled->plan->retention_days;
  StartItem item{.plan = pending->compiled->plan,
                 .info = pending->info,
                 .labels = LabelsText(info.labels),
                 .body_hash = pending->body_hash,
                 .retention_days = wanted != 0 ? wanted : parts_.retention_days,
                 .use_existing = request.use_existing};
  absl::Status made;
  if (request.fork != nullptr) {
    absl::StatusOr<engine::ExecutionState> fork = request.fork->make(info);
    made = fork.status();
    if (fork.ok()) item.fork = std::make_shared<const engine::ExecutionState>(*std::move(fork));
  }
  item.done = [pending, id](absl::StatusOr<StartAnswer> answer) {
    const bool other = answer.ok() && !answer->holder.IsNil();
    const Uuid execution = other ? answer->holder : id;
    pending->done(execution, std::move(answer));
  };
  if (made.ok()) made = parts_.router.Post(Item(std::move(item)));
  if (!made.ok()) {
    parts_.load.Release(info.tenant, place);
    pending->done({}, made);
  }
}

}  // namespace agentflow::executor
