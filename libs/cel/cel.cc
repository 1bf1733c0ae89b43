#include "libs/cel/cel.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/cel/check.h"
#include "libs/cel/context.h"
#include "libs/cel/operators.h"
#include "libs/cel/plan.h"
#include "libs/cel/references.h"
#include "libs/cel/unify.h"

namespace agentflow::cel {
namespace {

// Where variables of macros live: a few on the stack, more on the heap.
class Locals {
 public:
  explicit Locals(int count) {
    if (count == 0) return;
    auto size = static_cast<size_t>(count);
    if (size > kFew) {
      many_.resize(size);
      data_ = many_.data();
    } else {
      data_ = reinterpret_cast<Value*>(few_);
      std::uninitialized_default_construct_n(data_, size);
    }
  }
  Value* data() { return data_; }

 private:
  static constexpr size_t kFew = 6;
  alignas(Value) unsigned char few_[kFew * sizeof(Value)];
  std::vector<Value> many_;
  Value* data_ = nullptr;
};

void CheckExpected(const Ast& ast, const Type& expected, Compiled& compiled) {
  Unifier unifier;
  if (compiled.type.is(Type::Kind::kError) || unifier.Assignable(compiled.type, expected)) return;
  compiled.issues.push_back(ast.IssueAt(
      ast.root->begin, ast.root->end,
      "expected " + expected.ToString() + ", this is " + compiled.type.ToString()));
}

struct Checked {
  std::shared_ptr<const Ast> ast;
  Compiled compiled;
};

Checked ParseAndCheck(std::string_view text, const Environment& environment,
                      const CompileOptions& options) {
  Checked checked{.ast = Parse(text), .compiled = {}};
  const Ast& ast = *checked.ast;
  Compiled& compiled = checked.compiled;
  compiled.issues = ast.issues;
  if (!compiled.issues.empty()) return checked;
  compiled.references = FindReferences(ast, environment);
  if (!options.check) return checked;
  CheckResult result = CheckTypes(ast, environment);
  compiled.type = result.type;
  compiled.issues = std::move(result.issues);
  if (options.expected && compiled.issues.empty()) {
    CheckExpected(ast, *options.expected, compiled);
  }
  WarnAboutMissing(ast, environment, compiled);
  std::stable_sort(compiled.issues.begin(), compiled.issues.end(),
                   [](const Issue& a, const Issue& b) { return a.begin.offset < b.begin.offset; });
  return checked;
}

}  // namespace

Compiled Check(std::string_view text, const Environment& environment,
               const CompileOptions& options) {
  return ParseAndCheck(text, environment, options).compiled;
}

Compiled Compile(std::string_view text, const Environment& environment,
                 const CompileOptions& options) {
  Checked checked = ParseAndCheck(text, environment, options);
  if (!HasErrors(checked.compiled.issues)) {
    auto plan = std::make_shared<const Plan>(checked.ast, environment);
    checked.compiled.program = std::make_shared<const Program>(std::string(text), std::move(plan));
  }
  return std::move(checked.compiled);
}

Evaluation::Evaluation(Value value, std::unique_ptr<Arena> arena, absl::Status status,
                       int64_t cost)
    : value_(value), arena_(std::move(arena)), status_(std::move(status)), cost_(cost) {}
Evaluation::Evaluation(Evaluation&&) noexcept = default;
Evaluation& Evaluation::operator=(Evaluation&&) noexcept = default;
Evaluation::~Evaluation() = default;
size_t Evaluation::bytes() const { return arena_ ? arena_->used() : 0; }

Program::Program(std::string text, std::shared_ptr<const Plan> plan)
    : text_(std::move(text)), plan_(std::move(plan)) {}
Program::~Program() = default;

absl::Status Program::Failure(const Value& error) const {
  const ErrorData& data = error.error();
  bool limit = data.code == ErrorCode::kLimitCost || data.code == ErrorCode::kLimitBytes;
  if (limit) {
    return Error(absl::StatusCode::kResourceExhausted, "EXPRESSION_LIMIT", DescribeError(data),
                 {{kErrorLimit, data.code == ErrorCode::kLimitCost ? "cost" : "bytes"}});
  }
  Position at = PositionAt(text_, data.position);
  return Error(
      absl::StatusCode::kInvalidArgument, "EXPRESSION_FAILED",
      std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + DescribeError(data),
      {{"line", std::to_string(at.line)}, {"column", std::to_string(at.column)}});
}

// Runs the plan and hands the value, whose memory is gone afterwards, to `use`.
template <typename Use>
auto Program::With(const Activation& activation, const EvaluateOptions& options, Use use) const {
  Arena arena(options.limits.bytes);
  Context context(activation, arena, options.limits.cost, options.time_zones);
  Locals locals(plan_->locals());
  context.locals = locals.data();
  Value value = plan_->Run(context);
  if (context.limit) value = Value::Error(context.limit);
  return use(value);
}

absl::StatusOr<json::Value> Program::Evaluate(const Activation& activation,
                                              const EvaluateOptions& options) const {
  return With(activation, options, [this](const Value& value) -> absl::StatusOr<json::Value> {
    if (value.is_error()) return Failure(value);
    return ToJson(value);
  });
}

absl::StatusOr<bool> Program::EvaluateBool(const Activation& activation,
                                           const EvaluateOptions& options) const {
  return With(activation, options, [this](const Value& value) -> absl::StatusOr<bool> {
    if (value.is(Kind::kBool)) return value.as_bool();
    if (value.is_error()) return Failure(value);
    return Error(absl::StatusCode::kInvalidArgument, "EXPRESSION_FAILED",
                 "the condition is " + std::string(TypeNameOf(value)) + ", not bool");
  });
}

absl::StatusOr<std::string> Program::EvaluateString(const Activation& activation,
                                                    const EvaluateOptions& options) const {
  return With(activation, options, [this](const Value& value) -> absl::StatusOr<std::string> {
    if (value.is(Kind::kString)) return std::string(value.text());
    if (value.is_error()) return Failure(value);
    return Error(absl::StatusCode::kInvalidArgument, "EXPRESSION_FAILED",
                 "the result is " + std::string(TypeNameOf(value)) + ", not string");
  });
}

Evaluation Program::Run(const Activation& activation, const EvaluateOptions& options) const {
  auto arena = std::make_unique<Arena>(options.limits.bytes);
  Context context(activation, *arena, options.limits.cost, options.time_zones);
  Locals locals(plan_->locals());
  context.locals = locals.data();
  Value value = plan_->Run(context);
  if (context.limit) value = Value::Error(context.limit);
  int64_t cost = options.limits.cost - std::max<int64_t>(context.cost, 0);
  absl::Status status = value.is_error() ? Failure(value) : absl::OkStatus();
  return Evaluation(value, std::move(arena), std::move(status), cost);
}

bool JsonActivation::Find(int, std::string_view name, Value& value) const {
  const json::Value* at =
      variables_.is_object() ? FindMember(variables_.as_object(), name) : nullptr;
  if (!at && name.find('.') != std::string_view::npos) {
    at = &variables_;
    for (std::string_view rest = name; at && !rest.empty();) {
      size_t dot = std::min(rest.find('.'), rest.size());
      at = at->Find(rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
  }
  if (at) value = Value::Json(*at);
  return at != nullptr;
}

}  // namespace agentflow::cel
