#include "services/executor/rpc/list_query.h"

#include <algorithm>
#include <charconv>

#include "agentflow/api/v1/execution.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "libs/base/status.h"
#include "libs/rpc/filter.h"

namespace agentflow::executor {
namespace {

using agentflow::api::v1::Execution;
using Op = rpc::FilterTerm::Op;

absl::Status ValueInvalid(const std::string& field, const std::string& expected) {
  return InvalidArgument("FILTER_INVALID", "filter", field + " must be " + expected + ".");
}

absl::Status OnlyEqual(const rpc::FilterTerm& term) {
  return term.op == Op::kEqual ? absl::OkStatus()
                               : ValueInvalid(term.field, "compared with = in a filter");
}

absl::Status AddStartTime(const rpc::FilterTerm& term, ListQuery* query) {
  google::protobuf::Timestamp time;
  if (!google::protobuf::util::TimeUtil::FromString(term.Text(), &time)) {
    return ValueInvalid("start_time", "a time like \"2026-01-31T00:00:00Z\"");
  }
  const UnixMicros micros = google::protobuf::util::TimeUtil::TimestampToMicroseconds(time);
  auto no_later = [&](UnixMicros until) {
    query->until = query->until == 0 ? until : std::min(query->until, until);
  };
  switch (term.op) {
    case Op::kGreater:
      query->from = std::max(query->from, micros + 1);
      return absl::OkStatus();
    case Op::kGreaterOrEqual:
      query->from = std::max(query->from, micros);
      return absl::OkStatus();
    case Op::kLess:
      no_later(micros);
      return absl::OkStatus();
    case Op::kLessOrEqual:
      no_later(micros + 1);
      return absl::OkStatus();
    default:
      return ValueInvalid("start_time", "compared with < <= > or >=");
  }
}

absl::Status AddTerm(const rpc::FilterTerm& term, ListQuery* query, json::Object* labels) {
  if (term.field == "start_time" || term.field == "startTime") return AddStartTime(term, query);
  if (term.field == "state") {
    Execution::State state;
    if (term.op != Op::kEqual && term.op != Op::kNotEqual) return OnlyEqual(term);
    if (!Execution::State_Parse(term.Text(), &state) || state == 0) {
      return ValueInvalid("state", "a state such as \"RUNNING\" or \"FAILED\"");
    }
    std::vector<int64_t> kept;
    for (int64_t each = Execution::QUEUED; each <= Execution::TIMED_OUT; ++each) {
      const bool before =
          query->states.empty() || std::count(query->states.begin(), query->states.end(), each) > 0;
      if (before && (each == state) == (term.op == Op::kEqual)) kept.push_back(each);
    }
    // No state fits: 0 is none's number.
    query->states = kept.empty() ? std::vector<int64_t>{0} : std::move(kept);
    return absl::OkStatus();
  }
  if (term.field == "workflow") {
    AF_RETURN_IF_ERROR(OnlyEqual(term));
    query->workflow = term.Text();
    return absl::OkStatus();
  }
  if (term.field == "business_key" || term.field == "businessKey") {
    AF_RETURN_IF_ERROR(OnlyEqual(term));
    query->business_key = term.Text();
    return absl::OkStatus();
  }
  if (term.field == "mode") {
    AF_RETURN_IF_ERROR(OnlyEqual(term));
    Execution::Mode mode;
    if (!Execution::Mode_Parse(term.Text(), &mode) || mode == 0) {
      return ValueInvalid("mode", "\"LIVE\", \"TEST\" or \"DRY_RUN\"");
    }
    query->modes = {mode};
    return absl::OkStatus();
  }
  if (term.field == "version") {
    AF_RETURN_IF_ERROR(OnlyEqual(term));
    const double* number = std::get_if<double>(&term.value);
    if (number == nullptr || *number < 1 || *number > 2e9) {
      return ValueInvalid("version", "a positive number");
    }
    query->version = static_cast<int>(*number);
    return absl::OkStatus();
  }
  if (term.field.starts_with("labels.") && term.field.size() > 7) {
    AF_RETURN_IF_ERROR(OnlyEqual(term));
    labels->Set(term.field.substr(7), term.Text());
    return absl::OkStatus();
  }
  return rpc::UnknownFilterField(term.field,
                                 "state, workflow, version, mode, business_key, labels.<key>, "
                                 "start_time");
}

}  // namespace

absl::StatusOr<ListQuery> ToListQuery(const std::string& filter, const std::string& order_by) {
  ListQuery query;
  json::Object labels;
  AF_ASSIGN_OR_RETURN(const std::vector<rpc::FilterTerm> terms, rpc::ParseFilter(filter));
  for (const rpc::FilterTerm& term : terms) AF_RETURN_IF_ERROR(AddTerm(term, &query, &labels));
  if (!labels.empty()) query.labels = json::Dump(labels);
  AF_ASSIGN_OR_RETURN(const std::vector<rpc::OrderTerm> order, rpc::ParseOrderBy(order_by));
  for (const rpc::OrderTerm& term : order) {
    if (term.field != "start_time" && term.field != "startTime") {
      return rpc::UnknownOrderField(term.field, "start_time");
    }
    query.ascending = !term.descending;
  }
  return query;
}

std::string FormatPosition(UnixMicros start_time, const Uuid& id) {
  return std::to_string(start_time) + "/" + id.ToString();
}

absl::StatusOr<std::optional<std::pair<UnixMicros, Uuid>>> ParsePosition(
    const std::string& position) {
  if (position.empty()) return std::nullopt;
  const size_t slash = position.find('/');
  UnixMicros time = 0;
  if (slash != std::string::npos) {
    const auto [end, error] = std::from_chars(position.data(), position.data() + slash, time);
    const std::optional<Uuid> id = Uuid::Parse(std::string_view(position).substr(slash + 1));
    if (error == std::errc() && end == position.data() + slash && id) {
      return std::make_pair(time, *id);
    }
  }
  return InvalidArgument("PAGE_TOKEN_INVALID", "pageToken", "The page token is damaged.");
}

}  // namespace agentflow::executor
