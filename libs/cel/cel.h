#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/cel/activation.h"
#include "libs/cel/environment.h"
#include "libs/cel/issue.h"
#include "libs/cel/time_zones.h"
#include "libs/cel/type.h"
#include "libs/cel/value.h"

// The Common Expression Language (github.com/google/cel-spec), without protobuf messages.
//
//   cel::Environment environment;
//   environment.Declare("inputs", schema.type());
//   cel::Compiled compiled = cel::Compile("inputs.amount > 50.0", environment);
//   if (!compiled.program) return cel::ToStatus(compiled.issues);
//   AF_ASSIGN_OR_RETURN(bool big, compiled.program->EvaluateBool(cel::JsonActivation(variables)));
//
// Evaluation reads nothing but its activation, ends at a cost limit and is deterministic.
namespace agentflow::cel {

class Arena;
class Plan;

// Limits of an expression's text: beyond them it is an issue, not a crash.
inline constexpr size_t kMaxExpressionBytes = 64 * 1024;
inline constexpr int kMaxNesting = 250;

// Limits of one evaluation. Beyond them: RESOURCE_EXHAUSTED, reason EXPRESSION_LIMIT.
struct Limits {
  int64_t cost = 1'000'000;  // one per operation and per 64 bytes or 8 elements that it touches
  size_t bytes = 8u << 20;   // strings, lists and maps made on the way
};

struct EvaluateOptions {
  Limits limits;
  const TimeZones* time_zones = nullptr;  // null: UTC and fixed offsets only
};

// A result with the memory it lives in. The activation must live as long.
class Evaluation {
 public:
  Evaluation(Value value, std::unique_ptr<Arena> arena, absl::Status status, int64_t cost);
  Evaluation(Evaluation&&) noexcept;
  Evaluation& operator=(Evaluation&&) noexcept;
  ~Evaluation();

  // OK, or why there is no value: INVALID_ARGUMENT with reason EXPRESSION_FAILED (metadata line,
  // column), or EXPRESSION_LIMIT.
  const absl::Status& status() const { return status_; }
  const Value& value() const { return value_; }  // REQUIRES: status().ok()
  int64_t cost() const { return cost_; }
  size_t bytes() const;

 private:
  Value value_;
  std::unique_ptr<Arena> arena_;
  absl::Status status_;
  int64_t cost_;
};

// A compiled expression. Immutable, thread-safe.
class Program {
 public:
  Program(std::string text, std::shared_ptr<const Plan> plan);
  ~Program();

  // The result as JSON by the rule of ToJson().
  absl::StatusOr<json::Value> Evaluate(const Activation& activation,
                                       const EvaluateOptions& options = {}) const;
  // For conditions. Another type than bool is EXPRESSION_FAILED.
  absl::StatusOr<bool> EvaluateBool(const Activation& activation,
                                    const EvaluateOptions& options = {}) const;
  // For keys. Another type than string is EXPRESSION_FAILED.
  absl::StatusOr<std::string> EvaluateString(const Activation& activation,
                                             const EvaluateOptions& options = {}) const;
  Evaluation Run(const Activation& activation, const EvaluateOptions& options = {}) const;

  const std::string& text() const { return text_; }

 private:
  absl::Status Failure(const Value& error) const;
  template <typename Use>
  auto With(const Activation& activation, const EvaluateOptions& options, Use use) const;
  std::string text_;
  std::shared_ptr<const Plan> plan_;
};

// What an expression reads: "nodes.classify.output.label" is the path
// {nodes, classify, output, label}. A path ends before a computed index or a function call.
struct Reference {
  std::vector<std::string> path;
  // Parts from this index on may be missing without an error, because the expression says so:
  // `nodes.?x.output` 1, `has(nodes.x.output)` and what such a test guards 2. path.size(): none.
  size_t optional_from = 0;
  Position position;

  bool OptionalAt(size_t index) const { return index >= optional_from; }
};

struct Compiled {
  std::shared_ptr<const Program> program;  // null when there are errors
  Type type;                               // deduced; dyn where it is not known
  std::vector<Issue> issues;               // errors and warnings, in the order of the text
  std::vector<Reference> references;       // empty after syntax errors
};

struct CompileOptions {
  bool check = true;             // types and names; without it unknown names fail when evaluated
  std::optional<Type> expected;  // the result must be this, e.g. Type::Kind::kBool for `when`
};

// Parses, checks and plans. Never fails otherwise than by issues.
Compiled Compile(std::string_view text, const Environment& environment,
                 const CompileOptions& options = {});

// Parses and checks only: for editors and validators.
Compiled Check(std::string_view text, const Environment& environment,
               const CompileOptions& options = {});

// A value as JSON: uint as integer, bytes as base64, timestamps and durations as their strings,
// map keys as strings, a type as its name, a present optional as its value.
// Errors: INVALID_ARGUMENT, reason EXPRESSION_RESULT, for what JSON cannot hold exactly: integers
// beyond 2^53, infinities, NaN, optional.none().
absl::StatusOr<json::Value> ToJson(const Value& value);

}  // namespace agentflow::cel
