#include "services/scheduler/rpc/schedules.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>

#include "agentflow/api/v1/schedule.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/json/value.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/paging.h"
#include "services/scheduler/cron/cron.h"

namespace agentflow::scheduler {
namespace {

using google::protobuf::util::TimeUtil;
namespace pb = api::v1;

constexpr std::string_view kCollection = "schedules/";
constexpr size_t kInputMax = 256 * 1024;

bool IsSlug(std::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] < 'a' || id[0] > 'z') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

absl::StatusOr<std::string> IdOf(std::string_view name, std::string_view field) {
  if (!name.starts_with(kCollection) || !IsSlug(name.substr(kCollection.size()))) {
    return InvalidArgument("NAME_INVALID", field,
                           "'" + std::string(name) +
                               "' is not of the form schedules/{id} with an "
                               "id like [a-z][a-z0-9-]{0,62}");
  }
  return std::string(name.substr(kCollection.size()));
}

absl::StatusOr<int64_t> RevisionOf(const std::string& etag) {
  int64_t revision = 0;
  auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), revision);
  if (error != std::errc() || end != etag.data() + etag.size() || revision < 1) {
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                 "'" + etag + "' is no etag of this schedule; read it again");
  }
  return revision;
}

pb::Schedule ToProto(const Schedule& schedule) {
  pb::Schedule out;
  out.set_name(std::string(kCollection) + schedule.id);
  out.set_title(schedule.title);
  out.set_workflow(schedule.workflow);
  if (auto input = json::Parse(schedule.input_json); input.ok()) {
    rpc::ToProto(*input, out.mutable_input());
  }
  out.set_cron(schedule.cron);
  out.set_time_zone(schedule.time_zone);
  out.set_paused(schedule.paused);
  if (schedule.next_fire_time) {
    *out.mutable_next_fire_time() = TimeUtil::MicrosecondsToTimestamp(*schedule.next_fire_time);
  }
  if (schedule.last_fire_time) {
    *out.mutable_last_fire_time() = TimeUtil::MicrosecondsToTimestamp(*schedule.last_fire_time);
  }
  out.set_last_execution(schedule.last_execution);
  out.set_last_error(schedule.last_error);
  out.set_etag(std::to_string(schedule.revision));
  *out.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(schedule.create_time);
  *out.mutable_update_time() = TimeUtil::MicrosecondsToTimestamp(schedule.update_time);
  return out;
}

class Handlers {
 public:
  explicit Handlers(ScheduleServiceParts parts) : parts_(std::move(parts)) {}

  absl::StatusOr<pb::Schedule> Create(const rpc::Call& call,
                                      const pb::CreateScheduleRequest& request) {
    Schedule schedule;
    schedule.id = request.schedule_id();
    if (schedule.id.empty()) {
      AF_ASSIGN_OR_RETURN(schedule.id, IdOf(request.schedule().name(), "schedule.name"));
    } else if (!IsSlug(schedule.id)) {
      return InvalidArgument("NAME_INVALID", "schedule_id",
                             "'" + schedule.id + "' must match [a-z][a-z0-9-]{0,62}");
    }
    AF_RETURN_IF_ERROR(Take(request.schedule(), Everything(), schedule));
    schedule.principal = call.principal().name;
    AF_RETURN_IF_ERROR(Complete(call, schedule));
    AF_RETURN_IF_ERROR(parts_.store.Create(call.tenant(), schedule, Audit(call, schedule.id)));
    return Answer(call, schedule.id);
  }

  absl::StatusOr<pb::Schedule> Update(const rpc::Call& call,
                                      const pb::UpdateScheduleRequest& request) {
    AF_ASSIGN_OR_RETURN(std::string id, IdOf(request.schedule().name(), "schedule.name"));
    AF_ASSIGN_OR_RETURN(Schedule schedule, parts_.store.Get(call.tenant(), id));
    if (!request.schedule().etag().empty()) {
      AF_ASSIGN_OR_RETURN(schedule.revision, RevisionOf(request.schedule().etag()));
    }
    AF_ASSIGN_OR_RETURN(std::set<std::string> fields, FieldsOf(request));
    AF_RETURN_IF_ERROR(Take(request.schedule(), fields, schedule));
    schedule.principal = call.principal().name;
    AF_RETURN_IF_ERROR(Complete(call, schedule));
    AF_RETURN_IF_ERROR(parts_.store.Update(call.tenant(), schedule, Audit(call, id)));
    return Answer(call, id);
  }

  absl::StatusOr<pb::Schedule> Get(const rpc::Call& call, const pb::GetScheduleRequest& request) {
    AF_ASSIGN_OR_RETURN(std::string id, IdOf(request.name(), "name"));
    AF_ASSIGN_OR_RETURN(Schedule schedule, parts_.store.Get(call.tenant(), id));
    return ToProto(schedule);
  }

  absl::StatusOr<pb::ListSchedulesResponse> List(const rpc::Call& call,
                                                 const pb::ListSchedulesRequest& request) {
    AF_ASSIGN_OR_RETURN(int size, rpc::PageSize(request.page_size()));
    rpc::PageQuery query{.tenant = call.tenant(), .method = "ListSchedules"};
    AF_ASSIGN_OR_RETURN(std::string after, rpc::ReadPageToken(query, request.page_token()));
    AF_ASSIGN_OR_RETURN(std::vector<Schedule> schedules,
                        parts_.store.List(call.tenant(), after, size + 1));
    pb::ListSchedulesResponse response;
    if (static_cast<int>(schedules.size()) > size) {
      schedules.resize(static_cast<size_t>(size));
      response.set_next_page_token(rpc::MakePageToken(query, schedules.back().id));
    }
    for (const Schedule& schedule : schedules) *response.add_schedules() = ToProto(schedule);
    return response;
  }

