// Commands that act on executions under way and on those that went wrong.
#include <iostream>

#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

// The value of --`flag`, or what follows the sign in it.
absl::StatusOr<json::Value> ReadJson(const std::string& flag, std::string text) {
  if (text.starts_with('@')) {
    AF_ASSIGN_OR_RETURN(text, ReadFile(text.substr(1)));
  }
  absl::StatusOr<json::Value> value = json::Parse(text);
  if (!value.ok()) return Annotate(value.status(), "--" + flag);
  return value;
}

// "key=value" split at the first sign.
absl::StatusOr<std::pair<std::string, std::string>> Split(const std::string& flag,
                                                          const std::string& text) {
  const size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0) {
    return InvalidArgument("INPUT_MALFORMED", flag, "--" + flag + " " + text + ": write key=value");
  }
  return std::make_pair(text.substr(0, sign), text.substr(sign + 1));
}

// The execution's name and state, or all of it.
int Show(const json::Value& execution, const char* what, Format format) {
  if (format == Format::kTable) {
    std::cout << execution.StringOr("name") << " " << what << execution.StringOr("state") << "\n";
  } else {
    std::cout << Render(format, execution, {});
  }
  return kOk;
}

absl::StatusOr<int> ShowNew(Session& session, const json::Value& execution, bool watch,
                            Format format) {
  if (watch) return Watch(session, execution.StringOr("name"), format);
  return Show(execution, "started ", format);
}

// A line for each text of a list.
void PrintLines(const json::Value& answer, std::string_view list, const char* what) {
  const json::Value* found = answer.Find(list);
  if (found == nullptr || !found->is_array()) return;
  for (const json::Value& each : found->as_array()) std::cout << what << each.as_string() << "\n";
}

}  // namespace

std::string NewRequestId() {
  SeededRandom random(EntropySeed());
  return Uuid::Make(random).ToString();
}

absl::StatusOr<int> Cancel(Session& session, const std::string& execution, const std::string& cause,
                           bool compensate, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  AF_ASSIGN_OR_RETURN(
      json::Value answer,
      session.Post(path + ":cancel", json::Object{{"cause", cause}, {"compensate", compensate}}));
  return Show(answer, "", format);
}

absl::StatusOr<int> Pause(Session& session, const std::string& execution, const std::string& cause,
                          Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post(path + ":pause", json::Object{{"cause", cause},
                                                                 {"requestId", NewRequestId()}}));
  return Show(answer, "", format);
}

absl::StatusOr<json::Value> BuildDecisions(const std::vector<std::string>& decisions) {
  json::Object built;
  for (const std::string& text : decisions) {
    AF_ASSIGN_OR_RETURN(const auto step, Split("decide", text));
    std::string action = step.second;
    json::Object decision;
    if (const size_t colon = action.find(':'); colon != std::string::npos) {
      AF_ASSIGN_OR_RETURN(json::Value output, ReadJson("decide", action.substr(colon + 1)));
      decision.Set("output", std::move(output));
      action.resize(colon);
    }
    if (action != "retry" && action != "fail" && action != "complete") {
      return InvalidArgument(
          "INPUT_MALFORMED", "decide",
          "--decide " + text + ": write STEP=retry, STEP=fail or " + "STEP=complete:JSON");
    }
    decision.Set("action", action == "retry" ? "RETRY" : action == "fail" ? "FAIL" : "COMPLETE");
    built.Set(step.first, std::move(decision));
  }
  return json::Value(std::move(built));
}

absl::StatusOr<int> Resume(Session& session, const std::string& execution,
                           const std::vector<std::string>& decisions, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  AF_ASSIGN_OR_RETURN(json::Value built, BuildDecisions(decisions));
  AF_ASSIGN_OR_RETURN(
      json::Value answer,
      session.Post(path + ":resume",
                   json::Object{{"decisions", built}, {"requestId", NewRequestId()}}));
  return Show(answer, "", format);
}

absl::StatusOr<int> Signal(Session& session, const std::string& execution,
                           const std::string& signal, const std::string& payload,
                           const std::string& request_id, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  json::Object request{{"signal", signal},
                       {"requestId", request_id.empty() ? NewRequestId() : request_id}};
  if (!payload.empty()) {
    AF_ASSIGN_OR_RETURN(json::Value value, ReadJson("data", payload));
    request.Set("payload", std::move(value));
  }
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post(path + ":signal", json::Value(std::move(request))));
  return Show(answer, "", format);
}

absl::StatusOr<int> Retry(Session& session, const std::string& execution,
                          const std::string& request_id, bool watch, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  const json::Object request{{"requestId", request_id.empty() ? NewRequestId() : request_id}};
  AF_ASSIGN_OR_RETURN(json::Value answer, session.Post(path + ":retry", json::Value(request)));
  return ShowNew(session, answer, watch, format);
}

absl::StatusOr<int> Fork(Session& session, const ForkOptions& options, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", options.execution));
  json::Object request{
      {"requestId", options.request_id.empty() ? NewRequestId() : options.request_id}};
  if (options.checkpoint > 0) request.Set("checkpoint", options.checkpoint);
  if (!options.step.empty()) request.Set("step", options.step);
  if (!options.input_json.empty()) {
    AF_ASSIGN_OR_RETURN(json::Value input, ReadJson("input-json", options.input_json));
    request.Set("input", std::move(input));
  }
  json::Object outputs;
  for (const std::string& text : options.outputs) {
    AF_ASSIGN_OR_RETURN(const auto step, Split("set", text));
    AF_ASSIGN_OR_RETURN(json::Value output, ReadJson("set", step.second));
    outputs.Set(step.first, std::move(output));
  }
  if (!outputs.empty()) request.Set("outputs", std::move(outputs));
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post(path + ":fork", json::Value(std::move(request))));
  return ShowNew(session, answer, options.watch, format);
}

absl::StatusOr<int> Replay(Session& session, const std::string& execution, int version,
                           Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post(path + ":replay", json::Object{{"version", version}}));
  if (format != Format::kTable) {
    std::cout << Render(format, answer, {});
    return kOk;
  }
  const json::Value* same = answer.Find("same");
  const json::Value* replayed = answer.Find("version");
  std::cout << "version " << (replayed ? json::Dump(*replayed) : "0") << ": "
            << (same && *same == json::Value(true) ? "the same decisions"
                                                   : "other decisions than recorded")
            << ", " << answer.StringOr("state") << "\n";
  if (const json::Value* divergence = answer.Find("divergence")) {
    std::cout << "first at " << divergence->StringOr("sequence", "the end") << "\n"
              << "  recorded  " << divergence->StringOr("expected", "nothing") << "\n"
              << "  now       " << divergence->StringOr("found", "nothing") << "\n";
  }
  PrintLines(answer, "notRecorded", "not recorded: ");
  PrintLines(answer, "notUsed", "recorded, not used: ");
  if (const json::Value* output = answer.Find("output")) {
    std::cout << "output " << json::Dump(*output) << "\n";
  }
  return kOk;
}

absl::StatusOr<int> Decide(Session& session, const std::string& approval, bool approve,
                           const std::string& comment, const std::string& values, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("approvals", approval));
  json::Object request{{"comment", comment}};
  if (!values.empty()) {
    AF_ASSIGN_OR_RETURN(json::Value value, ReadJson("values", values));
    request.Set("values", std::move(value));
  }
  AF_ASSIGN_OR_RETURN(json::Value answer, session.Post(path + (approve ? ":approve" : ":reject"),
                                                       json::Value(std::move(request))));
  return Show(answer, "", format);
}

}  // namespace agentflow::cli
