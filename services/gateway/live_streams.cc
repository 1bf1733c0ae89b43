#include "services/gateway/live_streams.h"

#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

absl::Status CredentialEnded() {
  return agentflow::Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_ENDED",
                          "the credential ended or was revoked: connect with another");
}

}  // namespace

void LiveStreams::Add(const std::shared_ptr<LiveStream>& stream, CallerPtr caller) {
  std::lock_guard lock(mutex_);
  streams_[stream.get()] = {stream, std::move(caller)};
}

void LiveStreams::Remove(LiveStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void LiveStreams::EndOf(std::string_view tenant, std::string_view principal) {
  std::vector<std::shared_ptr<LiveStream>> ending;
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, entry] : streams_) {
      const auth::Principal& who = *entry.caller->principal;
      if (who.tenant != tenant || (!principal.empty() && who.name != principal)) continue;
      if (auto stream = entry.stream.lock()) ending.push_back(std::move(stream));
    }
  }
  for (auto& stream : ending) stream->End(CredentialEnded());
}

void LiveStreams::Tick(UnixMicros now) {
  std::vector<std::shared_ptr<LiveStream>> ending, ticking;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(streams_, [](const auto& item) { return item.second.stream.expired(); });
    for (auto& [key, entry] : streams_) {
      bool over = entry.caller->expires != 0 && entry.caller->expires <= now;
      if (auto stream = entry.stream.lock()) (over ? ending : ticking).push_back(std::move(stream));
    }
  }
  for (auto& stream : ending) stream->End(CredentialEnded());
  for (auto& stream : ticking) stream->Tick();
}

void LiveStreams::EndAll(const absl::Status& why) {
  std::vector<std::shared_ptr<LiveStream>> ending;
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, entry] : streams_) {
      if (auto stream = entry.stream.lock()) ending.push_back(std::move(stream));
    }
  }
  for (auto& stream : ending) stream->End(why);
}

size_t LiveStreams::size() {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace agentflow::gateway
