// The least that the executor's write path can cost: takes unary starts as the executor does and
// writes the same rows for each, in batches, and does nothing else: no decision, no state, no
// tasks, no feed readers.
//   agentflow-floor --stack FOLDER --rounds N --journal-bytes N --change-bytes N
// with the database's URL in AGENTFLOW_FLOOR_DATABASE and its master keys in AGENTFLOW_FLOOR_KEYS.
// A workflow is answered after `rounds` commits; each writes one journal row. Prints its port.
// SIGTERM ends it.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "agentflow/api/v1/execution.pb.h"
#include "libs/base/lane.h"
#include "libs/base/status.h"
#include "libs/crypto/jws.h"
#include "libs/rpc/server.h"
#include "services/executor/lanes/batch_writer.h"
#include "services/executor/lanes/committer_thread.h"
#include "services/executor/store/pg_store.h"

namespace agentflow::executor {
namespace {

using api::v1::Execution;
using api::v1::StartExecutionRequest;

constexpr size_t kMostInBatch = 1000;
constexpr int64_t kIdleMicros = 100'000;

std::atomic<bool> stopping{false};

struct Shape {
  int rounds = 1;
  size_t journal_bytes = 0;
  size_t change_bytes = 0;
};

struct Pending {
  std::shared_ptr<ExecutionFacts> facts;
  int round = 0;
  std::function<void(absl::StatusOr<Execution>)> done;
};

// What the executor would write about it in this round.
WritePtr WriteOf(const Pending& pending, const Shape& shape) {
  auto write = std::make_shared<ExecutionWrite>();
  const bool first = pending.round == 0;
  const bool last = pending.round + 1 == shape.rounds;
  write->facts = pending.facts;
  write->first_sequence = pending.round + 1;
  write->last_sequence = pending.round + 1;
  write->events = std::string(shape.journal_bytes, 'e');
  write->change = std::string(shape.change_bytes, 'c');
  write->state = last ? 6 : 2;
  if (first && last) {
    write->live = ExecutionWrite::Live::kNone;
  } else if (first) {
    write->live = ExecutionWrite::Live::kInsert;
  } else if (last) {
    write->live = ExecutionWrite::Live::kDelete;
  }
  if (last) write->end = ExecutionWrite::End{.time = pending.facts->start_time};
  return write;
}

// Takes what is there, writes it, goes on.
class Loop {
 public:
  Loop(Store& store, Waker& waker, Shape shape) : writer_(store), waker_(waker), shape_(shape) {}

  void Add(Pending pending) {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(pending));
    }
    waker_.Wake();
  }

  absl::Status Run(const Clock& clock) {
    writer_.Join();
    bool joined = false;
    while (!stopping) {
      if (std::optional<BatchResult> result = writer_.Step(clock)) {
        AF_RETURN_IF_ERROR(result->status);
        joined = true;
        Release();
      }
      if (!joined || !writer_.idle() || !Start()) waker_.Wait(kIdleMicros);
    }
    return absl::OkStatus();
  }

 private:
  bool Start() {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    const size_t count = std::min(waiting_.size(), kMostInBatch);
    std::vector<WritePtr> writes;
    for (size_t i = 0; i < count; ++i) {
      batch_.push_back(std::move(waiting_[i]));
      writes.push_back(WriteOf(batch_.back(), shape_));
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(count));
    writer_.Start({.writes = std::move(writes)});
    return true;
  }

