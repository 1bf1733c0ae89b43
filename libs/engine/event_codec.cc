#include <algorithm>
#include <array>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/stored.h"
#include "libs/engine/wire.h"

// Events as fields with tags. All kinds share one table of tags, so that a tag means one thing.
// Stored for ever: new kinds get the next number, new fields the next tag; none is re-used.
namespace agentflow::engine {
namespace {

// By index in EventBody.
constexpr std::array<uint8_t, std::variant_size_v<EventBody>> kKindNumbers = {
    1 /* ExecutionStarted */,   2 /* StepScheduled */,
    3 /* StepClaimed */,        4 /* StepWaiting */,
    5 /* StepCompleted */,      6 /* AttemptFailed */,
    7 /* StepFailed */,         8 /* StepSkipped */,
    9 /* StepCanceled */,       10 /* ActivationOpened */,
    11 /* ActivationClosed */,  12 /* ExecutionCompleted */,
    13 /* ExecutionFailed */,   14 /* ExecutionCanceled */,
    15 /* ExecutionTimedOut */, 16 /* ContainerStarted */,
    17 /* ExecutionPaused */,   18 /* ExecutionResumed */,
    19 /* StepHeld */,          20 /* StepRetried */,
    21 /* UnwindingStarted */,  22 /* StepCompensated */,
    23 /* ExecutionRebased */,  30 /* SignalReceived */,
    31 /* ApprovalDecided */,   32 /* ChildAttached */,
    33 /* KeyHeld */,           34 /* HoldLifted */};

enum Tag : uint32_t {
  kKind = 1,
  kSequence = 2,
  kTime = 3,
  kActivation = 4,  // of the step
  kNode = 5,        // of the step
  kAttempt = 6,
  kPort = 7,
  kValue = 8,  // output, item or items
  kStartedAt = 9,
  kReadyAt = 10,
  kDeadline = 11,  // also StepWaiting::wake_at
  kError = 12,
  kReason = 13,
  kFlag = 14,  // in_process, lost
  kOffer = 15,
  kOpened = 16,  // an activation's index
  kScope = 17,
  kIteration = 18,
  kHolder = 19,
  kInfo = 20,
  kPrincipal = 21,
  kCause = 22,
  kTotal = 23,
  kConcurrency = 24,
  kEnding = 25,
  kRebase = 26,  // its kind
  kPlanHash = 27,
  kSnapshot = 28,
  kSource = 29,
  kSourceSequence = 30,
  kMaxInFlight = 31,
  kWait = 40,
  kCloseDeadline = 41,  // StepWaiting::deadline
  kSignal = 42,         // a sequence
  kCommandId = 43,
  kName = 44,
  kComment = 45,
  kChild = 46,
  kVersion = 47,
  kHold = 48,
};

class BodyWriter {
 public:
  explicit BodyWriter(WireWriter& out) : out_(out) {}

