#include "services/gateway/backends.h"

#include <set>

#include "libs/base/lane.h"
#include "libs/base/uuid.h"

namespace agentflow::gateway {

namespace pb = google::protobuf;

std::optional<int> LaneFor(const Method& method, std::string_view tenant,
                           const pb::Message& message) {
  if (method.lane_from.empty()) return std::nullopt;
  const pb::Message* at = &message;
  for (size_t i = 0; i + 1 < method.lane_from.size(); ++i) {
    at = &at->GetReflection()->GetMessage(*at, method.lane_from[i]);
  }
  const pb::FieldDescriptor* field = method.lane_from.back();
  if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) return std::nullopt;
  std::string value = at->GetReflection()->GetString(*at, field);
  if (field->name() == "request_id") {
    if (value.empty()) return std::nullopt;
    return LaneOf(ExecutionIdForRequest(tenant, value));
  }
  // An approval's id lies in the lane of its execution.
  for (std::string_view prefix : {"executions/", "approvals/"}) {
    if (!value.starts_with(prefix)) continue;
    std::optional<Uuid> uuid = Uuid::Parse(std::string_view(value).substr(prefix.size(), 36));
    if (uuid) return LaneOf(*uuid);
  }
  return std::nullopt;
}

void Backends::SetLanes(std::vector<std::string> addresses) {
  std::set<std::string> owners(addresses.begin(), addresses.end());
  owners.erase("");
  std::lock_guard lock(mutex_);
  lanes_ = std::move(addresses);
  several_owners_ = owners.size() > 1;
}

bool Backends::NeedsMessage(const Method& method) {
  if (method.lane_from.empty()) return false;
  std::lock_guard lock(mutex_);
  return several_owners_;
}

rpc::ChannelPtr Backends::For(const Method& method, std::string_view tenant,
                              const pb::Message* message) {
  std::optional<int> lane;
  if (message != nullptr) lane = LaneFor(method, tenant, *message);
  if (lane) {
    std::string address;
    {
      std::lock_guard lock(mutex_);
      if (several_owners_ && static_cast<size_t>(*lane) < lanes_.size()) address = lanes_[*lane];
      if (auto it = by_address_.find(address); it != by_address_.end()) return it->second;
    }
    if (!address.empty()) {
      rpc::ChannelPtr channel = connect_(address);
      std::lock_guard lock(mutex_);
      return by_address_.try_emplace(address, std::move(channel)).first->second;
    }
  }
  return channels_.at(method.backend);
}

std::vector<std::string> Backends::Unreachable() {
  std::vector<std::string> missing;
  for (auto& [name, channel] : channels_) {
    if (!channel->WaitConnected(runtime::Deadline::After(std::chrono::nanoseconds(0)))) {
      missing.push_back(name);
    }
  }
  return missing;
}

}  // namespace agentflow::gateway
