#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/http/client.h"
#include "tools/bench/figures.h"
#include "tools/bench/pace.h"
#include "tools/bench/scenarios.h"

namespace agentflow::bench {
namespace {

absl::StatusOr<json::Value> Ask(http::Client& client, const StackFiles& files,
                                const std::string& method, const std::string& path,
                                const std::string& body) {
  http::OutboundRequest request{.method = method, .url = files.url + path, .body = body};
  request.headers.Add("Authorization", "Bearer " + files.api_key);
  if (!body.empty()) request.headers.Add("Content-Type", "application/json");
  AF_ASSIGN_OR_RETURN(const http::Response response, client.Send(request));
  if (response.status != 200) {
    return Unavailable("CALL_REFUSED", path + " was answered with " +
                                           std::to_string(response.status) + ": " + response.body);
  }
  return json::Parse(response.body);
}

// What somebody types key by key, and what is asked at each: the draft comes along, as it does from
// an editor.
std::vector<std::string> CheckRequests(const json::Value& document) {
  const std::string typed = "nodes.score_7.output.total > inputs.limit && inputs.customer.na";
  std::vector<std::string> requests;
  for (size_t length = 1; length <= typed.size(); ++length) {
    requests.push_back(json::Dump(json::Object{{"expression", typed.substr(0, length)},
                                               {"cursor", static_cast<int64_t>(length)},
                                               {"document", document},
                                               {"place", "nodes.decide.with.when"}}));
  }
  return requests;
}

std::string EvaluateRequest(const std::string& execution) {
  return json::Dump(json::Object{
      {"expression", "nodes.score_7.output.total > inputs.limit && inputs.customer.name != ''"},
      {"execution", execution},
      {"step", "decide"}});
}

}  // namespace

absl::StatusOr<json::Value> ExpressionLatency(const Scenario& scenario) {
  constexpr int kThreads = 4;
  http::Client setup({.allow_private = true});
  const StackFiles& files = scenario.files;
  const std::string workflow = "/v1/workflows/" + scenario.workflow;
  AF_ASSIGN_OR_RETURN(const json::Value draft, Ask(setup, files, "GET", workflow, ""));
  AF_ASSIGN_OR_RETURN(const json::Value started,
                      Ask(setup, files, "POST", workflow + ":start",
                          "{\"input\": " + scenario.input + "}"));
  if (started.StringOr("state") != "COMPLETED") {
    return Unavailable("NOT_COMPLETED", "the execution to read is " + started.StringOr("state"));
  }
  const std::vector<std::string> checks = CheckRequests(*draft.Find("document"));
  const std::string evaluate = EvaluateRequest(started.StringOr("name"));
  Times checked, evaluated;
  std::atomic<int64_t> failed{0};
  const auto count = static_cast<int64_t>(scenario.rate * scenario.seconds);
  const SteadyClock::time_point begin = SteadyClock::now();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      http::Client client({.allow_private = true});
      for (int64_t i = thread; i < count; i += kThreads) {
        const SteadyClock::time_point due =
            begin + Seconds(static_cast<double>(i) / scenario.rate);
        std::this_thread::sleep_until(due);
        const bool is_check = (i / kThreads) % 2 == 0;
        const auto key = static_cast<size_t>(i) % checks.size();
        auto answer = Ask(client, files, "POST",
                          is_check ? "/v1/expressions:check" : "/v1/expressions:evaluate",
                          is_check ? checks[key] : evaluate);
        const bool good =
            answer.ok() && (is_check ? answer->Find("completions") != nullptr
                                     : answer->Find("value") && answer->Find("value")->is_bool());
        if (!good) ++failed;
        (is_check ? checked : evaluated).Add(MicrosSince(due));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return json::Value(json::Object{{"check", checked.Summary()},
                                  {"evaluate", evaluated.Summary()},
                                  {"failed", failed.load()}});
}

}  // namespace agentflow::bench