  void operator()(const ExecutionStarted& e) {
    out_.Message(kInfo, [&](WireWriter& out) { WriteStartInfo(*e.info, out); });
    out_.Signed(kDeadline, e.deadline);
    out_.Number(kMaxInFlight, e.max_in_flight);
  }
  void operator()(const StepScheduled& e) {
    Step(e.step);
    if (e.offer) out_.Message(kOffer, [&](WireWriter& out) { WriteOffer(*e.offer, out); });
    out_.Signed(kReadyAt, e.ready_at);
    out_.Signed(kDeadline, e.deadline);
    out_.Number(kFlag, e.in_process);
  }
  void operator()(const StepClaimed& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    out_.Bytes(kHolder, e.holder);
    out_.Signed(kDeadline, e.deadline);
  }
  void operator()(const StepWaiting& e) {
    Step(e.step);
    out_.Signed(kDeadline, e.wake_at);
    if (e.wait) out_.Message(kWait, [&](WireWriter& out) { WriteWait(*e.wait, out); });
    out_.Signed(kCloseDeadline, e.deadline);
  }
  void operator()(const StepCompleted& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    out_.Number(kPort, e.port);
    WriteValueField(kValue, e.output, out_);
    out_.Signed(kStartedAt, e.started_at);
    out_.Number(kSignal, e.signal);
  }
  void operator()(const AttemptFailed& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    WriteErrorField(kError, e.error, out_);
    out_.Signed(kReadyAt, e.ready_at);
    out_.Number(kFlag, e.lost);
  }
  void operator()(const StepFailed& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    WriteErrorField(kError, e.error, out_);
    out_.Number(kPort, e.port);
    out_.Signed(kStartedAt, e.started_at);
  }
  void operator()(const StepSkipped& e) { Step(e.step); }
  void operator()(const StepCanceled& e) {
    Step(e.step);
    out_.Bytes(kReason, e.reason);
  }
  void operator()(const ActivationOpened& e) {
    Step(e.owner);
    out_.Number(kOpened, e.activation);
    out_.Number(kScope, e.scope);
    out_.Number(kIteration, e.iteration);
    WriteValueField(kValue, e.item, out_);
  }
  void operator()(const ActivationClosed& e) {
    out_.Number(kOpened, e.activation);
    WriteValueField(kValue, e.output, out_);
    WriteErrorField(kError, e.error, out_);
  }
  void operator()(const ExecutionCompleted& e) { WriteValueField(kValue, e.output, out_); }
  void operator()(const ExecutionFailed& e) { WriteErrorField(kError, e.error, out_); }
  void operator()(const ExecutionCanceled& e) {
    out_.Bytes(kPrincipal, e.principal);
    out_.Bytes(kCause, e.cause);
    WriteErrorField(kError, e.error, out_);
  }
  void operator()(const ExecutionTimedOut& e) { WriteErrorField(kError, e.error, out_); }
  void operator()(const ContainerStarted& e) {
    Step(e.step);
    WriteValueField(kValue, e.items, out_);
    out_.Number(kTotal, e.total);
    out_.Number(kConcurrency, e.concurrency);
  }
  void operator()(const ExecutionPaused& e) {
    out_.Bytes(kPrincipal, e.principal);
    out_.Bytes(kCause, e.cause);
    out_.Bytes(kCommandId, e.id);
  }
  void operator()(const ExecutionResumed& e) {
    out_.Bytes(kPrincipal, e.principal);
    out_.Bytes(kCommandId, e.id);
  }
  void operator()(const StepHeld& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    WriteErrorField(kError, e.error, out_);
    out_.Signed(kStartedAt, e.started_at);
  }
  void operator()(const StepRetried& e) { Step(e.step); }
  void operator()(const UnwindingStarted& e) {
    Step(e.target);
    out_.Number(kFlag, e.everything);
    WriteEndingField(kEnding, e.ending, out_);
  }
  void operator()(const StepCompensated& e) { Step(e.step); }
  void operator()(const ExecutionRebased& e) {
    out_.Number(kRebase, static_cast<uint64_t>(e.kind));
    out_.Bytes(kPlanHash, e.plan_hash);
    out_.Bytes(kSnapshot, e.snapshot);
    out_.Bytes(kSource, e.source);
    out_.Number(kSourceSequence, e.source_sequence);
  }
  void operator()(const SignalReceived& e) {
    out_.Bytes(kCommandId, e.id);
    out_.Bytes(kName, e.name);
    WriteValueField(kValue, e.payload, out_);
    out_.Bytes(kPrincipal, e.principal);
  }
  void operator()(const ApprovalDecided& e) {
    Step(e.step);
    out_.Number(kFlag, e.approved);
    out_.Bytes(kPrincipal, e.principal);
    out_.Bytes(kComment, e.comment);
    WriteValueField(kValue, e.values, out_);
  }
  void operator()(const ChildAttached& e) {
    Step(e.step);
    out_.Number(kAttempt, e.attempt);
    WriteIdField(kChild, e.child, out_);
    out_.Number(kVersion, static_cast<uint64_t>(std::max(e.version, 0)));
  }
  void operator()(const KeyHeld& e) { Step(e.step); }
  void operator()(const HoldLifted& e) {
    out_.Number(kHold, e.hold);
    out_.Signed(kDeadline, e.deadline);
  }

 private:
  void Step(StepRef step) {
    out_.Number(kActivation, step.activation);
    out_.Number(kNode, step.node);
  }

