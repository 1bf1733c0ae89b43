#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli/output.h"
#include "tools/cli/session.h"

// What the CLI does, one function a command. Each prints to standard output and gives the exit
// code, or an error for main to print.
namespace agentflow::cli {

// Exit codes, for scripts.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;           // the platform refused, or something is not found
inline constexpr int kUsage = 2;            // the command line is wrong
inline constexpr int kExecutionFailed = 3;  // FAILED or TIMED_OUT
inline constexpr int kExecutionCanceled = 4;
inline constexpr int kUnreachable = 5;

struct RunOptions {
  std::string workflow;
  // "key=text", "key=@file" (the file's text), "key:=json".
  std::vector<std::string> inputs;
  std::string input_json;  // whole input: JSON, or "@file"
  int version = 0;
  std::string request_id;
  std::string business_key;
  bool use_existing = false;
  std::vector<std::string> labels;  // "key=value"
  int priority = 0;
  bool watch = false;
};

struct ForkOptions {
  std::string execution;
  int64_t checkpoint = 0;
  std::string step;
  std::string input_json;            // JSON, or "@file"
  std::vector<std::string> outputs;  // "STEP=JSON", "STEP=@file"
  std::string request_id;
  bool watch = false;
};

struct MigrateOptions {
  std::string workflow;
  int from_version = 0;
  int to_version = 0;
  std::vector<std::string> mapping;  // "OLD=NEW"
  bool apply = false;
  bool detach = false;
};

absl::StatusOr<int> Apply(Session& session, const std::string& file, bool publish, Format format);
absl::StatusOr<int> Validate(Session& session, const std::string& file, Format format);
absl::StatusOr<int> Export(Session& session, const std::string& workflow, int version);
absl::StatusOr<int> Get(Session& session, const std::string& resource, const std::string& name,
                        const std::string& filter, int limit, Format format);
absl::StatusOr<int> Delete(Session& session, const std::string& resource, const std::string& name);
absl::StatusOr<int> Describe(Session& session, const std::string& resource,
                             const std::string& name, Format format);
absl::StatusOr<int> Run(Session& session, const RunOptions& options, Format format);
absl::StatusOr<int> Watch(Session& session, const std::string& execution, Format format);
absl::StatusOr<int> Cancel(Session& session, const std::string& execution,
                           const std::string& cause, bool compensate, Format format);
absl::StatusOr<int> Pause(Session& session, const std::string& execution, const std::string& cause,
                          Format format);
// `decisions`: "STEP=retry", "STEP=fail", "STEP=complete:JSON".
absl::StatusOr<int> Resume(Session& session, const std::string& execution,
                           const std::vector<std::string>& decisions, Format format);
absl::StatusOr<int> Signal(Session& session, const std::string& execution,
                           const std::string& signal, const std::string& payload,
                           const std::string& request_id, Format format);
absl::StatusOr<int> Retry(Session& session, const std::string& execution,
                          const std::string& request_id, bool watch, Format format);
absl::StatusOr<int> Fork(Session& session, const ForkOptions& options, Format format);
// `version`: another one of its workflow; 0: its own.
absl::StatusOr<int> Replay(Session& session, const std::string& execution, int version,
                           Format format);
absl::StatusOr<int> Decide(Session& session, const std::string& approval, bool approve,
                           const std::string& comment, const std::string& values, Format format);
absl::StatusOr<int> Migrate(Session& session, const MigrateOptions& options, Format format);
// `file`: one input a line, as JSON. The request id of a line is `request_id`, a dash and its
// number.
absl::StatusOr<int> BatchStart(Session& session, const std::string& workflow,
                               const std::string& file, const std::string& request_id,
                               Format format);
// Prints the reference to use in a value. `file`: "-" is standard input.
absl::StatusOr<int> PutPayload(Session& session, const std::string& file,
                               const std::string& content_type);
// To `file`, or to standard output where it is empty.
absl::StatusOr<int> GetPayload(Session& session, const std::string& name, const std::string& file);
absl::StatusOr<int> Logs(Session& session, const std::string& execution, bool follow,
                         Format format);
absl::StatusOr<int> Call(Session& session, const std::string& method, const std::string& path,
                         const std::string& data, Format format);
// Over what an execution holds, or one of its steps ("outer.inner#2.5") saw.
absl::StatusOr<int> EvaluateInExecution(Session& session, const std::string& expression,
                                        const std::string& execution, const std::string& step,
                                        bool json);
// Both need no platform.
absl::StatusOr<int> EvaluateCel(const std::string& expression, const std::string& vars, bool json);
absl::StatusOr<int> TestCel(const std::string& file);

// A new one, so that a request repeated after a lost answer counts once.
std::string NewRequestId();
// The body of :resume from texts as Resume takes them. INVALID_ARGUMENT, reason INPUT_MALFORMED.
absl::StatusOr<json::Value> BuildDecisions(const std::vector<std::string>& decisions);
// The input of an execution from its parts. INVALID_ARGUMENT, reason INPUT_MALFORMED.
absl::StatusOr<json::Value> BuildInput(const std::vector<std::string>& inputs,
                                       const std::string& input_json);
// "workflows" and "a" give "/v1/workflows/a"; full names are taken as they are. INVALID_ARGUMENT,
// reason RESOURCE_UNKNOWN, lists what there is.
absl::StatusOr<std::string> PathOf(const std::string& resource, const std::string& name);

}  // namespace agentflow::cli
