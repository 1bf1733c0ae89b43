#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <map>

#include "libs/base/status.h"
#include "tools/cli/commands.h"

namespace {

using namespace agentflow;       // NOLINT: this file is the program
using namespace agentflow::cli;  // NOLINT

using Action = std::function<absl::StatusOr<int>()>;

// What the flags of all commands are read into.
struct Flags {
  std::string url, api_key;
  Format format = Format::kTable;
  std::string file, resource, name, filter, cause, method, path, data, expression, vars;
  std::string execution, step;
  int limit = 100;
  int version = 0;
  std::string signal;
  std::vector<std::string> decisions;
  bool publish = false, follow = false, json = false, compensate = false, all = false;
  RunOptions run;
  ForkOptions fork;
  MigrateOptions migrate;
};

// What a refusal of the platform says besides its message.
void ReportDetails(const ErrorMetadata& metadata) {
  if (!metadata.contains("requestId")) return;
  for (const char* key : {kErrorField, kErrorLimit, kErrorRetryAfterMs, "requestId"}) {
    const auto found = metadata.find(key);
    if (found == metadata.end() || found->second.empty()) continue;
    if (key == kErrorRetryAfterMs) {
      std::cerr << "try again in " << found->second << " ms\n";
    } else {
      std::cerr << (key == std::string_view("requestId") ? "request" : key) << ": "
                << found->second << "\n";
    }
  }
}

int Report(const absl::Status& status) {
  std::cerr << "error: " << MessageOf(status) << " [" << ReasonOf(status) << "]\n";
  ReportDetails(MetadataOf(status));
  if (ReasonOf(status) == "UNREACHABLE") return kUnreachable;
  if (ReasonOf(status) == "INPUT_MALFORMED" || ReasonOf(status) == "RESOURCE_UNKNOWN" ||
      ReasonOf(status) == "SETTINGS_MISSING" || ReasonOf(status) == "NAME_MISSING") {
    return kUsage;
  }
  return kFailed;
}

// Runs `command` against the platform that the flags name.
Action OnPlatform(Flags& flags, std::function<absl::StatusOr<int>(Session&)> command) {
  return [&flags, command = std::move(command)]() -> absl::StatusOr<int> {
    AF_ASSIGN_OR_RETURN(Settings settings, FindSettings(flags.url, flags.api_key));
    Session session(std::move(settings));
    return command(session);
  };
}

CLI::App* Add(CLI::App& app, Action& chosen, const char* name, const char* text, Action action) {
  CLI::App* command = app.add_subcommand(name, text);
  command->callback([&chosen, action = std::move(action)] { chosen = action; });
  return command;
}

void AddWorkflowCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* apply =
      Add(app, chosen, "apply", "Create or replace a workflow from a file",
          OnPlatform(f, [&f](Session& s) { return Apply(s, f.file, f.publish, f.format); }));
  apply->add_option("file,-f,--file", f.file, "Workflow document; - is standard input")->required();
  apply->add_flag("--publish", f.publish, "Publish it too");
  auto* validate = Add(app, chosen, "validate", "List everything wrong with a workflow file",
                       OnPlatform(f, [&f](Session& s) { return Validate(s, f.file, f.format); }));
  validate->add_option("file,-f,--file", f.file, "Workflow document")->required();
  auto* exporting = Add(app, chosen, "export", "Print a workflow as a document",
                        OnPlatform(f, [&f](Session& s) { return Export(s, f.name, f.version); }));
  exporting->add_option("workflow", f.name)->required();
  exporting->add_option("--version", f.version, "A published version; the draft if left out");
}

void AddResourceCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* get =
      Add(app, chosen, "get", "List resources, or show one", OnPlatform(f, [&f](Session& s) {
            return Get(s, f.resource, f.name, f.filter, f.limit, f.format);
          }));
  get->add_option("resource", f.resource, "workflows, executions, steps, agents, ...")->required();
  get->add_option("name", f.name, "One of them; for steps and events the execution");
  get->add_option("--filter", f.filter, "For example: state = \"FAILED\"");
  get->add_option("--limit", f.limit, "At most this many; 0 is all");
  auto* describe =
      Add(app, chosen, "describe", "Show one resource with what belongs to it",
          OnPlatform(f, [&f](Session& s) { return Describe(s, f.resource, f.name, f.format); }));
  describe->add_option("resource", f.resource)->required();
  describe->add_option("name", f.name)->required();
  auto* removing = Add(app, chosen, "delete", "Delete a resource",
                       OnPlatform(f, [&f](Session& s) { return Delete(s, f.resource, f.name); }));
  removing->add_option("resource", f.resource)->required();
  removing->add_option("name", f.name)->required();
  auto* api =
      Add(app, chosen, "api", "Call any method of the REST API",
          OnPlatform(f, [&f](Session& s) { return Call(s, f.method, f.path, f.data, f.format); }));
  api->add_option("method", f.method, "GET, POST, PATCH, DELETE")->required();
  api->add_option("path", f.path, "/v1/...")->required();
  api->add_option("-d,--data", f.data, "JSON, or @file");
}

void AddExecutionCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* run = Add(app, chosen, "run", "Start an execution",
                  OnPlatform(f, [&f](Session& s) { return Run(s, f.run, f.format); }));
  run->add_option("workflow", f.run.workflow)->required();
  run->add_option("-i,--input", f.run.inputs, "key=text, key=@file or key:=json")
      ->expected(1)
      ->take_all();
  run->add_option("--input-json", f.run.input_json, "The whole input as JSON, or @file");
  run->add_option("--version", f.run.version, "Version; the newest if left out");
  run->add_option("--request-id", f.run.request_id, "The same id starts once");
  run->add_option("--business-key", f.run.business_key,
                  "What it is about; refused where a live execution of the workflow has it");
  run->add_flag("--use-existing", f.run.use_existing,
                "Give the execution that has the business key instead of refusing");
  run->add_option("--label", f.run.labels, "key=value")->expected(1)->take_all();
  run->add_option("--priority", f.run.priority, "1 (first) to 5 (last)");
  run->add_flag("-w,--watch", f.run.watch, "Follow it and print its output");
  auto* watch = Add(app, chosen, "watch", "Follow an execution to its end",
                    OnPlatform(f, [&f](Session& s) { return Watch(s, f.name, f.format); }));
  watch->add_option("execution", f.name)->required();
  auto* logs = Add(app, chosen, "logs", "Print an execution's journal",
                   OnPlatform(f, [&f](Session& s) { return Logs(s, f.name, f.follow, f.format); }));
  logs->add_option("execution", f.name)->required();
  logs->add_flag("-f,--follow", f.follow, "Go on until it is over");
}

void AddControlCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* cancel = Add(app, chosen, "cancel", "Cancel an execution", OnPlatform(f, [&f](Session& s) {
                       return Cancel(s, f.name, f.cause, f.compensate, f.format);
                     }));
  cancel->add_option("execution", f.name)->required();
  cancel->add_option("--cause", f.cause, "Kept in the journal");
  cancel->add_flag("--compensate", f.compensate, "Undo what completed first");
  auto* pause =
      Add(app, chosen, "pause", "Let no new step of an execution begin",
          OnPlatform(f, [&f](Session& s) { return Pause(s, f.name, f.cause, f.format); }));
  pause->add_option("execution", f.name)->required();
  pause->add_option("--cause", f.cause, "Kept in the journal");
  auto* resume =
      Add(app, chosen, "resume", "Let a paused execution go on",
          OnPlatform(f, [&f](Session& s) { return Resume(s, f.name, f.decisions, f.format); }));
  resume->add_option("execution", f.name)->required();
  resume->add_option("--decide", f.decisions, "STEP=retry, STEP=fail or STEP=complete:JSON")
      ->expected(1)
      ->take_all();
  auto* signal =
      Add(app, chosen, "signal", "Send a signal to an execution", OnPlatform(f, [&f](Session& s) {
            return Signal(s, f.name, f.signal, f.data, f.run.request_id, f.format);
          }));
  signal->add_option("execution", f.name)->required();
  signal->add_option("signal", f.signal, "Its name")->required();
  signal->add_option("-d,--data", f.data, "The payload as JSON, or @file");
  signal->add_option("--request-id", f.run.request_id, "The same id counts once");
}

void AddForkCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* retry = Add(app, chosen, "retry", "Run an execution again from where it went wrong",
                    OnPlatform(f, [&f](Session& s) {
                      return Retry(s, f.name, f.run.request_id, f.run.watch, f.format);
                    }));
  retry->add_option("execution", f.name)->required();
  retry->add_option("--request-id", f.run.request_id, "The same id starts once");
  retry->add_flag("-w,--watch", f.run.watch, "Follow it and print its output");
  auto* fork = Add(app, chosen, "fork", "Start a new execution from a checkpoint of another one",
                   OnPlatform(f, [&f](Session& s) { return Fork(s, f.fork, f.format); }));
  fork->add_option("execution", f.fork.execution)->required();
  fork->add_option("--checkpoint", f.fork.checkpoint, "SEQ of: get checkpoints EXECUTION");
  fork->add_option("--step", f.fork.step, "Begin with this step instead");
  fork->add_option("--input-json", f.fork.input_json, "Another input: JSON, or @file");
  fork->add_option("--set", f.fork.outputs, "STEP=JSON or STEP=@file: another output of a step")
      ->expected(1)
      ->take_all();
  fork->add_option("--request-id", f.fork.request_id, "The same id starts once");
  fork->add_flag("-w,--watch", f.fork.watch, "Follow it and print its output");
  auto* replay =
      Add(app, chosen, "replay", "Decide again with recorded results; starts and changes nothing",
          OnPlatform(f, [&f](Session& s) { return Replay(s, f.name, f.run.version, f.format); }));
  replay->add_option("execution", f.name)->required();
  replay->add_option("--version", f.run.version, "What that version would have done with this run");
  auto* checkpoints = Add(
      app, chosen, "checkpoints", "List where an execution can be forked",
      OnPlatform(f, [&f](Session& s) { return Get(s, "checkpoints", f.name, "", 0, f.format); }));
  checkpoints->add_option("execution", f.name)->required();
}

void AddApprovalCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* list = Add(app, chosen, "approvals", "List what waits for your decision",
                   OnPlatform(f, [&f](Session& s) {
                     const std::string filter =
                         f.all ? f.filter : R"(state = "OPEN" AND assignee = "me")";
                     return Get(s, "approvals", "", filter, f.limit, f.format);
                   }));
  list->add_flag("--all", f.all, "Everybody's, decided ones too");
  list->add_option("--filter", f.filter, "With --all: for example state = \"OPEN\"");
  list->add_option("--limit", f.limit, "At most this many; 0 is all");
  for (const bool approve : {true, false}) {
    auto* decide = Add(app, chosen, approve ? "approve" : "reject",
                       approve ? "Decide for a step" : "Decide against a step",
                       OnPlatform(f, [&f, approve](Session& s) {
                         return Decide(s, f.name, approve, f.cause, f.data, f.format);
                       }));
    decide->add_option("approval", f.name)->required();
    decide->add_option("--comment", f.cause, "Why");
    decide->add_option("--values", f.data, "Values of its form: JSON, or @file");
  }
}

void AddManyCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* migrate = Add(app, chosen, "migrate", "Move live executions to another version",
                      OnPlatform(f, [&f](Session& s) { return Migrate(s, f.migrate, f.format); }));
  migrate->add_option("workflow", f.migrate.workflow)->required();
  migrate->add_option("--from", f.migrate.from_version, "Their version")->required();
  migrate->add_option("--to", f.migrate.to_version, "The version to move to")->required();
  migrate->add_option("--map", f.migrate.mapping, "OLD=NEW: paths of a node that moved")
      ->expected(1)
      ->take_all();
  migrate->add_flag("--apply", f.migrate.apply, "Do it; otherwise only say what would happen");
  migrate->add_flag("--detach", f.migrate.detach, "Do not wait for the end");
  auto* batch = Add(app, chosen, "batch-start", "Start an execution for each line of a file",
                    OnPlatform(f, [&f](Session& s) {
                      return BatchStart(s, f.name, f.file, f.run.request_id, f.format);
                    }));
  batch->add_option("workflow", f.name)->required();
  batch->add_option("file,-f,--file", f.file, "One input a line, as JSON; - is standard input")
      ->required();
  batch->add_option("--request-id", f.run.request_id, "The same id and line start once");
}

void AddPayloadCommands(CLI::App& app, Flags& f, Action& chosen) {
  CLI::App* payloads = app.add_subcommand("payloads", "Content too large to stand in a value");
  payloads->require_subcommand(1);
  auto* put = Add(*payloads, chosen, "put", "Upload a file; prints the reference to it",
                  OnPlatform(f, [&f](Session& s) { return PutPayload(s, f.file, f.data); }));
  put->add_option("file", f.file, "- is standard input")->required();
  put->add_option("--type", f.data, "Its media type; application/octet-stream if left out");
  auto* get = Add(*payloads, chosen, "get", "Download one",
                  OnPlatform(f, [&f](Session& s) { return GetPayload(s, f.name, f.file); }));
  get->add_option("payload", f.name)->required();
  get->add_option("-f,--file", f.file, "Where to; standard output if left out");
}

void AddCelCommands(CLI::App& app, Flags& f, Action& chosen) {
  auto* cel = Add(app, chosen, "cel", "Evaluate an expression, or run a file of cases",
                  [&f]() -> absl::StatusOr<int> {
                    if (f.expression == "test") return TestCel(f.file);
                    if (f.execution.empty()) return EvaluateCel(f.expression, f.vars, f.json);
                    return OnPlatform(f, [&f](Session& s) {
                      return EvaluateInExecution(s, f.expression, f.execution, f.step, f.json);
                    })();
                  });
  cel->add_option("expression", f.expression, "An expression; or: test FILE.jsonl")->required();
  cel->add_option("file", f.file, "Cases, one JSON object a line");
  auto* vars = cel->add_option("--vars", f.vars, "Variables as a JSON object, or @file");
  auto* execution = cel->add_option("--execution", f.execution,
                                    "Evaluate on the platform, over what this execution holds");
  execution->excludes(vars);
  cel->add_option("--step", f.step, "... or over what its step saw: NODE, or NODE#ITERATION")
      ->needs(execution);
  cel->add_flag("--json", f.json, "Print errors as JSON too");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"AgentFlow: design, run and watch workflows of AI agents", "agentflow"};
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "agentflow 0.1.0");
  Flags flags;
  Action chosen;
  const std::map<std::string, Format> formats{
      {"table", Format::kTable}, {"json", Format::kJson}, {"yaml", Format::kYaml}};
  app.add_option("-o,--output", flags.format, "table, json or yaml")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case))
      ->option_text("FORMAT");
  app.add_option("--url", flags.url, "Where the gateway is (AGENTFLOW_URL)");
  app.add_option("--api-key", flags.api_key, "API key or access token (AGENTFLOW_API_KEY)");
  AddWorkflowCommands(app, flags, chosen);
  AddResourceCommands(app, flags, chosen);
  AddExecutionCommands(app, flags, chosen);
  AddControlCommands(app, flags, chosen);
  AddForkCommands(app, flags, chosen);
  AddApprovalCommands(app, flags, chosen);
  AddManyCommands(app, flags, chosen);
  AddPayloadCommands(app, flags, chosen);
  AddCelCommands(app, flags, chosen);
  app.footer(
      "Exit codes: 0 done, 1 refused, 2 wrong command line, 3 execution failed,\n"
      "4 execution canceled, 5 platform unreachable.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  absl::StatusOr<int> code = chosen();
  return code.ok() ? *code : Report(code.status());
}
