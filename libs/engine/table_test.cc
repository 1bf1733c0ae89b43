#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/engine.h"
#include "libs/engine/testing/describe.h"
#include "libs/engine/testing/plan_text.h"
#include "libs/engine/time_text.h"

// Runs testdata/cases/*.txt. A file has any number of cases:
//
//   === a name
//   <plan, see testing/plan_text.h>
//   > [+5s] start [strict] [queued] [deep] [JSON input]
//   > [+5s] claim STEP ATTEMPT HOLDER
//   > [+5s] complete STEP ATTEMPT [JSON]
//   > [+5s] fail STEP ATTEMPT REASON [final]
//   > [+5s] lose STEP ATTEMPT
//   > [+5s] run STEP ATTEMPT
//   > [+5s] fire wait|scheduleToClose|scheduleToStart|startToClose STEP [ATTEMPT] | fire execution
//   > [+5s] cancel CAUSE | undo CAUSE (cancel with compensation) | continue
//   > [+5s] pause CAUSE | resume [{STEP: "retry" | "fail" | {"output": JSON, "port": PORT}}]
//   > [+5s] migrate (to the same plan)
//   > [+5s] signal NAME [id=ID] [JSON]
//   > [+5s] approve STEP [JSON] | reject STEP [JSON]
//   > [+5s] child STEP ATTEMPT started [detached] | refused REASON | completed [JSON] |
//     failed REASON
//   > [+5s] grant STEP|execution | deny STEP|execution REASON | admit
//   > limit transitions|value_bytes|lost_attempts|signals|in_flight N   (for those that follow)
//   > random FRACTION                                                   (the same)
//
// and under each command the decision it must give: events with their sequence, actions (!) with
// their cause, step changes (~), the phase (=). `engine_test --rewrite` writes what it gives now.
namespace agentflow::engine::testing {
namespace {

constexpr char kCases[] = "libs/engine/testdata/cases";
constexpr UnixMicros kStart = 1'700'000'000'000'000;
bool rewrite = false;
std::string freeze;  // path of the history file to add to; empty: none

struct Case {
  std::string name;
  std::string plan;
  std::vector<std::string> commands;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The comments before the first case, then the cases.
std::pair<std::string, std::vector<Case>> ParseCases(const std::string& text) {
  std::string head;
  std::vector<Case> cases;
  std::stringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("=== ", 0) == 0) {
      cases.emplace_back().name = line.substr(4);
    } else if (cases.empty()) {
      head += line + "\n";
    } else if (line.rfind("> ", 0) == 0) {
      cases.back().commands.push_back(line.substr(2));
    } else if (line.rfind("  ", 0) != 0 && !line.empty()) {
      cases.back().plan += line + "\n";
    }
  }
  return {head, cases};
}

class Player {
 public:
  explicit Player(const std::string& plan_text) : plan_(PlanOf(plan_text)) {}

  // What the command gives, as text; also checks every invariant on the way.
  std::string Play(const std::string& line) {
    std::stringstream in(line);
    std::string word;
    in >> word;
    if (word[0] == '+') {
      now_ += ParseSpan(word.substr(1)).value_or(0);
      in >> word;
    }
    if (word == "limit") return SetLimit(in);
    if (word == "random") return SetRandom(in);
    Command command{now_, random_, "users/test", Parse(word, in)};
    ExecutionState before = state_;
    auto decided = Decide(state_, command, limits_);
    auto advanced = Advance(state_, command, limits_);
    EXPECT_EQ(decided.ok(), advanced.ok());
    if (!advanced.ok()) {
      EXPECT_TRUE(Same(state_, before)) << "a refusal changed the state";
      return "  refused " + ReasonOf(advanced.status()) + ": " + MessageOf(advanced.status()) +
             "\n";
    }
    std::string text = Describe(state_, *advanced);
    EXPECT_EQ(text, Describe(state_, *decided));
    Check(*advanced, before);
    return text;
  }

  // What histories_test.cc replays.
  std::string History() const {
    std::string text;
    if (!state_.start) return text;
    text += "record " + absl::BytesToHexString(journal_) + "\n";
    text += "snapshot " + absl::BytesToHexString(EncodeState(state_)) + "\n";
    std::stringstream lines(Describe(state_));
    for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
    return text;
  }

