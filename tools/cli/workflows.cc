#include <iostream>

#include "libs/base/status.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

const std::vector<Column> kProblemColumns = {{"SEVERITY", "/severity"}, {"LINE", "/line"},
                                             {"REASON", "/reason"},     {"NODE", "/node"},
                                             {"FIELD", "/field"},       {"MESSAGE", "/message"}};

bool HasErrors(const json::Value* problems) {
  if (!problems || !problems->is_array()) return false;
  for (const json::Value& problem : problems->as_array()) {
    if (problem.StringOr("severity") == "ERROR") return true;
  }
  return false;
}

void PrintProblems(const json::Value* problems) {
  if (problems && problems->is_array() && !problems->as_array().empty()) {
    std::cerr << ToTable(problems->as_array(), kProblemColumns);
  }
}

}  // namespace

absl::StatusOr<int> Apply(Session& session, const std::string& file, bool publish, Format format) {
  AF_ASSIGN_OR_RETURN(std::string source, ReadFile(file));
  AF_ASSIGN_OR_RETURN(json::Value imported,
                      session.Post("/v1/workflows:import",
                                   json::Object{{"source", source}, {"replace", true}}));
  const json::Value* workflow = imported.Find("workflow");
  if (!workflow) return Internal("ANSWER_MALFORMED", "the answer names no workflow");
  std::string name = workflow->StringOr("name");
  PrintProblems(imported.Find("problems"));
  if (publish) {
    if (HasErrors(imported.Find("problems"))) {
      std::cerr << name << " is stored as a draft and not published: mend the problems above\n";
      return kFailed;
    }
    AF_ASSIGN_OR_RETURN(json::Value version,
                        session.Post("/v1/" + name + ":publish",
                                     json::Object{{"etag", workflow->StringOr("etag")}}));
    if (format == Format::kTable) {
      std::cout << version.StringOr("name") << " published\n";
      return kOk;
    }
    std::cout << Render(format, version, {});
    return kOk;
  }
  if (format == Format::kTable) {
    std::cout << name << " applied\n";
  } else {
    std::cout << Render(format, *workflow, {});
  }
  return kOk;
}

absl::StatusOr<int> Validate(Session& session, const std::string& file, Format format) {
  AF_ASSIGN_OR_RETURN(std::string source, ReadFile(file));
  AF_ASSIGN_OR_RETURN(json::Value answer,
                      session.Post("/v1/workflows:validate", json::Object{{"source", source}}));
  bool valid = answer.BoolOr("valid", false);
  if (format == Format::kTable) {
    PrintProblems(answer.Find("problems"));
    std::cout << file << (valid ? " is valid\n" : " is not valid\n");
  } else {
    std::cout << Render(format, answer, {});
  }
  return valid ? kOk : kFailed;
}

absl::StatusOr<int> Export(Session& session, const std::string& workflow, int version) {
  AF_ASSIGN_OR_RETURN(std::string path, PathOf("workflows", workflow));
  Session::Query query;
  if (version > 0) query["version"] = std::to_string(version);
  AF_ASSIGN_OR_RETURN(json::Value answer, session.Get(path + ":export", query));
  std::cout << answer.StringOr("source");
  return kOk;
}

}  // namespace agentflow::cli