  WireWriter& out_;
};

// Every field an event may have.
struct Fields {
  uint64_t kind = 0;
  uint64_t sequence = 0;
  int64_t time = 0;
  StepRef step;
  uint32_t attempt = 0;
  uint16_t port = 0;
  json::Value value;
  int64_t started_at = 0;
  int64_t ready_at = 0;
  int64_t deadline = 0;
  Error error;
  std::string reason;
  bool flag = false;
  std::shared_ptr<const Offer> offer;
  uint32_t opened = 0;
  uint32_t scope = 0;
  uint32_t iteration = 0;
  std::string holder;
  std::shared_ptr<const StartInfo> info;
  std::string principal;
  std::string cause;
  uint32_t total = 0;
  uint32_t concurrency = 0;
  Ending ending;
  uint8_t rebase = 0;
  std::string plan_hash;
  std::string snapshot;
  std::string source;
  uint64_t source_sequence = 0;
  uint32_t max_in_flight = 0;
  std::shared_ptr<const Wait> wait;
  int64_t close_deadline = 0;
  uint64_t signal = 0;
  std::string command_id;
  std::string name;
  std::string comment;
  Uuid child;
  int32_t version = 0;
  uint64_t hold = 0;
};

bool ReadRebaseField(const WireReader& in, Fields& fields) {
  switch (in.tag) {
    case kRebase:
      return Fit(in.number, &fields.rebase) && fields.rebase >= 1 && fields.rebase <= 4;
    case kPlanHash:
      fields.plan_hash = in.bytes;
      return true;
    case kSnapshot:
      fields.snapshot = in.bytes;
      return true;
    case kSource:
      fields.source = in.bytes;
      return true;
    case kSourceSequence:
      fields.source_sequence = in.number;
      return true;
    default:
      return true;  // of a newer build
  }
}

bool ReadField(const WireReader& in, Fields& fields) {
  switch (in.tag) {
    case kKind:
      fields.kind = in.number;
      return true;
    case kSequence:
      fields.sequence = in.number;
      return true;
    case kTime:
      fields.time = UnZigZag(in.number);
      return true;
    case kActivation:
      return Fit(in.number, &fields.step.activation);
    case kNode:
      return Fit(in.number, &fields.step.node);
    case kAttempt:
      return Fit(in.number, &fields.attempt);
    case kPort:
      return Fit(in.number, &fields.port);
    case kValue:
      return ReadValue(in.bytes, &fields.value);
    case kStartedAt:
      fields.started_at = UnZigZag(in.number);
      return true;
    case kReadyAt:
      fields.ready_at = UnZigZag(in.number);
      return true;
    case kDeadline:
      fields.deadline = UnZigZag(in.number);
      return true;
    case kError:
      return ReadError(in.bytes, &fields.error);
    case kReason:
      fields.reason = in.bytes;
      return true;
    case kFlag:
      fields.flag = in.number != 0;
      return true;
    case kOffer:
      return ReadOffer(in.bytes, &fields.offer);
    case kOpened:
      return Fit(in.number, &fields.opened);
    case kScope:
      return Fit(in.number, &fields.scope);
    case kIteration:
      return Fit(in.number, &fields.iteration);
    case kHolder:
      fields.holder = in.bytes;
      return true;
    case kInfo:
      return ReadStartInfo(in.bytes, &fields.info);
    case kPrincipal:
      fields.principal = in.bytes;
      return true;
    case kCause:
      fields.cause = in.bytes;
      return true;
    case kTotal:
      return Fit(in.number, &fields.total);
    case kConcurrency:
      return Fit(in.number, &fields.concurrency);
    case kEnding:
      return ReadEnding(in.bytes, &fields.ending);
    case kMaxInFlight:
      return Fit(in.number, &fields.max_in_flight);
    case kWait:
      return ReadWait(in.bytes, &fields.wait);
    case kCloseDeadline:
      fields.close_deadline = UnZigZag(in.number);
      return true;
    case kSignal:
      fields.signal = in.number;
      return true;
    case kCommandId:
      fields.command_id = in.bytes;
      return true;
    case kName:
      fields.name = in.bytes;
      return true;
    case kComment:
      fields.comment = in.bytes;
      return true;
    case kChild:
      return ReadId(in.bytes, &fields.child);
    case kVersion:
      return Fit(in.number, &fields.version);
    case kHold:
      fields.hold = in.number;
      return in.number == kHoldAdmission || in.number == kHoldKey;
    default:
      return ReadRebaseField(in, fields);
  }
}

// Pause, unwinding, rebase. False for a kind that this build does not know.
bool MakeControlBody(Fields& f, EventBody* body) {
  switch (f.kind) {
    case 17:
      *body = ExecutionPaused{std::move(f.principal), std::move(f.cause),
                              std::move(f.command_id)};
      return true;
    case 18:
      *body = ExecutionResumed{std::move(f.principal), std::move(f.command_id)};
      return true;
    case 19:
      *body = StepHeld{f.step, f.attempt, std::move(f.error), f.started_at};
      return true;
    case 20:
      *body = StepRetried{f.step};
      return true;
    case 21:
      *body = UnwindingStarted{f.step, f.flag, std::move(f.ending)};
      return true;
    case 22:
      *body = StepCompensated{f.step};
      return true;
    case 23:
      *body =
          ExecutionRebased{static_cast<ExecutionRebased::Kind>(f.rebase), std::move(f.plan_hash),
                           std::move(f.snapshot), std::move(f.source), f.source_sequence};
      return true;
    default:
      return false;
  }
}

// False for a kind that this build does not know.
bool MakeBody(Fields& f, EventBody* body) {
  switch (f.kind) {
    case 1:
      *body = ExecutionStarted{std::move(f.info), f.deadline, f.max_in_flight};
      return true;
    case 2:
      *body = StepScheduled{f.step, std::move(f.offer), f.ready_at, f.deadline, f.flag};
      return true;
    case 3:
      *body = StepClaimed{f.step, f.attempt, std::move(f.holder), f.deadline};
      return true;
    case 4:
      *body = StepWaiting{f.step, f.deadline, std::move(f.wait), f.close_deadline};
      return true;
    case 5:
      *body = StepCompleted{f.step, f.attempt, f.port, std::move(f.value), f.started_at, f.signal};
      return true;
    case 6:
      *body = AttemptFailed{f.step, f.attempt, std::move(f.error), f.ready_at, f.flag};
      return true;
    case 7:
      *body = StepFailed{f.step, f.attempt, std::move(f.error), f.port, f.started_at};
      return true;
    case 8:
      *body = StepSkipped{f.step};
      return true;
    case 9:
      *body = StepCanceled{f.step, std::move(f.reason)};
      return true;
    case 10:
      *body = ActivationOpened{f.opened, f.scope, f.step, f.iteration, std::move(f.value)};
      return true;
    case 11:
      *body = ActivationClosed{f.opened, std::move(f.value), std::move(f.error)};
      return true;
    case 12:
      *body = ExecutionCompleted{std::move(f.value)};
      return true;
    case 13:
      *body = ExecutionFailed{std::move(f.error)};
      return true;
    case 14:
      *body = ExecutionCanceled{std::move(f.principal), std::move(f.cause), std::move(f.error)};
      return true;
    case 15:
      *body = ExecutionTimedOut{std::move(f.error)};
      return true;
    case 16:
      *body = ContainerStarted{f.step, std::move(f.value), f.total, f.concurrency};
      return true;
    case 30:
      *body = SignalReceived{std::move(f.command_id), std::move(f.name), std::move(f.value),
                             std::move(f.principal)};
      return true;
    case 31:
      *body = ApprovalDecided{f.step, f.flag, std::move(f.principal), std::move(f.comment),
                              std::move(f.value)};
      return true;
    case 32:
      *body = ChildAttached{f.step, f.attempt, f.child, f.version};
      return true;
    case 33:
      *body = KeyHeld{f.step};
      return true;
    case 34:
      *body = HoldLifted{f.hold == kHoldKey ? kHoldKey : kHoldAdmission, f.deadline};
      return true;
    default:
      return MakeControlBody(f, body);
  }
}

absl::Status Corrupt() {
  return agentflow::Error(absl::StatusCode::kDataLoss, "RECORD_CORRUPT",
                          "A record of the journal is broken.");
}

absl::StatusOr<Event> DecodeEvent(std::string_view bytes) {
  WireReader in(bytes);
  Fields fields;
  while (in.Next()) {
    if (!ReadField(in, fields)) return Corrupt();
  }
  if (!in.ok() || (fields.kind == 1 && !fields.info)) return Corrupt();
  Event event;
  event.sequence = fields.sequence;
  event.time = fields.time;
  if (!MakeBody(fields, &event.body)) {
    return agentflow::Error(absl::StatusCode::kUnimplemented, "EVENT_UNKNOWN",
                            "The journal has an event of kind " + std::to_string(fields.kind) +
                                ", which this build does not know; run the newer one.");
  }
  return event;
}

}  // namespace

void EncodeEvent(const Event& event, std::string* record) {
  std::string bytes;
  WireWriter out(&bytes);
  out.Number(kKind, kKindNumbers[event.body.index()]);
  out.Number(kSequence, event.sequence);
  out.Signed(kTime, event.time);
  std::visit(BodyWriter(out), event.body);
  WriteVarint(bytes.size(), record);
  record->append(bytes);
}

std::string EncodeEvents(std::span<const Event> events) {
  std::string record;
  for (const Event& event : events) EncodeEvent(event, &record);
  return record;
}

absl::StatusOr<std::vector<Event>> DecodeEvents(std::string_view record) {
  std::vector<Event> events;
  WireReader in(record);
  while (!in.at_end()) {
    std::string_view bytes = in.Bytes();
    if (!in.ok()) return Corrupt();
    AF_ASSIGN_OR_RETURN(Event event, DecodeEvent(bytes));
    events.push_back(std::move(event));
  }
  if (!in.ok()) return Corrupt();
  return events;
}

}  // namespace agentflow::engine