 private:
  CommandBody Parse(const std::string& word, std::stringstream& in) {
    if (word == "start") return ParseStart(in);
    if (word == "continue") return Continue{};
    if (word == "cancel") return CancelExecution{Rest(in)};
    if (word == "undo") return CancelExecution{Rest(in), true};
    if (word == "pause") return ParsePause(in);
    if (word == "resume") return ParseResume(in);
    if (word == "migrate") return MigrateExecution{plan_, {}};
    if (word == "rehome") return RehomeExecution{};
    if (word == "fire") return ParseFire(in);
    if (word == "signal") return ParseSignal(in);
    if (word == "grant" || word == "deny" || word == "admit") return ParseKey(word, in);
    if (word == "approve" || word == "reject") {
      std::string key;
      in >> key;
      return DecideApproval{Step(key), word == "approve", "users/ann", "seen", Json(Rest(in))};
    }
    std::string key;
    uint32_t attempt = 0;
    in >> key >> attempt;
    StepRef step = Step(key);
    if (word == "claim") return ClaimTask{step, attempt, Rest(in)};
    if (word == "complete") return CompleteTask{step, attempt, Json(Rest(in))};
    if (word == "lose") return LoseAttempt{step, attempt};
    if (word == "run") return RunStep{step, attempt};
    if (word == "child") return ParseChild(step, attempt, in);
    if (word == "fail") {
      std::string reason, final;
      in >> reason >> final;
      return FailTask{step, attempt, reason, "it broke", final != "final"};
    }
    ADD_FAILURE() << "unknown command " << word;
    return Continue{};
  }

  CommandBody ParseStart(std::stringstream& in) {
    auto info = std::make_shared<StartInfo>();
    info->id = *Uuid::Parse("00000000-0000-4000-8000-000000000001");
    info->tenant = "acme";
    info->principal = "users/test";
    info->workflow = plan_->workflow;
    info->version = plan_->version;
    info->plan_hash = plan_->hash;
    std::string rest = Rest(in);
    if (rest.rfind("strict", 0) == 0) {
      info->strict = true;
      rest.erase(0, 7);
    }
    if (rest.rfind("queued", 0) == 0) {
      info->queued = true;
      rest.erase(0, 7);
    }
    if (rest.rfind("deep", 0) == 0) {
      info->parent = {.execution = info->id, .step = "up", .attempt = 1, .depth = 20};
      rest.erase(0, 5);
    }
    info->input = Json(rest);
    return StartExecution{plan_, std::move(info)};
  }

  // What is left, without an "id=..." that it begins with.
  static std::string RestAfterId(std::stringstream& in, std::string* id) {
    std::string rest = Rest(in);
    if (rest.rfind("id=", 0) != 0) return rest;
    const size_t space = rest.find(' ');
    *id = rest.substr(3, space - 3);
    return space == std::string::npos ? "" : rest.substr(space + 1);
  }

  static CommandBody ParsePause(std::stringstream& in) {
    PauseExecution pause;
    pause.cause = RestAfterId(in, &pause.id);
    return pause;
  }

  CommandBody ParseResume(std::stringstream& in) {
    ResumeExecution resume;
    json::Value decisions = Json(RestAfterId(in, &resume.id));
    if (!decisions.is_object()) return resume;
    for (const auto& [step, value] : decisions.as_object()) {
      HeldDecision& decision = resume.decisions[step];
      if (value.is_object()) {
        decision.kind = HeldDecision::Kind::kComplete;
        decision.port = value.StringOr("port");
        if (const json::Value* output = value.Find("output")) decision.output = *output;
      } else if (value.as_string() == "fail") {
        decision.kind = HeldDecision::Kind::kFail;
      }
    }
    return resume;
  }

  CommandBody ParseFire(std::stringstream& in) {
    std::string kind, key;
    uint32_t attempt = 0;
    in >> kind >> key >> attempt;
    if (kind == "execution") return FireTimer{{TimerKind::kExecution, {}, 0}};
    TimerKind timer = kind == "wait"              ? TimerKind::kWait
                      : kind == "scheduleToClose" ? TimerKind::kScheduleToClose
                      : kind == "scheduleToStart" ? TimerKind::kScheduleToStart
                                                  : TimerKind::kStartToClose;
    return FireTimer{{timer, Step(key), attempt}};
  }

  static CommandBody ParseSignal(std::stringstream& in) {
    SignalExecution signal;
    in >> signal.name;
    signal.payload = Json(RestAfterId(in, &signal.id));
    return signal;
  }

  static CommandBody ParseChild(StepRef step, uint32_t attempt, std::stringstream& in) {
    Uuid child = *Uuid::Parse("00000000-0000-4000-8000-00000000000c");
    std::string what;
    in >> what;
    std::string rest = Rest(in);
    if (what == "started") return ChildStarted{step, attempt, child, 3};
    if (what == "refused") return ChildRefused{step, attempt, {rest, "it cannot", ""}, false};
    if (what == "completed") {
      return ChildEnded{step, attempt, child, Phase::kCompleted, Json(rest), Error()};
    }
    return ChildEnded{step, attempt, child, Phase::kFailed, {}, {rest, "it broke", "x"}};
  }

