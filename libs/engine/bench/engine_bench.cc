// How fast the pure engine decides, in memory, on one core:
//   engine_bench [SECONDS per row]
// A transition is one event. "journal" adds the bytes of each event; "copy" is Decide on a copy
// followed by Apply, the reference form.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/engine.h"
#include "libs/engine/testing/plan_text.h"

namespace agentflow::engine {
namespace {

struct Totals {
  uint64_t executions = 0;
  uint64_t transitions = 0;
  uint64_t bytes = 0;
};

enum class Style { kAdvance, kJournal, kCopy };

class Runner {
 public:
  Runner(PlanPtr plan, bool strict, Style style) : plan_(std::move(plan)), style_(style) {
    auto info = std::make_shared<StartInfo>();
    info->plan_hash = plan_->hash;
    info->tenant = "acme";
    info->workflow = "workflows/bench";
    info->strict = strict;
    info->input = json::Object{{"x", 11}, {"text", "some text to work on"}};
    info_ = std::move(info);
  }

  void RunOne(Totals& totals) {
    state_ = ExecutionState();
    open_.clear();
    Send(StartExecution{plan_, info_}, totals);
    while (!state_.over()) {
      if (state_.more()) {
        Send(Continue{}, totals);
        continue;
      }
      AF_CHECK(!open_.empty());
      Action next = std::move(open_.back());
      open_.pop_back();
      if (const auto* offer = std::get_if<OfferTask>(&next.body)) {
        Send(ClaimTask{offer->step, offer->attempt, "w"}, totals);
        Send(CompleteTask{offer->step, offer->attempt, output_}, totals);
      } else if (const auto* run = std::get_if<RunInProcess>(&next.body)) {
        Send(RunStep{run->step, run->attempt}, totals);
      }
    }
    ++totals.executions;
  }

 private:
  void Send(CommandBody body, Totals& totals) {
    now_ += 10;
    Command command{now_, 1, "", std::move(body)};
    auto decision = style_ == Style::kCopy ? Decide(state_, command) : Advance(state_, command);
    AF_CHECK(decision.ok());
    if (style_ == Style::kCopy) {
      if (!state_.plan) state_.plan = plan_;
      for (const Event& event : decision->events) Apply(state_, event);
    }
    if (style_ == Style::kJournal) totals.bytes += EncodeEvents(decision->events).size();
    totals.transitions += decision->events.size();
    for (Action& action : decision->actions) open_.push_back(std::move(action));
  }

  PlanPtr plan_;
  Style style_;
  std::shared_ptr<const StartInfo> info_;
  json::Value output_ = json::Object{{"label", "refund"}, {"score", 0.5}};
  ExecutionState state_;
  std::vector<Action> open_;
  UnixMicros now_ = 1'700'000'000'000'000;
};

void Measure(const char* name, const std::string& plan, bool strict, Style style, double seconds) {
  Runner runner(testing::PlanOf(plan), strict, style);
  Totals warm, totals;
  runner.RunOne(warm);
  auto start = std::chrono::steady_clock::now();
  double elapsed = 0;
  while (elapsed < seconds) {
    runner.RunOne(totals);
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::printf("%-34s %12.0f transitions/s %11.0f executions/s %8.1f bytes/transition\n", name,
              totals.transitions / elapsed, totals.executions / elapsed,
              static_cast<double>(totals.bytes) / static_cast<double>(totals.transitions));
}

std::string Fan(int width) {
  std::string text = "node end noop\n";
  for (int i = 0; i < width; ++i) {
    std::string id = "n" + std::to_string(i);
    text += "node " + id + " task\nedge start -> " + id + "\nedge " + id + " -> end\n";
  }
  return text;
}

// `places` at the node, in the items' order; 0: all at once.
std::string Map(int count, int places = 0) {
  std::string items = "0";
  for (int i = 1; i < count; ++i) items += "," + std::to_string(i);
  std::string text = "node m map items=[" + items + "] output=\"=nodes.m.t.output\"";
  if (places > 0) text += " inOrder";
  text += "\nnode m.t task input=\"=item\"";
  if (places > 0) text += " places=" + std::to_string(places);
  return text + "\nedge start -> m\nedge start -> m.t\n";
}

}  // namespace
}  // namespace agentflow::engine

int main(int argc, char** argv) {
  using namespace agentflow::engine;  // NOLINT
  double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const std::string noops =
      "node a noop\nnode b noop\nnode c noop\nedge start -> a\nedge a -> b\nedge b -> c\n";
  const std::string tasks =
      "outputs {\"r\": \"=nodes.c.output\"}\n"
      "node a task input=\"=inputs.text\"\nnode b task input=\"=nodes.a.output\"\n"
      "node c task input={\"l\":\"=nodes.b.output.label\"}\n"
      "edge start -> a\nedge a -> b\nedge b -> c\n";
  const std::string branches =
      "node a transform value={\"y\":\"=inputs.x\"}\nnode i if when=\"nodes.a.output.y > 10\"\n"
      "node p noop\nnode q noop\nnode end transform value=\"=nodes.a.output.y\"\n"
      "edge start -> a\nedge a -> i\nedge i.then -> p\nedge i.else -> q\nedge p -> end\n"
      "edge q -> end\n";
  Measure("3 chained no-op steps", noops, false, Style::kAdvance, seconds);
  Measure("3 chained no-op steps, journal", noops, false, Style::kJournal, seconds);
  Measure("3 chained no-op steps, copy", noops, false, Style::kCopy, seconds);
  Measure("3 strict no-op steps", noops, true, Style::kAdvance, seconds);
  Measure("transform, if, join", branches, false, Style::kAdvance, seconds);
  Measure("3 tasks with claims", tasks, false, Style::kAdvance, seconds);
  Measure("3 tasks with claims, journal", tasks, false, Style::kJournal, seconds);
  Measure("2,000 tasks side by side", Fan(2000), false, Style::kAdvance, seconds);
  Measure("flow.map over 1,000 tasks", Map(1000), false, Style::kAdvance, seconds);
  Measure("flow.map over 10,000 tasks", Map(10'000), false, Style::kAdvance, seconds);
  Measure("flow.pipeline over 10,000 tasks", Map(10'000, 4), false, Style::kAdvance, seconds);
}
