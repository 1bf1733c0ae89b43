// Commands that act on many executions at once.
#include <chrono>
#include <iostream>
#include <thread>

#include "libs/base/status.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

const std::vector<Column> kRefusals = {{"EXECUTIONS", "/executionCount"},
                                       {"REASON", "/reason"},
                                       {"FOR EXAMPLE", "/examples/0"},
                                       {"MESSAGE", "/message"}};

// ProtoJSON writes 64-bit numbers as text and leaves zero out.
std::string CountOf(const json::Value& migration, const char* field) {
  const json::Value* count = migration.Find(field);
  return count == nullptr ? "0" : Cell(count);
}

void ShowMigration(const json::Value& migration) {
  const bool preview = migration.BoolOr("validateOnly", false);
  std::cout << migration.StringOr("name") << " " << migration.StringOr("state") << ": "
            << CountOf(migration, "migratedCount") << (preview ? " can be moved, " : " moved, ")
            << CountOf(migration, "refusedCount") << " refused, "
            << CountOf(migration, "pendingCount") << " to look at\n";
  const json::Value* refusals = migration.Find("refusals");
  if (refusals != nullptr && refusals->is_array() && !refusals->as_array().empty()) {
    std::cout << ToTable(refusals->as_array(), kRefusals);
  }
}

}  // namespace

absl::StatusOr<int> Migrate(Session& session, const MigrateOptions& options, Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("workflows", options.workflow));
  json::Object mapping;
  for (const std::string& text : options.mapping) {
    const size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0) {
      return InvalidArgument("INPUT_MALFORMED", "map", "--map " + text + ": write OLD=NEW");
    }
    mapping.Set(text.substr(0, sign), text.substr(sign + 1));
  }
  const json::Object request{{"fromVersion", options.from_version},
                             {"toVersion", options.to_version},
                             {"mapping", mapping},
                             {"validateOnly", !options.apply}};
  AF_ASSIGN_OR_RETURN(json::Value migration,
                      session.Post(path + "/migrations", json::Value(request)));
  while (migration.StringOr("state") == "RUNNING" && !options.detach) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    AF_ASSIGN_OR_RETURN(migration, session.Get("/v1/" + migration.StringOr("name")));
  }
  if (format == Format::kTable) {
    ShowMigration(migration);
    if (!options.apply) std::cout << "nothing was changed; --apply does it\n";
  } else {
    std::cout << Render(format, migration, {});
  }
  return CountOf(migration, "refusedCount") == "0" ? kOk : kFailed;
}

absl::StatusOr<int> BatchStart(Session& session, const std::string& workflow,
                               const std::string& file, const std::string& request_id,
                               Format format) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("workflows", workflow));
  AF_ASSIGN_OR_RETURN(std::string text, ReadFile(file));
  const std::string prefix = request_id.empty() ? NewRequestId() : request_id;
  json::Array requests;
  std::vector<int64_t> lines;  // of the requests
  int64_t line_number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    absl::StatusOr<json::Value> input = json::Parse(line);
    if (!input.ok()) {
      return InvalidArgument("INPUT_MALFORMED", "file",
                             file + " line " + std::to_string(line_number) + ": " +
                                 std::string(MessageOf(input.status())));
    }
    requests.push_back(json::Object{{"input", *std::move(input)},
                                    {"requestId", prefix + "-" + std::to_string(line_number)}});
    lines.push_back(line_number);
  }
  json::Array results;
  constexpr size_t kMost = 1000;
  for (size_t first = 0; first < requests.size(); first += kMost) {
    const json::Array part(
        requests.begin() + static_cast<ptrdiff_t>(first),
        requests.begin() + static_cast<ptrdiff_t>(std::min(first + kMost, requests.size())));
    AF_ASSIGN_OR_RETURN(json::Value answer,
                        session.Post(path + ":batchStart", json::Object{{"requests", part}}));
    const json::Value* list = answer.Find("results");
    if (list == nullptr || !list->is_array() || list->as_array().size() != part.size()) {
      return Internal("ANSWER_MALFORMED", "the answer has not a result for each line");
    }
    for (const json::Value& each : list->as_array()) {
      json::Object result = each.as_object();
      result.Set("line", lines[results.size()]);
      results.push_back(std::move(result));
    }
  }
  const bool all = std::none_of(results.begin(), results.end(),
                                [](const json::Value& each) { return each.Find("error"); });
  std::cout << Render(format, json::Value(std::move(results)),
                      {{"LINE", "/line"},
                       {"NAME", "/execution/name"},
                       {"STATE", "/execution/state"},
                       {"REASON", "/error/reason"},
                       {"MESSAGE", "/error/message"}});
  return all ? kOk : kFailed;
}

}  // namespace agentflow::cli
