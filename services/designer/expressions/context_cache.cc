#include "services/designer/expressions/context_cache.h"

#include "libs/base/status.h"

namespace agentflow::designer {

absl::StatusOr<ContextPtr> ContextCache::Get(
    const std::string& content_hash, const std::function<absl::StatusOr<json::Value>()>& load) {
  if (ContextPtr kept = Find(content_hash)) return kept;
  // Two who ask at once both analyse it: rare, and neither waits for the other.
  AF_ASSIGN_OR_RETURN(const json::Value document, load());
  AF_ASSIGN_OR_RETURN(ContextPtr context, workflow::ExpressionContext::Of(document, time_zones_));
  Keep({content_hash, context, static_cast<int64_t>(document.ByteSize())});
  return context;
}

int64_t ContextCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

ContextPtr ContextCache::Find(const std::string& content_hash) {
  std::lock_guard lock(mutex_);
  auto found = by_hash_.find(content_hash);
  if (found == by_hash_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->context;
}

void ContextCache::Keep(Entry entry) {
  std::lock_guard lock(mutex_);
  if (entry.bytes > limit_ || by_hash_.contains(entry.content_hash)) return;
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_hash_[entries_.front().content_hash] = entries_.begin();
  while (bytes_ > limit_) {
    bytes_ -= entries_.back().bytes;
    by_hash_.erase(entries_.back().content_hash);
    entries_.pop_back();
  }
}

}  // namespace agentflow::designer
