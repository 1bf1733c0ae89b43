#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/schema/schema.h"
#include "libs/workflow/plan.h"
#include "services/executor/lanes/dispatch.h"

namespace agentflow::executor {

// A version, ready to run.
struct CompiledVersion {
  workflow::PlanPtr plan;
  schema::Schema inputs;
};
using CompiledPtr = std::shared_ptr<const CompiledVersion>;

// Compiled versions by (tenant, content hash), which never change. Thread-safe.
class PlanCache final : public Plans {
 public:
  using Done = std::function<void(absl::StatusOr<CompiledPtr>)>;
  // Gets the compiled version from wherever it is kept; calls back once, from any thread.
  using Load = std::function<void(const std::string& tenant, const std::string& hash, Done done)>;

  PlanCache(Load load, std::function<void()> arrived)
      : load_(std::move(load)), arrived_(std::move(arrived)) {}

  // `done` may be called before this returns. One load at a time for each version.
  void Get(const std::string& tenant, const std::string& hash, Done done);
  // The same, waiting.
  absl::StatusOr<CompiledPtr> GetBlocking(const std::string& tenant, const std::string& hash);

  // Tenant and hash of all that are in memory.
  std::vector<std::pair<std::string, std::string>> Cached();

  engine::PlanPtr FindOrFetch(const std::string& tenant, const std::string& hash) override;

 private:
  using Key = std::pair<std::string, std::string>;

  const Load load_;
  const std::function<void()> arrived_;
  std::mutex mutex_;
  std::map<Key, CompiledPtr> cached_;
  std::map<Key, std::vector<Done>> loading_;
  // Versions that could not be loaded, and when FindOrFetch may try again.
  std::map<Key, std::chrono::steady_clock::time_point> failed_;
};

// Compiles a document and its inputs schema.
absl::StatusOr<CompiledPtr> CompileDocument(const std::string& hash, const std::string& json_text);

}  // namespace agentflow::executor
