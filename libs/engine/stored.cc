#include "libs/engine/stored.h"

#include <algorithm>
#include <array>

#include "libs/engine/codec.h"

namespace agentflow::engine {
namespace {

// Append-only, like every table of tags here.
enum InfoTag : uint32_t {
  kId = 1,
  kTenant = 2,
  kPrincipal = 3,
  kWorkflow = 4,
  kVersion = 5,
  kPlanHash = 6,
  kMode = 7,
  kPriority = 8,
  kInput = 9,
  kLabel = 10,  // repeated: {1 key, 2 value}
  kConnections = 11,
  kTraceId = 12,
  kRequestId = 13,
  kStrict = 14,
  kOrigin = 15,       // {1 kind, 2 execution, 3 sequence}
  kParent = 40,       // {1 execution, 2 step, 3 attempt, 4 depth, 5 detached}
  kConcurrency = 41,  // {1 key, 2 limit, 3 when busy}
  kQueued = 42,
  kBusinessKey = 43,
};

enum WaitTag : uint32_t {
  kWaitKind = 1,
  kWaitName = 2,
  kApproval = 3,  // {1 title, 2 description, 3 by: repeated, 4 form, 5 on timeout}
  kChildVersion = 4,
  kChildInput = 5,
  kDetach = 6,
  kLimit = 7,
};

// Up to three texts with the tags 1, 2 and 3.
bool ReadTexts(std::string_view bytes, std::string* first, std::string* second,
               std::string* third = nullptr) {
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) *first = in.bytes;
    if (in.tag == 2) *second = in.bytes;
    if (in.tag == 3 && third) *third = in.bytes;
  }
  return in.ok();
}

bool ReadLabel(std::string_view bytes, StartInfo* info) {
  auto& [key, value] = info->labels.emplace_back();
  return ReadTexts(bytes, &key, &value);
}

bool ReadOrigin(std::string_view bytes, Origin* origin) {
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) {
      if (in.number < 1 || in.number > 2) return false;
      origin->kind = static_cast<Origin::Kind>(in.number);
    }
    if (in.tag == 2) origin->execution = in.bytes;
    if (in.tag == 3) origin->sequence = in.number;
  }
  return in.ok();
}

bool ReadParent(std::string_view bytes, Parent* parent) {
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1 && !ReadId(in.bytes, &parent->execution)) return false;
    if (in.tag == 2) parent->step = in.bytes;
    if (in.tag == 3 && !Fit(in.number, &parent->attempt)) return false;
    if (in.tag == 4 && !Fit(in.number, &parent->depth)) return false;
    if (in.tag == 5) parent->detached = in.number != 0;
  }
  return in.ok();
}

bool ReadConcurrency(std::string_view bytes, ConcurrencyKey* concurrency) {
  concurrency->limit = 0;
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) concurrency->key = in.bytes;
    if (in.tag == 2 && !Fit(in.number, &concurrency->limit)) return false;
    if (in.tag == 3) {
      if (in.number < 1 || in.number > 3) return false;
      concurrency->when_busy = static_cast<workflow::WhenBusy>(in.number);
    }
  }
  return in.ok();
}

bool ReadApproval(std::string_view bytes, std::shared_ptr<const ApprovalRequest>* request) {
  auto read = std::make_shared<ApprovalRequest>();
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) read->title = in.bytes;
    if (in.tag == 2) read->description = in.bytes;
    if (in.tag == 3) read->by.emplace_back(in.bytes);
    if (in.tag == 4 && !ReadValue(in.bytes, &read->form)) return false;
    if (in.tag == 5) {
      if (in.number < 1 || in.number > 3) return false;
      read->on_timeout = static_cast<workflow::OnTimeout>(in.number);
    }
  }
  *request = std::move(read);
  return in.ok();
}

bool ReadWaitField(const WireReader& in, Wait* wait) {
  switch (in.tag) {
    case kWaitKind:
      wait->kind = static_cast<WaitKind>(in.number);
      return in.number >= 1 && in.number <= 5;
    case kWaitName:
      wait->name = in.bytes;
      return true;
    case kApproval:
      return ReadApproval(in.bytes, &wait->approval);
    case kChildVersion:
      return Fit(in.number, &wait->version);
    case kChildInput:
      return ReadValue(in.bytes, &wait->input);
    case kDetach:
      wait->detach = in.number != 0;
      return true;
    case kLimit:
      return Fit(in.number, &wait->limit);
    default:
      return true;
  }
}