  void Release() {
    for (Pending& pending : std::exchange(batch_, {})) {
      if (++pending.round < shape_.rounds) {
        std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(pending));
        continue;
      }
      Execution execution;
      execution.set_name("executions/" + pending.facts->id.ToString());
      pending.done(std::move(execution));
    }
  }

  BatchWriter writer_;
  Waker& waker_;
  const Shape shape_;
  std::mutex mutex_;
  std::vector<Pending> waiting_;
  std::vector<Pending> batch_;
};

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("FILE_NOT_FOUND", "cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::shared_ptr<ExecutionFacts> FactsOf(const std::string& tenant, const std::string& workflow,
                                        const Clock& clock, Random& random) {
  const UnixMicros now = clock.Now();
  const int lane = static_cast<int>(random.Next() % kLaneCount);
  ExecutionFacts facts{.id = MakeExecutionId(now / 1000, lane, random),
                       .tenant = tenant,
                       .start_time = now,
                       .version = 1,
                       .workflow = workflow,
                       .content_hash = std::string(64, 'h'),
                       .principal = "users/bench"};
  facts.start_day = StartDayOf(facts.id, now);
  return std::make_shared<ExecutionFacts>(std::move(facts));
}

absl::Status Serve(std::map<std::string, std::string> flags) {
  const std::string folder = flags["--stack"] + "/certificates/";
  AF_ASSIGN_OR_RETURN(std::string pem, ReadText(folder + "context.pub"));
  AF_ASSIGN_OR_RETURN(crypto::VerifyingKey key, crypto::VerifyingKey::FromPem(pem));
  AF_ASSIGN_OR_RETURN(rpc::TlsPtr tls, rpc::Tls::Load({.ca = folder + "ca.pem",
                                                       .cert = folder + "executor.pem",
                                                       .key = folder + "executor.key"}));
  const char* url = std::getenv("AGENTFLOW_FLOOR_DATABASE");
  if (url == nullptr) {
    return InvalidArgument("CONFIG_INVALID", "AGENTFLOW_FLOOR_DATABASE", "It is not set.");
  }
  const char* keys = std::getenv("AGENTFLOW_FLOOR_KEYS");
  if (keys == nullptr) {
    return InvalidArgument("CONFIG_INVALID", "AGENTFLOW_FLOOR_KEYS", "It is not set.");
  }
  AF_ASSIGN_OR_RETURN(crypto::KeyRing master, MasterKeys(crypto::Secret(keys), ""));
  const SystemClock clock;
  TenantKeys tenant_keys({.url = url}, std::move(master), clock);
  PgLaneTable lanes({.url = url, .owner = "floor", .address = "none"});
  AF_RETURN_IF_ERROR(lanes.Join().status());
  Waker waker;
  PgStore store(
      {.url = url, .owner = "floor", .keys = &tenant_keys, .wake = [&waker] { waker.Wake(); }});
  Loop loop(store, waker,
            {.rounds = std::atoi(flags["--rounds"].c_str()),
             .journal_bytes = static_cast<size_t>(std::atoi(flags["--journal-bytes"].c_str())),
             .change_bytes = static_cast<size_t>(std::atoi(flags["--change-bytes"].c_str()))});
  rpc::Server server({.service = "executor",
                      .tls = tls,
                      .contexts = std::make_shared<auth::ContextVerifier>(
                          std::vector<crypto::VerifyingKey>{std::move(key)}, &clock),
                      .require_all_methods = false});
  server.UnaryAsync<StartExecutionRequest, Execution>(
      "agentflow.api.v1.ExecutionService/StartExecution",
      [&](rpc::CallPtr call, std::unique_ptr<StartExecutionRequest> request, auto done) {
        thread_local SeededRandom random(EntropySeed());
        loop.Add({.facts = FactsOf(call->tenant(), request->workflow(), clock, random),
                  .done = std::move(done)});
      });
  AF_RETURN_IF_ERROR(server.Start());
  std::cout << server.port() << std::endl;
  return loop.Run(clock);
}

}  // namespace
}  // namespace agentflow::executor

int main(int argc, char** argv) {
  std::signal(SIGTERM, [](int) { agentflow::executor::stopping = true; });
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  absl::Status status = agentflow::executor::Serve(std::move(flags));
  if (!status.ok()) std::cerr << agentflow::MessageOf(status) << "\n";
  return status.ok() ? 0 : 1;
}
