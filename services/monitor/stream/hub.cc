#include "services/monitor/stream/hub.h"

#include <charconv>
#include <utility>

namespace agentflow::monitor {

StreamHub::StreamHub(std::string epoch, size_t kept) : epoch_(std::move(epoch)), kept_(kept) {}

bool StreamHub::Concerns(const Topic& topic, const Happening& happening) {
  if (happening.change->tenant != topic.first) return false;
  return topic.second.empty() ? happening.step < 0
                              : happening.change->execution_id == topic.second;
}

void StreamHub::Tell(const Topic& topic, const Happening& happening) {
  auto subscribers = subscribers_.find(topic);
  if (subscribers == subscribers_.end()) return;
  std::string position = PositionAt(happening.sequence);
  for (const auto& [id, sink] : subscribers->second) sink.happened(happening, position);
}

std::string StreamHub::PositionAt(int64_t sequence) const {
  return epoch_ + "-" + std::to_string(sequence);
}

bool StreamHub::Parse(const std::string& position, int64_t& sequence) const {
  if (!position.starts_with(epoch_ + "-")) return false;
  const char* begin = position.data() + epoch_.size() + 1;
  const char* end = position.data() + position.size();
  auto [at, error] = std::from_chars(begin, end, sequence);
  return error == std::errc() && at == end && sequence >= 0 && sequence <= last_sequence_;
}

int64_t StreamHub::Subscribe(const std::string& tenant, const std::string& execution_id,
                             const std::string& position, Sink sink) {
  std::lock_guard lock(mutex_);
  int64_t id = next_id_++;
  Topic topic{tenant, execution_id};
  topics_[id] = topic;
  int64_t since = last_sequence_;
  int64_t oldest = recent_.empty() ? last_sequence_ + 1 : recent_.front().sequence;
  bool reset = !position.empty() && (!Parse(position, since) || since + 1 < oldest);
  if (reset) since = last_sequence_;
  sink.subscribed(PositionAt(since), reset);
  for (const Happening& happening : recent_) {
    if (happening.sequence > since && Concerns(topic, happening)) {
      sink.happened(happening, PositionAt(happening.sequence));
    }
  }
  subscribers_[topic][id] = std::move(sink);
  return id;
}

void StreamHub::Unsubscribe(int64_t id) {
  std::lock_guard lock(mutex_);
  auto topic = topics_.find(id);
  if (topic == topics_.end()) return;
  auto subscribers = subscribers_.find(topic->second);
  subscribers->second.erase(id);
  if (subscribers->second.empty()) subscribers_.erase(subscribers);
  topics_.erase(topic);
}

void StreamHub::Publish(std::shared_ptr<const ExecutionChange> change) {
  std::lock_guard lock(mutex_);
  int steps = static_cast<int>(change->steps.size());
  // Steps first: who sees an execution end has seen all its steps end.
  for (int step = 0; step <= steps; ++step) {
    Happening happening{++last_sequence_, change, step == steps ? -1 : step};
    Tell({change->tenant, change->execution_id}, happening);
    if (happening.step < 0) Tell({change->tenant, ""}, happening);
    recent_.push_back(std::move(happening));
  }
  while (recent_.size() > kept_) recent_.pop_front();
}

}  // namespace agentflow::monitor
