#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/cel/cel.h"
#include "libs/workflow/plan.h"

// An expression as the engine runs it: a CEL program whose variables are the values that the
// engine puts into the slots of Expression::references.
namespace agentflow::workflow {

class CelProgram final : public Program {
 public:
  static constexpr int kAbsent = -1;

  // Where a variable of the environment comes from.
  struct Source {
    enum class Kind : uint8_t { kValue, kTimestamp, kNodes };
    Kind kind = Kind::kValue;
    int reference = kAbsent;  // into the values; absent: the expression does not read it
    bool null_when_missing = false;
  };
  struct NodeSource {
    std::string id;
    int output = kAbsent;
    int error = kAbsent;
    // Found even while it has neither: for `nodes.x.?output` and `has(nodes.x.output)`.
    bool always = false;
  };

  // `sources` by slot of the environment that `program` was compiled in. `time_zones` may be null
  // and must outlive this.
  CelProgram(std::shared_ptr<const cel::Program> program, std::vector<Source> sources,
             std::vector<NodeSource> nodes, const cel::TimeZones* time_zones);

  absl::StatusOr<json::Value> Evaluate(std::span<const json::Value* const> values) const override;

  // For those who want more than the value: run program() with these variables. `values` and this
  // must outlive the activation and what is evaluated with it.
  std::unique_ptr<cel::Activation> Bind(std::span<const json::Value* const> values) const;
  const cel::Program& program() const { return *program_; }

 private:
  std::shared_ptr<const cel::Program> program_;
  std::vector<Source> sources_;
  std::vector<NodeSource> nodes_;
  const cel::TimeZones* time_zones_;
};

}  // namespace agentflow::workflow
