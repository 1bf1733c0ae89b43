#pragma once

#include <string>
#include <vector>

#include "libs/workflow/graph.h"

// Which nodes have certainly completed when another one runs.
namespace agentflow::workflow {

// "When `reader` runs, has `node` completed (or, with `failed`, failed)?" Both are of `scope`.
// The reader kNone is the end of the scope, where outputs are evaluated.
struct CompletionQuestion {
  ScopeIndex scope = 0;
  NodeIndex reader = kNone;
  NodeIndex node = 0;
  bool failed = false;
};

struct CompletionAnswer {
  bool certain = true;
  std::string why;  // a sentence without its period; empty when certain
};

// Answers in the order of the questions; `explain` at most so many, the others without `why`.
//
// A node has certainly completed for a reader if (1) the reader waits for it: it lies on a way of
// joins that wait, and (2) every way by which the reader comes to run implies that the node runs
// and completes. (2) goes through the graph twice, 64 nodes at a time as the bits of a word:
// backwards for "if this node runs, which ones certainly do, now or later" (all edges of a port
// are taken, one port of a node is), forwards for "if this node runs, which ones certainly did or
// will" (at least one of its in-edges was taken). That is O((V + E) * asked nodes / 64).
//
// Sound, not complete: two switches on the same condition count as independent, and a join of n
// edges is known to run only where n of them are taken in every execution.
// REQUIRES: the scopes asked about have an order (no cycle).
std::vector<CompletionAnswer> AnswerCompletion(const Graph& graph,
                                               const std::vector<CompletionQuestion>& questions,
                                               size_t explain);

}  // namespace agentflow::workflow