bool ReadInfoField(const WireReader& in, StartInfo* info) {
  switch (in.tag) {
    case kId:
      return ReadId(in.bytes, &info->id);
    case kTenant:
      info->tenant = in.bytes;
      return true;
    case kPrincipal:
      info->principal = in.bytes;
      return true;
    case kWorkflow:
      info->workflow = in.bytes;
      return true;
    case kVersion:
      return Fit(in.number, &info->version);
    case kPlanHash:
      info->plan_hash = in.bytes;
      return true;
    case kMode:
      info->mode = static_cast<Mode>(in.number);
      return in.number >= 1 && in.number <= 3;
    case kPriority:
      return Fit(in.number, &info->priority);
    case kInput:
      return ReadValue(in.bytes, &info->input);
    case kLabel:
      return ReadLabel(in.bytes, info);
    case kConnections:
      return ReadValue(in.bytes, &info->connections);
    case kTraceId:
      info->trace_id = in.bytes;
      return true;
    case kRequestId:
      info->request_id = in.bytes;
      return true;
    case kStrict:
      info->strict = in.number != 0;
      return true;
    case kOrigin:
      return ReadOrigin(in.bytes, &info->origin);
    case kParent:
      return ReadParent(in.bytes, &info->parent);
    case kConcurrency:
      return ReadConcurrency(in.bytes, &info->concurrency);
    case kQueued:
      info->queued = in.number != 0;
      return true;
    case kBusinessKey:
      info->business_key = in.bytes;
      return true;
    default:
      return true;
  }
}

}  // namespace

void WriteIdField(uint32_t tag, const Uuid& id, WireWriter& out) {
  if (id == Uuid()) return;
  const auto& bytes = id.bytes();
  out.Bytes(tag, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool ReadId(std::string_view bytes, Uuid* id) {
  std::array<uint8_t, 16> raw;
  if (bytes.size() != raw.size()) return false;
  std::copy(bytes.begin(), bytes.end(), raw.begin());
  *id = Uuid(raw);
  return true;
}

void WriteWait(const Wait& wait, WireWriter& out) {
  out.Number(kWaitKind, static_cast<uint64_t>(wait.kind));
  out.Bytes(kWaitName, wait.name);
  if (wait.approval) {
    out.Message(kApproval, [&](WireWriter& fields) {
      fields.Bytes(1, wait.approval->title);
      fields.Bytes(2, wait.approval->description);
      for (const std::string& who : wait.approval->by) fields.AlwaysBytes(3, who);
      WriteValueField(4, wait.approval->form, fields);
      fields.Number(5, static_cast<uint64_t>(wait.approval->on_timeout));
    });
  }
  out.Number(kChildVersion, static_cast<uint64_t>(std::max(wait.version, 0)));
  WriteValueField(kChildInput, wait.input, out);
  out.Number(kDetach, wait.detach);
  out.AlwaysNumber(kLimit, wait.limit);
}

bool ReadWait(std::string_view bytes, std::shared_ptr<const Wait>* wait) {
  auto read = std::make_shared<Wait>();
  WireReader in(bytes);
  while (in.Next()) {
    if (!ReadWaitField(in, read.get())) return false;
  }
  bool fits = (read->kind == WaitKind::kApproval) == (read->approval != nullptr);
  *wait = std::move(read);
  return in.ok() && fits;
}

void WriteStartInfo(const StartInfo& info, WireWriter& out) {
  const auto& id = info.id.bytes();
  out.Bytes(kId, {reinterpret_cast<const char*>(id.data()), id.size()});
  out.Bytes(kTenant, info.tenant);
  out.Bytes(kPrincipal, info.principal);
  out.Bytes(kWorkflow, info.workflow);
  out.Number(kVersion, static_cast<uint64_t>(std::max(info.version, 0)));
  out.Bytes(kPlanHash, info.plan_hash);
  out.Number(kMode, static_cast<uint64_t>(info.mode));
  out.Number(kPriority, static_cast<uint64_t>(std::max(info.priority, 0)));
  WriteValueField(kInput, info.input, out);
  for (const auto& [key, value] : info.labels) {
    out.Message(kLabel, [&](WireWriter& label) {
      label.Bytes(1, key);
      label.Bytes(2, value);
    });
  }
  WriteValueField(kConnections, info.connections, out);
  out.Bytes(kTraceId, info.trace_id);
  out.Bytes(kRequestId, info.request_id);
  out.Number(kStrict, info.strict);
  if (info.parent != Parent()) {
    out.Message(kParent, [&](WireWriter& fields) {
      WriteIdField(1, info.parent.execution, fields);
      fields.Bytes(2, info.parent.step);
      fields.Number(3, info.parent.attempt);
      fields.Number(4, info.parent.depth);
      fields.Number(5, info.parent.detached);
    });
  }
  if (info.concurrency != ConcurrencyKey()) {
    out.Message(kConcurrency, [&](WireWriter& fields) {
      fields.Bytes(1, info.concurrency.key);
      fields.Number(2, info.concurrency.limit);
      fields.Number(3, static_cast<uint64_t>(info.concurrency.when_busy));
    });
  }
  out.Number(kQueued, info.queued);
  out.Bytes(kBusinessKey, info.business_key);
  if (info.origin.kind == Origin::Kind::kNone) return;
  out.Message(kOrigin, [&](WireWriter& origin) {
    origin.Number(1, static_cast<uint64_t>(info.origin.kind));
    origin.Bytes(2, info.origin.execution);
    origin.Number(3, info.origin.sequence);
  });
}

bool ReadStartInfo(std::string_view bytes, std::shared_ptr<const StartInfo>* info) {
  auto read = std::make_shared<StartInfo>();
  read->priority = 0;
  WireReader in(bytes);
  while (in.Next()) {
    if (!ReadInfoField(in, read.get())) return false;
  }
  *info = std::move(read);
  return in.ok();
}

void WriteOffer(const Offer& offer, WireWriter& out) {
  out.Bytes(1, offer.agent);
  WriteValueField(2, offer.input, out);
  out.Bytes(3, offer.idempotency_key);
  out.Number(4, static_cast<uint64_t>(std::max<workflow::Micros>(offer.heartbeat, 0)));
}

bool ReadOffer(std::string_view bytes, std::shared_ptr<const Offer>* offer) {
  auto read = std::make_shared<Offer>();
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) read->agent = in.bytes;
    if (in.tag == 2 && !ReadValue(in.bytes, &read->input)) return false;
    if (in.tag == 3) read->idempotency_key = in.bytes;
    if (in.tag == 4 && !Fit(in.number, &read->heartbeat)) return false;
  }
  *offer = std::move(read);
  return in.ok();
}