  CommandBody ParseKey(const std::string& word, std::stringstream& in) {
    if (word == "admit") return AdmitExecution{};
    std::string key;
    in >> key;
    Ticket ticket;
    if (key != "execution") ticket.step = Step(key);
    if (word == "grant") return KeyGranted{ticket};
    return KeyRefused{ticket, Rest(in), "all places are taken"};
  }

  std::string SetLimit(std::stringstream& in) {
    std::string name;
    uint64_t value = 0;
    in >> name >> value;
    if (name == "transitions") limits_.transitions = value;
    if (name == "value_bytes") limits_.value_bytes = value;
    if (name == "lost_attempts") limits_.lost_attempts = value;
    if (name == "signals") limits_.signals = value;
    if (name == "in_flight") limits_.in_flight = value;
    return "";
  }

  std::string SetRandom(std::stringstream& in) {
    double fraction = 0;
    in >> fraction;
    random_ = static_cast<uint64_t>(fraction * 0x1.0p53) << 11;
    return "";
  }

  StepRef Step(const std::string& key) {
    auto step = FindStep(state_, key);
    return step.ok() ? *step : StepRef{99, 99};
  }

  static std::string Rest(std::stringstream& in) {
    std::string rest;
    std::getline(in >> std::ws, rest);
    return rest;
  }

  static json::Value Json(const std::string& text) {
    if (text.empty()) return {};
    auto value = json::Parse(text);
    EXPECT_TRUE(value.ok()) << text;
    return value.ok() ? *value : json::Value();
  }

  void Check(const Decision& decision, const ExecutionState& before) {
    EXPECT_EQ(BrokenInvariant(state_, decision), "");
    ExecutionState applied = before;
    if (!applied.plan) applied.plan = plan_;
    for (const Event& event : decision.events) {
      Apply(applied, event);
      if (!IsVolatile(event)) EncodeEvent(event, &journal_);
    }
    EXPECT_EQ(Describe(applied), Describe(state_)) << "Decide and Apply disagree with Advance";
    if (!state_.start) return;
    auto events = DecodeEvents(journal_);
    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_EQ(EncodeEvents(*events), journal_);
    ExecutionState replayed = Replay(plan_, *events);
    EXPECT_TRUE(Same(replayed, state_)) << "the journal gives another state";
    auto restored = DecodeState(plan_, EncodeState(state_));
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_TRUE(Same(*restored, state_)) << "the snapshot gives another state";
    EXPECT_EQ(PhaseOf(*restored), PhaseOf(state_));
  }

  PlanPtr plan_;
  ExecutionState state_;
  Limits limits_;
  UnixMicros now_ = kStart;
  uint64_t random_ = 0;
  std::string journal_;
};

class Cases : public ::testing::TestWithParam<std::string> {};

TEST_P(Cases, DecideAsWritten) {
  std::filesystem::path path = std::filesystem::path(kCases) / (GetParam() + ".txt");
  std::string expected = ReadFile(path);
  auto [text, cases] = ParseCases(expected);
  ASSERT_FALSE(cases.empty());
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    text += "=== " + test.name + "\n" + test.plan;
    Player player(test.plan);
    for (const std::string& command : test.commands) {
      SCOPED_TRACE(command);
      text += "> " + command + "\n" + player.Play(command);
    }
    text += "\n";
    if (!freeze.empty()) {
      std::ofstream(freeze, std::ios::app) << "=== " << GetParam() << ": " << test.name << "\n"
                                           << test.plan << player.History() << "\n";
    }
  }
  if (rewrite) {
    std::ofstream(path) << text;
  } else {
    EXPECT_EQ(text, expected) << "if this is what it should give: engine_test --rewrite";
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Cases,
                         ::testing::Values("sequence", "branches", "joins", "errors", "retry",
                                           "timeouts", "cancel", "claims", "limits", "strict",
                                           "map", "loop", "signals", "conditions", "approvals",
                                           "children", "keys", "places", "switch_all", "pause",
                                           "compensation", "control"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace agentflow::engine::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rewrite") == 0) agentflow::engine::testing::rewrite = true;
    if (std::strcmp(argv[i], "--freeze") == 0 && i + 1 < argc) {
      std::string path = std::string("libs/engine/testdata/histories/") + argv[++i] + ".txt";
      if (std::filesystem::exists(path)) {
        std::cerr << path << " exists; histories are never changed\n";
        return 1;
      }
      agentflow::engine::testing::freeze = path;
    }
  }
  return RUN_ALL_TESTS();
}
