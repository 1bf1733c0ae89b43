#include <atomic>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/http/client.h"
#include "tools/bench/figures.h"
#include "tools/bench/pace.h"
#include "tools/bench/scenarios.h"
#include "tools/bench/worker.h"

namespace agentflow::bench {
namespace {

// Starts at a rate, from a thread of its own, until it goes out of scope.
class Load {
 public:
  Load(Starter* starter, double rate) {
    if (rate <= 0) return;
    thread_ = std::thread([this, starter, rate] {
      constexpr double kSlice = 0.1;
      while (!stop_) {
        AtRate(rate, kSlice, [&](SteadyClock::time_point due) {
          ++waiting_;
          starter->Start([this, due](const absl::StatusOr<std::string>& id) {
            id.ok() ? acknowledged_.Add(MicrosSince(due)) : void(++refused_);
            --waiting_;
          });
        });
      }
    });
  }
  ~Load() { Stop(); }

  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    while (waiting_ > 0) Wait(0.005);
  }
  json::Value Acknowledged() { return acknowledged_.Summary(); }
  int64_t refused() const { return refused_; }

 private:
  Times acknowledged_;
  std::atomic<int64_t> refused_{0};
  std::atomic<int64_t> waiting_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

absl::StatusOr<std::string> StartOne(Starter& starter) {
  absl::StatusOr<std::string> made;
  std::atomic<bool> started{false};
  starter.Start([&](absl::StatusOr<std::string> id) {
    made = std::move(id);
    started = true;
  });
  while (!started) Wait(0.005);
  return made;
}

}  // namespace

absl::StatusOr<json::Value> StartLatency(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  Times acknowledged;
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> waiting{0};
  AtRate(scenario.rate, scenario.seconds, [&](SteadyClock::time_point due) {
    ++waiting;
    starter->Start([&, due](const absl::StatusOr<std::string>& id) {
      id.ok() ? acknowledged.Add(MicrosSince(due)) : void(++refused);
      --waiting;
    });
  });
  while (waiting > 0) Wait(0.005);
  return json::Value(
      json::Object{{"acknowledgement", acknowledged.Summary()}, {"refused", refused.load()}});
}

absl::StatusOr<json::Value> FirstTask(const Scenario& scenario) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, scenario.direct, scenario.workflow));
  const SteadyClock::time_point zero = SteadyClock::now();
  Times arrived;
  std::atomic<int64_t> tasks{0};
  AF_ASSIGN_OR_RETURN(
      auto worker,
      EchoWorker::Connect(scenario.files, "bench-first", 4096, [&](const api::v1::Task& task) {
        const auto& fields = task.input().struct_value().fields();
        auto due = fields.find("due");
        if (due == fields.end()) return;
        arrived.Add(MicrosSince(zero) - static_cast<int64_t>(due->second.number_value()));
        ++tasks;
      }));
  while (!worker->welcome()) Wait(0.005);
  std::atomic<int64_t> refused{0};
  int64_t sent = 0;
  AtRate(scenario.rate, scenario.seconds, [&](SteadyClock::time_point due) {
    google::protobuf::Value input;
    (*input.mutable_struct_value()->mutable_fields())["due"].set_number_value(static_cast<double>(
        std::chrono::duration_cast<std::chrono::microseconds>(due - zero).count()));
    ++sent;
    if (sent % 100 == 0) worker->Beat();
    starter->Start(input, "", [&](const absl::StatusOr<std::string>& id) {
      if (!id.ok()) ++refused;
    });
  });
  const SteadyClock::time_point end = SteadyClock::now() + std::chrono::seconds(10);
  while (tasks + refused < sent && SteadyClock::now() < end) Wait(0.005);
  return json::Value(json::Object{{"first_task", arrived.Summary()},
                                  {"refused", refused.load()},
                                  {"unfinished", sent - tasks - refused}});
}

absl::StatusOr<json::Value> RestLatency(const Scenario& scenario) {
  constexpr int kThreads = 8;
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter,
                      Starter::Make(scenario.files, false, scenario.workflow));
  AF_ASSIGN_OR_RETURN(std::string id, StartOne(*starter));
  Load load(starter.get(), scenario.load);
  Times gets, lists;
  std::atomic<int64_t> failed{0};
  auto count = static_cast<int64_t>(scenario.rate * scenario.seconds);
  SteadyClock::time_point begin = SteadyClock::now();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      http::Client client({.allow_private = true});
      for (int64_t i = thread; i < count; i += kThreads) {
        SteadyClock::time_point due = begin + Seconds(static_cast<double>(i) / scenario.rate);
        std::this_thread::sleep_until(due);
        bool is_list = (i / kThreads) % 2 == 1;
        http::OutboundRequest request{
            .url = scenario.files.url +
                   (is_list ? "/v1/executions?pageSize=50" : "/v1/executions/" + id)};
        request.headers.Add("Authorization", "Bearer " + scenario.files.api_key);
        auto response = client.Send(request);
        if (!response.ok() || response->status != 200) ++failed;
        (is_list ? lists : gets).Add(MicrosSince(due));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  load.Stop();
  json::Object figures{
      {"get", gets.Summary()}, {"list", lists.Summary()}, {"failed", failed.load()}};
  if (scenario.load > 0) {
    figures.Set("acknowledgement", load.Acknowledged());
    figures.Set("refused", load.refused());
  }
  return json::Value(std::move(figures));
}

}  // namespace agentflow::bench