void WriteErrorField(uint32_t tag, const Error& error, WireWriter& out) {
  if (error == Error()) return;
  out.Message(tag, [&](WireWriter& fields) {
    fields.Bytes(1, error.reason);
    fields.Bytes(2, error.message);
    fields.Bytes(3, error.node);
  });
}

bool ReadError(std::string_view bytes, Error* error) {
  return ReadTexts(bytes, &error->reason, &error->message, &error->node);
}

void WriteEndingField(uint32_t tag, const Ending& ending, WireWriter& out) {
  out.Message(tag, [&](WireWriter& fields) {
    fields.Number(1, static_cast<uint64_t>(ending.kind));
    WriteErrorField(2, ending.error, fields);
    fields.Bytes(3, ending.principal);
    fields.Bytes(4, ending.cause);
    WriteValueField(5, ending.output, fields);
  });
}

bool ReadEnding(std::string_view bytes, Ending* ending) {
  WireReader in(bytes);
  while (in.Next()) {
    if (in.tag == 1) {
      if (in.number < 1 || in.number > 4) return false;
      ending->kind = static_cast<Ending::Kind>(in.number);
    }
    if (in.tag == 2 && !ReadError(in.bytes, &ending->error)) return false;
    if (in.tag == 3) ending->principal = in.bytes;
    if (in.tag == 4) ending->cause = in.bytes;
    if (in.tag == 5 && !ReadValue(in.bytes, &ending->output)) return false;
  }
  return in.ok();
}

void WriteValueField(uint32_t tag, const json::Value& value, WireWriter& out) {
  if (value.is_null()) return;
  std::string bytes;
  EncodeValue(value, &bytes);
  out.AlwaysBytes(tag, bytes);
}

bool ReadValue(std::string_view bytes, json::Value* value) {
  auto read = DecodeValue(bytes);
  if (!read.ok()) return false;
  *value = *std::move(read);
  return true;
}

}  // namespace agentflow::engine
