#include "services/executor/client/plan_cache.h"

#include <future>

#include "libs/base/status.h"
#include "libs/tz/time_zones.h"
#include "libs/workflow/analyze.h"

namespace agentflow::executor {
namespace {

constexpr size_t kPlansKept = 5'000;
constexpr std::chrono::seconds kTryAgainAfter{1};

}  // namespace

absl::StatusOr<CompiledPtr> CompileDocument(const std::string& hash, const std::string& json_text) {
  AF_ASSIGN_OR_RETURN(const json::Value document, json::Parse(json_text, {.depth = 64}));
  auto compiled = std::make_shared<CompiledVersion>();
  static const tz::SystemTimeZones time_zones;
  AF_ASSIGN_OR_RETURN(compiled->plan,
                      workflow::Compile(document, {.hash = hash, .time_zones = &time_zones}));
  if (!compiled->plan->inputs_schema.is_null()) {
    AF_ASSIGN_OR_RETURN(compiled->inputs, schema::Schema::Compile(compiled->plan->inputs_schema));
  }
  return compiled;
}

void PlanCache::Get(const std::string& tenant, const std::string& hash, Done done) {
  const Key key(tenant, hash);
  {
    std::unique_lock lock(mutex_);
    if (auto it = cached_.find(key); it != cached_.end()) {
      const CompiledPtr compiled = it->second;
      lock.unlock();
      return done(compiled);
    }
    std::vector<Done>& waiting = loading_[key];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) return;
  }
  load_(tenant, hash, [this, key](absl::StatusOr<CompiledPtr> compiled) {
    std::vector<Done> waiting;
    {
      std::lock_guard lock(mutex_);
      waiting.swap(loading_[key]);
      loading_.erase(key);
      if (compiled.ok()) {
        if (cached_.size() >= kPlansKept) cached_.erase(cached_.begin());
        cached_[key] = *compiled;
      }
    }
    for (Done& each : waiting) each(compiled);
  });
}

absl::StatusOr<CompiledPtr> PlanCache::GetBlocking(const std::string& tenant,
                                                   const std::string& hash) {
  std::promise<absl::StatusOr<CompiledPtr>> answer;
  std::future<absl::StatusOr<CompiledPtr>> future = answer.get_future();
  Get(tenant, hash,
      [&answer](absl::StatusOr<CompiledPtr> compiled) { answer.set_value(std::move(compiled)); });
  return future.get();
}

std::vector<std::pair<std::string, std::string>> PlanCache::Cached() {
  std::lock_guard lock(mutex_);
  std::vector<Key> keys;
  for (const auto& [key, compiled] : cached_) keys.push_back(key);
  return keys;
}

engine::PlanPtr PlanCache::FindOrFetch(const std::string& tenant, const std::string& hash) {
  {
    std::lock_guard lock(mutex_);
    if (auto it = cached_.find({tenant, hash}); it != cached_.end()) return it->second->plan;
    if (loading_.contains({tenant, hash})) return nullptr;
    auto failed = failed_.find({tenant, hash});
    if (failed != failed_.end()) {
      if (std::chrono::steady_clock::now() < failed->second) return nullptr;
      failed_.erase(failed);
    }
  }
  Get(tenant, hash, [this, key = Key(tenant, hash)](const absl::StatusOr<CompiledPtr>& compiled) {
    if (!compiled.ok()) {
      std::lock_guard lock(mutex_);
      failed_[key] = std::chrono::steady_clock::now() + kTryAgainAfter;
    }
    if (arrived_) arrived_();
  });
  return nullptr;
}

}  // namespace agentflow::executor