  absl::StatusOr<google::protobuf::Empty> Delete(const rpc::Call& call,
                                                 const pb::DeleteScheduleRequest& request) {
    AF_ASSIGN_OR_RETURN(std::string id, IdOf(request.name(), "name"));
    int64_t revision = 0;
    if (!request.etag().empty()) {
      AF_ASSIGN_OR_RETURN(revision, RevisionOf(request.etag()));
    }
    AF_RETURN_IF_ERROR(parts_.store.Delete(call.tenant(), id, revision, Audit(call, id)));
    return google::protobuf::Empty();
  }

 private:
  static const std::set<std::string>& Everything() {
    static const auto& all =
        *new std::set<std::string>{"title", "workflow", "input", "cron", "time_zone", "paused"};
    return all;
  }

  // Those of the mask; without one those that are set, and `paused`.
  static absl::StatusOr<std::set<std::string>> FieldsOf(const pb::UpdateScheduleRequest& request) {
    std::set<std::string> fields;
    for (const std::string& path : request.update_mask().paths()) {
      if (!Everything().contains(path)) {
        return InvalidArgument("FIELD_UNKNOWN", "update_mask", "'" + path + "' cannot be changed");
      }
      fields.insert(path);
    }
    if (!fields.empty()) return fields;
    const pb::Schedule& given = request.schedule();
    if (!given.title().empty()) fields.insert("title");
    if (!given.workflow().empty()) fields.insert("workflow");
    if (given.has_input()) fields.insert("input");
    if (!given.cron().empty()) fields.insert("cron");
    if (!given.time_zone().empty()) fields.insert("time_zone");
    if (given.paused()) fields.insert("paused");
    return fields;
  }

  static absl::Status Take(const pb::Schedule& given, const std::set<std::string>& fields,
                           Schedule& schedule) {
    if (fields.contains("title")) schedule.title = given.title();
    if (fields.contains("workflow")) schedule.workflow = given.workflow();
    if (fields.contains("cron")) schedule.cron = given.cron();
    if (fields.contains("time_zone")) schedule.time_zone = given.time_zone();
    if (fields.contains("paused")) schedule.paused = given.paused();
    if (fields.contains("input")) {
      schedule.input_json.clear();
      if (given.has_input()) {
        AF_ASSIGN_OR_RETURN(json::Value input, rpc::ToJson(given.input()));
        schedule.input_json = json::Dump(input);
      }
      if (schedule.input_json.size() > kInputMax) {
        return InvalidArgument("FIELD_INVALID", "schedule.input", "larger than 256 KiB");
      }
    }
    return absl::OkStatus();
  }

  // Checks what the rule says and works out when it fires next.
  absl::Status Complete(const rpc::Call& call, Schedule& schedule) {
    if (schedule.title.size() > 200) {
      return InvalidArgument("FIELD_INVALID", "schedule.title", "longer than 200 bytes");
    }
    AF_ASSIGN_OR_RETURN(Cron cron, Cron::Parse(schedule.cron));
    AF_RETURN_IF_ERROR(CheckTimeZone(schedule.time_zone));
    AF_RETURN_IF_ERROR(parts_.check(call.tenant(), schedule.workflow));
    schedule.next_fire_time.reset();
    if (!schedule.paused) {
      schedule.next_fire_time = NextFire(cron, schedule.time_zone, parts_.clock.Now());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<pb::Schedule> Answer(const rpc::Call& call, const std::string& id) {
    parts_.changed();
    AF_ASSIGN_OR_RETURN(Schedule stored, parts_.store.Get(call.tenant(), id));
    return ToProto(stored);
  }

  static pg::AuditRecord Audit(const rpc::Call& call, const std::string& id) {
    std::string method = call.method;
    std::replace(method.begin(), method.end(), '/', '.');
    return {.principal = call.principal().name,
            .method = std::move(method),
            .resource = std::string(kCollection) + id,
            .trace_id = call.trace.trace_id,
            .remote_address = call.peer};
  }

  const ScheduleServiceParts parts_;
};

}  // namespace

void RegisterScheduleService(rpc::Server& server, ScheduleServiceParts parts) {
  auto handlers = std::make_shared<Handlers>(std::move(parts));
  server.Unary<pb::CreateScheduleRequest, pb::Schedule>(
      "agentflow.api.v1.ScheduleService/CreateSchedule",
      [handlers](const auto& call, const auto& request) {
        return handlers->Create(call, request);
      });
  server.Unary<pb::UpdateScheduleRequest, pb::Schedule>(
      "agentflow.api.v1.ScheduleService/UpdateSchedule",
      [handlers](const auto& call, const auto& request) {
        return handlers->Update(call, request);
      });
  server.Unary<pb::GetScheduleRequest, pb::Schedule>(
      "agentflow.api.v1.ScheduleService/GetSchedule",
      [handlers](const auto& call, const auto& request) { return handlers->Get(call, request); });
  server.Unary<pb::ListSchedulesRequest, pb::ListSchedulesResponse>(
      "agentflow.api.v1.ScheduleService/ListSchedules",
      [handlers](const auto& call, const auto& request) { return handlers->List(call, request); });
  server.Unary<pb::DeleteScheduleRequest, google::protobuf::Empty>(
      "agentflow.api.v1.ScheduleService/DeleteSchedule",
      [handlers](const auto& call, const auto& request) {
        return handlers->Delete(call, request);
      });
}

}  // namespace agentflow::scheduler
