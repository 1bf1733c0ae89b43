#include "services/gateway/backends.h"

#include <algorithm>

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

bool IsRead(const Method& method) {
  return method.access.audit == rpc::MethodAccess::Audit::kRead;
}

void Backends::SetLanes(size_t source, std::vector<std::string> addresses) {
  std::lock_guard lock(mutex_);
  std::erase_if(maps_, [source](const auto& map) { return map.first == source; });
  maps_.insert(maps_.begin(), {source, std::move(addresses)});
}

bool Backends::Routed(const Method& method) {
  if (method.backend != "executor") return false;
  std::lock_guard lock(mutex_);
  return !maps_.empty();
}

std::vector<std::string> Backends::Candidates(std::optional<int> lane, bool read,
                                              size_t attempt) {
  std::vector<std::string> found;
  auto add = [&found](const std::string& address) {
    if (address.empty() || std::find(found.begin(), found.end(), address) != found.end()) return;
    found.push_back(address);
  };
  if (lane) {
    for (const auto& [source, map] : maps_) {
      if (static_cast<size_t>(*lane) < map.size()) add(map[static_cast<size_t>(*lane)]);
    }
    if (!read) return found;
  } else if (!maps_.empty()) {
    for (const std::string& address : maps_.front().second) add(address);
    if (!found.empty()) {
      // Calls go round; the tries of one call go on from where it stands, so that they meet all.
      if (attempt == 0) ++turn_;
      std::rotate(found.begin(), found.begin() + static_cast<long>(turn_ % found.size()),
                  found.end());
    }
  }
  for (const std::string& address : executors_) add(address);
  return found;
}

rpc::ChannelPtr Backends::For(const Method& method, std::string_view tenant,
                              const pb::Message* message, size_t attempt) {
  if (!Routed(method)) return channels_.at(method.backend);
  std::optional<int> lane;
  if (message != nullptr) lane = LaneFor(method, tenant, *message);
  std::string address;
  {
    std::lock_guard lock(mutex_);
    const std::vector<std::string> candidates = Candidates(lane, IsRead(method), attempt);
    if (candidates.empty()) return channels_.at(method.backend);
    address = candidates[attempt % candidates.size()];
    if (auto it = by_address_.find(address); it != by_address_.end()) return it->second;
  }
  rpc::ChannelPtr channel = connect_(address);
  std::lock_guard lock(mutex_);
  return by_address_.try_emplace(address, std::move(channel)).first->second;
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
