#include "tools/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include "libs/base/status.h"
#include "tools/cli/output.h"

namespace agentflow::cli {
namespace {

constexpr std::chrono::milliseconds kFastest{100};
constexpr std::chrono::milliseconds kSlowest{1000};

// As --decide, --step and --set take it: "pages.translate#2".
std::string KeyOf(const json::Value& step) {
  std::string iteration = step.StringOr("iteration");
  return step.StringOr("node") + (iteration.empty() ? "" : "#" + iteration);
}

// How deep in containers a step is: the dots of its path.
size_t DepthOf(const json::Value& step) {
  std::string node = step.StringOr("node");
  return static_cast<size_t>(std::count(node.begin(), node.end(), '.'));
}

std::string NoteOf(const json::Value& step) {
  std::string note;
  if (step.IntOr("attempt", 0) > 1) note += "  attempt " + std::to_string(step.IntOr("attempt", 0));
  if (const json::Value* error = step.Find("error")) {
    std::string message = error->StringOr("message").substr(0, 80);
    std::replace(message.begin(), message.end(), '\n', ' ');  // a step has one line
    note += "  " + error->StringOr("reason") + ": " + message;
  }
  return note;
}

}  // namespace

bool IsOver(const std::string& state) {
  return state == "COMPLETED" || state == "FAILED" || state == "CANCELED" || state == "TIMED_OUT";
}

Progress::Progress(Session& session, std::string execution)
    : session_(session), execution_(std::move(execution)) {}

absl::StatusOr<json::Value> Progress::Follow() {
  std::chrono::milliseconds pause = kFastest;
  while (true) {
    AF_ASSIGN_OR_RETURN(json::Value execution, session_.Get("/v1/" + execution_));
    AF_ASSIGN_OR_RETURN(json::Array steps, session_.List("/v1/" + execution_ + "/steps", "steps",
                                                         {}));
    bool over = IsOver(execution.StringOr("state"));
    Show(execution, steps, over);
    if (over) return execution;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 5 / 4, kSlowest);
  }
}

void Progress::Show(const json::Value& execution, const json::Array& steps, bool over) {
  if (isatty(STDERR_FILENO)) {
    Draw(execution, steps);
    if (over) std::cerr << "\n";
  } else {
    PrintChanges(execution, steps);
  }
}

void Progress::Draw(const json::Value& execution, const json::Array& steps) {
  static constexpr const char* kSpinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  size_t done = 0;
  size_t widest = 0;
  for (const json::Value& step : steps) {
    std::string state = step.StringOr("state");
    done += state == "COMPLETED" || state == "SKIPPED" || IsOver(state);
    widest = std::max(widest, KeyOf(step).size() + 2 * DepthOf(step));
  }
  std::string text;
  if (drawn_lines_ > 0) text += "\033[" + std::to_string(drawn_lines_) + "F";
  bool over = IsOver(execution.StringOr("state"));
  text += "\033[K" + std::string(over ? "" : kSpinner[turn_++ % 10]) + (over ? "" : " ") +
          execution.StringOr("workflow") + "  " + StateText(execution.StringOr("state")) + "  " +
          std::to_string(done) + "/" + std::to_string(steps.size()) + " steps\n";
  for (size_t i = 0; i < steps.size(); ++i) {
    std::string key = std::string(2 * DepthOf(steps[i]), ' ') + KeyOf(steps[i]);
    text += "\033[K " + std::string(i + 1 == steps.size() ? "└ " : "├ ") + key +
            std::string(widest - key.size() + 2, ' ') + StateText(steps[i].StringOr("state")) +
            NoteOf(steps[i]) + "\n";
  }
  drawn_lines_ = static_cast<int>(steps.size()) + 1;
  std::cerr << text << std::flush;
}

void Progress::PrintChanges(const json::Value& execution, const json::Array& steps) {
  for (const json::Value& step : steps) {
    std::string shown = StateText(step.StringOr("state")) + NoteOf(step);
    std::string& before = seen_[KeyOf(step)];
    if (before != shown) std::cerr << KeyOf(step) << "  " << shown << "\n";
    before = shown;
  }
  std::string state = execution.StringOr("state");
  if (seen_[""] != state) std::cerr << execution_ << "  " << StateText(state) << "\n";
  seen_[""] = state;
}

}  // namespace agentflow::cli
