#include "services/tenant/rpc/convert.h"

#include <algorithm>
#include <charconv>

#include "libs/base/status.h"

namespace agentflow::tenant {

Actor ActorOf(const rpc::Call& call) {
  Actor actor;
  actor.tenant = call.tenant();
  actor.principal = call.principal().name;
  actor.permissions = call.principal().permissions;
  actor.method = call.method;
  std::replace(actor.method.begin(), actor.method.end(), '/', '.');
  actor.trace_id = call.trace.trace_id;
  actor.remote_address = call.peer;
  return actor;
}

Uuid IdIn(std::string_view name, std::string_view collection) {
  if (!name.starts_with(collection) || name.substr(collection.size(), 1) != "/") return {};
  return Uuid::Parse(name.substr(collection.size() + 1)).value_or(Uuid());
}

std::string SlugIn(std::string_view name) {
  constexpr std::string_view kPrefix = "tenants/";
  return name.starts_with(kPrefix) ? std::string(name.substr(kPrefix.size())) : std::string();
}

std::string EtagOf(int64_t version) {
  return std::to_string(version);
}

int64_t VersionIn(std::string_view etag) {
  if (etag.empty()) return 0;
  int64_t version = 0;
  auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), version);
  bool whole = error == std::errc() && end == etag.data() + etag.size();
  return whole && version > 0 ? version : -1;
}

void SetTime(UnixMicros micros, google::protobuf::Timestamp* out) {
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest * 1000));
}

UnixMicros TimeIn(const google::protobuf::Timestamp& time) {
  // The range of Timestamp, 0001 to 9999, so that nothing overflows on the way to the database.
  int64_t seconds = std::clamp<int64_t>(time.seconds(), -62'135'596'800, 253'402'300'799);
  return seconds * 1'000'000 + std::clamp(time.nanos(), 0, 999'999'999) / 1000;
}

Quotas QuotasIn(const api::v1::Quotas& quotas) {
  return {.requests_per_second = quotas.requests_per_second(),
          .request_burst = quotas.request_burst(),
          .live_executions = quotas.live_executions(),
          .starts_per_second = quotas.starts_per_second(),
          .workflows = quotas.workflows(),
          .running_executions = quotas.running_executions(),
          .queued_executions = quotas.queued_executions(),
          .weight = quotas.weight()};
}

void SetQuotas(const Quotas& quotas, api::v1::Quotas* out) {
  out->set_requests_per_second(quotas.requests_per_second);
  out->set_request_burst(quotas.request_burst);
  out->set_live_executions(quotas.live_executions);
  out->set_starts_per_second(quotas.starts_per_second);
  out->set_workflows(quotas.workflows);
  out->set_running_executions(quotas.running_executions);
  out->set_queued_executions(quotas.queued_executions);
  out->set_weight(quotas.weight);
}

bool Names(const google::protobuf::FieldMask& mask, std::string_view path, bool has_value) {
  if (mask.paths().empty()) return has_value;
  return std::any_of(mask.paths().begin(), mask.paths().end(),
                     [&](const std::string& named) { return named == path || named == "*"; });
}

absl::Status CheckMask(const google::protobuf::FieldMask& mask,
                       std::initializer_list<std::string_view> known) {
  for (const std::string& path : mask.paths()) {
    if (path == "*" || std::find(known.begin(), known.end(), path) != known.end()) continue;
    std::string list;
    for (std::string_view name : known) list += (list.empty() ? "" : ", ") + std::string(name);
    return InvalidArgument("UPDATE_MASK_INVALID", "updateMask",
                           "\"" + path + "\" cannot be changed; what can: " + list);
  }
  return absl::OkStatus();
}

}  // namespace agentflow::tenant
