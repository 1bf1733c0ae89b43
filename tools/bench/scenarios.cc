#include "tools/bench/scenarios.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/http/client.h"
#include "tools/bench/completions.h"
#include "tools/bench/figures.h"

namespace agentflow::bench {
namespace {

using Clock = std::chrono::steady_clock;

int64_t MicrosSince(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
}

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void Wait(double seconds) { std::this_thread::sleep_for(Seconds(seconds)); }

}  // namespace

absl::StatusOr<json::Value> Throughput(const StackFiles& files, bool direct,
                                       const std::string& workflow, int in_flight,
                                       double seconds) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter, Starter::Make(files, direct, workflow));
  AF_ASSIGN_OR_RETURN(rpc::ChannelPtr executor, ExecutorChannel(files, "monitor"));
  std::atomic<int64_t> completed{0};
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> going{0};
  std::atomic<bool> stop{false};
  Times acknowledged;
  std::function<void()> start = [&] {
    if (stop) return;
    ++going;
    Clock::time_point begin = Clock::now();
    starter->Start([&, begin](const absl::StatusOr<std::string>& id) {
      if (id.ok()) return acknowledged.Add(MicrosSince(begin));
      ++refused;
      --going;
    });
  };
  Completions completions(executor, workflow, [&] {
    ++completed;
    --going;
    start();
  });
  completions.CatchUp();
  for (int i = 0; i < in_flight; ++i) start();
  Wait(1.5);
  int64_t before = completed;
  Clock::time_point begin = Clock::now();
  Wait(seconds);
  double rate = static_cast<double>(completed - before) /
                (static_cast<double>(MicrosSince(begin)) / 1e6);
  stop = true;
  Clock::time_point drained = Clock::now() + std::chrono::seconds(20);
  while (going > 0 && Clock::now() < drained) Wait(0.02);
  return json::Value(json::Object{{"workflows_per_second", rate},
                                  {"acknowledgement", acknowledged.Summary()},
                                  {"refused", refused.load()},
                                  {"failed", completions.failed()},
                                  {"unfinished", going.load()}});
}

absl::StatusOr<json::Value> StartLatency(const StackFiles& files, bool direct,
                                         const std::string& workflow, double rate,
                                         double seconds) {
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter, Starter::Make(files, direct, workflow));
  Times acknowledged;
  std::atomic<int64_t> refused{0};
  std::atomic<int64_t> waiting{0};
  auto count = static_cast<int64_t>(rate * seconds);
  Clock::time_point begin = Clock::now();
  for (int64_t i = 0; i < count; ++i) {
    Clock::time_point due = begin + Seconds(static_cast<double>(i) / rate);
    std::this_thread::sleep_until(due);
    ++waiting;
    starter->Start([&, due](const absl::StatusOr<std::string>& id) {
      id.ok() ? acknowledged.Add(MicrosSince(due)) : void(++refused);
      --waiting;
    });
  }
  while (waiting > 0) Wait(0.005);
  return json::Value(
      json::Object{{"acknowledgement", acknowledged.Summary()}, {"refused", refused.load()}});
}

absl::StatusOr<json::Value> RestLatency(const StackFiles& files, const std::string& workflow,
                                        double rate, double seconds) {
  constexpr int kThreads = 8;
  AF_ASSIGN_OR_RETURN(std::unique_ptr<Starter> starter, Starter::Make(files, false, workflow));
  std::string id;
  std::atomic<bool> started{false};
  starter->Start([&](const absl::StatusOr<std::string>& made) {
    id = made.value_or("");
    started = true;
  });
  while (!started) Wait(0.005);
  if (id.empty()) return Unavailable("START_REFUSED", "the execution to read was not started");
  Times gets, lists;
  std::atomic<int64_t> failed{0};
  auto count = static_cast<int64_t>(rate * seconds);
  Clock::time_point begin = Clock::now();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      http::Client client({.allow_private = true});
      for (int64_t i = thread; i < count; i += kThreads) {
        Clock::time_point due = begin + Seconds(static_cast<double>(i) / rate);
        std::this_thread::sleep_until(due);
        bool is_list = (i / kThreads) % 2 == 1;
        http::OutboundRequest request{
            .url = files.url + (is_list ? "/v1/executions?pageSize=50" : "/v1/executions/" + id)};
        request.headers.Add("Authorization", "Bearer " + files.api_key);
        auto response = client.Send(request);
        if (!response.ok() || response->status != 200) ++failed;
        (is_list ? lists : gets).Add(MicrosSince(due));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return json::Value(json::Object{
      {"get", gets.Summary()}, {"list", lists.Summary()}, {"failed", failed.load()}});
}

}  // namespace agentflow::bench
