#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/cel/time_zones.h"
#include "libs/json/value.h"
#include "libs/workflow/node_type.h"
#include "libs/workflow/plan.h"
#include "libs/workflow/problem.h"
#include "libs/workflow/source_text.h"

// From a document to what the engine runs, finding everything that is wrong on the way.
namespace agentflow::workflow {

inline constexpr size_t kMaxNodes = 10'000;
inline constexpr size_t kMaxEdges = 40'000;
inline constexpr size_t kMaxProblems = 500;
inline constexpr int64_t kMaxInFlight = 100'000;

struct PlanIdentity {
  std::string hash;      // "sha256:<hex>"
  std::string workflow;  // "workflows/{id}"
  int32_t version = 0;
  // For expressions that name a time zone; null: UTC and fixed offsets. Must outlive the plan.
  const cel::TimeZones* time_zones = nullptr;
};

struct Analysis {
  Problems problems;  // by position; at most kMaxProblems and then one that says so
  PlanPtr plan;       // null where a problem is an error
};

// All problems at once and, without errors, the plan. Never fails otherwise. Near linear in the
// size of the document.
Analysis Analyze(const SourceText& text, const NodeTypes& types = NodeTypes::Builtin(),
                 const PlanIdentity& identity = {});

// The plan of a published document. Error: FAILED_PRECONDITION, reason WORKFLOW_INVALID, with the
// first problem in the message and its reason in the metadata under "problem".
absl::StatusOr<PlanPtr> Compile(const json::Value& document, const PlanIdentity& identity,
                                const NodeTypes& types = NodeTypes::Published());

// The error for a document with these problems; OK where none is an error.
absl::Status InvalidStatus(const Problems& problems);

// What a version is: canonical JSON (RFC 8785) without `ui` and without the titles of the
// document and its nodes. Two documents that run the same way have the same bytes, however they
// are written. The content hash is "sha256:" + hex of its SHA-256.
std::string CanonicalContent(const json::Value& document);

// Readable YAML in a stable order: known fields as the documentation lists them, nodes in the
// order in which edges reach them. Parsing it gives the same document.
std::string FormatYaml(const json::Value& document);

}  // namespace agentflow::workflow
