#include "services/executor/migrating/migration_runner.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/engine/rebase.h"
#include "libs/obs/log.h"

namespace agentflow::executor {
namespace {

constexpr int kAtATime = 500;
constexpr auto kPatience = std::chrono::seconds(30);

// Answers of lanes, collected while somebody waits for them. Outlives that wait where one is late.
struct Answers {
  std::mutex mutex;
  std::condition_variable all;
  size_t open = 0;
  std::vector<std::pair<Uuid, absl::Status>> list;

  void Add(const Uuid& execution, const absl::Status& status) {
    std::lock_guard lock(mutex);
    list.emplace_back(execution, status);
    if (--open == 0) all.notify_all();
  }
};

// The command that an execution gets; for a preview one that changes nothing.
std::function<absl::StatusOr<engine::CommandBody>(const engine::ExecutionState&)> CommandOf(
    const Migration& migration, const engine::PlanPtr& plan) {
  engine::MigrateExecution migrate{
      .plan = plan, .mapping = migration.mapping, .version = migration.to_version};
  return [migrate = std::move(migrate), preview = migration.validate_only](
             const engine::ExecutionState& state) -> absl::StatusOr<engine::CommandBody> {
    if (!preview) return engine::CommandBody(migrate);
    AF_RETURN_IF_ERROR(engine::Migrate(state, migrate.plan, migrate.mapping).status());
    return engine::CommandBody(engine::Continue{});
  };
}

// Passing troubles: the execution is asked again.
bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

absl::Status MigrationRunner::Step() {
  AF_ASSIGN_OR_RETURN(const auto open, parts_.store.Open());
  for (const auto& [tenant, id] : open) {
    AF_ASSIGN_OR_RETURN(const Migration migration, parts_.store.Get(tenant, id));
    bool more = true;
    while (more) {
      absl::StatusOr<bool> advanced = Advance(migration);
      if (!advanced.ok()) {
        obs::Warn("a migration does not get on", {{"tenant", tenant},
                                                  {"migration", id.ToString()},
                                                  {"error", MessageOf(advanced.status())}});
      }
      more = advanced.ok() && *advanced;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MigrationRunner::Advance(const Migration& migration) {
  std::vector<int64_t> lanes;
  for (int lane = 0; lane < kLaneCount; ++lane) {
    if (parts_.router.Owns(lane)) lanes.push_back(lane);
  }
  AF_ASSIGN_OR_RETURN(const std::vector<Uuid> chosen,
                      parts_.store.Choose(migration, lanes, kAtATime));
  if (chosen.empty()) {
    AF_RETURN_IF_ERROR(parts_.store.EndIfDone(migration));
    return false;
  }
  AF_ASSIGN_OR_RETURN(const CompiledPtr compiled,
                      parts_.plans.GetBlocking(migration.tenant, migration.to_hash));
  const auto command = CommandOf(migration, compiled->plan);
  auto answers = std::make_shared<Answers>();
  answers->open = chosen.size();
  for (const Uuid& execution : chosen) {
    absl::Status posted = parts_.router.Post(
        CommandItem{.execution = execution,
                    .tenant = migration.tenant,
                    .principal = migration.creator,
                    .make = command,
                    .done = [answers, execution](const absl::StatusOr<ExecutionView>& view) {
                      answers->Add(execution, view.status());
                    }});
    if (!posted.ok()) answers->Add(execution, posted);
  }
  std::unique_lock lock(answers->mutex);
  answers->all.wait_for(lock, kPatience, [&] { return answers->open == 0; });
  std::vector<Move> moves;
  std::vector<Uuid> over;
  for (const auto& [execution, status] : answers->list) {
    if (status.ok()) {
      moves.push_back({.execution = execution, .outcome = MoveOutcome::kMoved});
    } else if (ReasonOf(status) == "EXECUTION_OVER") {
      over.push_back(execution);
    } else if (!Passes(status)) {
      moves.push_back({.execution = execution,
                       .outcome = MoveOutcome::kRefused,
                       .reason = std::string(ReasonOf(status)),
                       .message = std::string(MessageOf(status))});
    }
  }
  lock.unlock();
  if (!moves.empty()) AF_RETURN_IF_ERROR(parts_.store.Record(migration, moves));
  if (!over.empty()) AF_RETURN_IF_ERROR(parts_.store.Forget(migration, over));
  return !moves.empty() || !over.empty();
}

}  // namespace agentflow::executor
