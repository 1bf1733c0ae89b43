#include <chrono>
#include <iostream>
#include <thread>

#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "tools/cli/commands.h"
#include "tools/cli/progress.h"

namespace agentflow::cli {
namespace {

absl::Status Malformed(const std::string& argument, const std::string& why) {
  return InvalidArgument("INPUT_MALFORMED", "input", "--input " + argument + ": " + why);
}

int ExitCodeOf(const std::string& state) {
  if (state == "CANCELED") return kExecutionCanceled;
  return state == "COMPLETED" ? kOk : kExecutionFailed;
}

// The output of a good end on standard output; the error of a bad one on standard error.
int Finish(const json::Value& execution, Format format) {
  std::string state = execution.StringOr("state");
  if (format != Format::kTable) {
    const json::Value* output = execution.Find("output");
    std::cout << Render(format, state == "COMPLETED" && output ? *output : execution, {});
  } else if (const json::Value* output = execution.Find("output")) {
    std::cout << Render(Format::kYaml, *output, {});
  }
  if (const json::Value* error = execution.Find("error")) {
    std::cerr << execution.StringOr("name") << " " << state << ": " << error->StringOr("reason")
              << ": " << error->StringOr("message");
    if (!error->StringOr("node").empty()) std::cerr << " (node " << error->StringOr("node") << ")";
    std::cerr << "\n";
  }
  return ExitCodeOf(state);
}

absl::StatusOr<json::Value> BuildLabels(const std::vector<std::string>& labels) {
  json::Object made;
  for (const std::string& label : labels) {
    size_t sign = label.find('=');
    if (sign == std::string::npos || sign == 0) {
      return InvalidArgument("INPUT_MALFORMED", "label", "--label " + label + ": write key=value");
    }
    made.Set(label.substr(0, sign), label.substr(sign + 1));
  }
  return json::Value(made);
}

}  // namespace

absl::StatusOr<json::Value> BuildInput(const std::vector<std::string>& inputs,
                                       const std::string& input_json) {
  json::Value whole = json::Object();
  if (!input_json.empty()) {
    std::string text = input_json;
    if (text[0] == '@') {
      AF_ASSIGN_OR_RETURN(text, ReadFile(text.substr(1)));
    }
    absl::StatusOr<json::Value> parsed = json::Parse(text);
    if (!parsed.ok()) return Annotate(parsed.status(), "--input-json");
    whole = *std::move(parsed);
  }
  if (inputs.empty()) return whole;
  if (!whole.is_object())
    return Malformed(inputs[0], "the input given by --input-json is no object");
  json::Object members = whole.as_object();
  for (const std::string& input : inputs) {
    size_t sign = input.find('=');
    if (sign == std::string::npos || sign == 0) {
      return Malformed(input, "write key=text, key=@file or key:=json");
    }
    bool is_json = input[sign - 1] == ':';
    std::string key = input.substr(0, is_json ? sign - 1 : sign);
    std::string text = input.substr(sign + 1);
    if (!is_json && !text.empty() && text[0] == '@') {
      AF_ASSIGN_OR_RETURN(text, ReadFile(text.substr(1)));
    }
    if (!is_json) {
      members.Set(key, text);
      continue;
    }
    auto value = json::Parse(text);
    if (!value.ok()) return Malformed(input, MessageOf(value.status()));
    members.Set(key, *value);
  }
  return json::Value(std::move(members));
}

absl::StatusOr<int> Run(Session& session, const RunOptions& options, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("workflows", options.workflow));
  AF_ASSIGN_OR_RETURN(json::Value input, BuildInput(options.inputs, options.input_json));
  AF_ASSIGN_OR_RETURN(json::Value labels, BuildLabels(options.labels));
  SeededRandom random(EntropySeed());
  json::Object request{{"input", input},
                       {"requestId", options.request_id.empty() ? Uuid::Make(random).ToString()
                                                                : options.request_id}};
  if (options.version > 0) request.Set("version", options.version);
  if (options.priority > 0) request.Set("priority", options.priority);
  if (!options.labels.empty()) request.Set("labels", labels);
  if (!options.business_key.empty()) request.Set("businessKey", options.business_key);
  if (options.use_existing) request.Set("useExisting", true);
  AF_ASSIGN_OR_RETURN(json::Value execution, session.Post(path + ":start", json::Value(request)));
  if (options.watch) return Watch(session, execution.StringOr("name"), format);
  if (format == Format::kTable) {
    std::cout << execution.StringOr("name") << " started\n";
  } else {
    std::cout << Render(format, execution, {});
  }
  return kOk;
}

absl::StatusOr<int> Watch(Session& session, const std::string& execution, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  AF_ASSIGN_OR_RETURN(json::Value ended, Progress(session, path.substr(4)).Follow());
  return Finish(ended, format);
}

absl::StatusOr<int> Logs(Session& session, const std::string& execution, bool follow,
                         Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("executions", execution));
  size_t shown = 0;
  while (true) {
    AF_ASSIGN_OR_RETURN(json::Value now, session.Get(path));
    AF_ASSIGN_OR_RETURN(json::Array events, session.List(path + "/events", "events", {}));
    for (; shown < events.size(); ++shown) {
      const json::Value& event = events[shown];
      if (format == Format::kJson) {
        std::cout << json::Dump(event) << "\n";
        continue;
      }
      std::cout << Cell(event.Find("time")) << "  " << event.StringOr("type");
      if (!event.StringOr("node").empty()) std::cout << "  " << event.StringOr("node");
      if (event.IntOr("attempt", 0) > 1) std::cout << " #" << event.IntOr("attempt", 0);
      if (const json::Value* detail = event.Find("detail")) {
        std::cout << "  " << json::Dump(*detail).substr(0, 160);
      }
      std::cout << "\n";
    }
    std::cout << std::flush;
    if (!follow || IsOver(now.StringOr("state"))) return kOk;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

}  // namespace agentflow::cli
