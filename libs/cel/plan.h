#pragma once

#include <memory>

#include "libs/cel/arena.h"
#include "libs/cel/ast.h"
#include "libs/cel/environment.h"
#include "libs/cel/nodes.h"

namespace agentflow::cel {

// What a Program runs. Immutable; keeps everything its nodes point to.
class Plan {
 public:
  Plan(std::shared_ptr<const Ast> ast, const Environment& environment);

  Value Run(Context& context) const { return root_->Eval(context); }
  int locals() const { return locals_; }

 private:
  std::shared_ptr<const Ast> ast_;
  Arena constants_;  // of folded expressions
  std::deque<std::string> names_;
  NodePtr root_;
  int locals_ = 0;
  friend class Planner;
};

}  // namespace agentflow::cel
