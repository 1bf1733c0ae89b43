#pragma once

#include "services/executor/lanes/dispatch.h"
#include "services/executor/rpc/starter.h"

namespace agentflow::executor {

// Starts what a step asked for as if somebody had started it, and tells the parent's lane where
// that fails. Never blocks; thread-safe.
class ChildStarter {
 public:
  ChildStarter(Starter& starter, Router& router) : starter_(starter), router_(router) {}

  void Start(ChildRequest request);

 private:
  Starter& starter_;
  Router& router_;
};

}  // namespace agentflow::executor
