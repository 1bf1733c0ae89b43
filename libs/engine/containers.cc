#include <algorithm>

#include "libs/base/status.h"
#include "libs/engine/evaluate.h"
#include "libs/engine/transition.h"

namespace agentflow::engine {

using workflow::LoopConfig;
using workflow::MapConfig;
using workflow::NodeKind;

void Transition::StartMap(StepRef ref, const MapConfig& config) {
  std::string field = "nodes." + NodeOf(ref).path + ".with.items";
  auto items = Evaluate(state_, ref.activation, config.items);
  if (!items.ok()) return FailStep(ref, Attempt(ref), ErrorOf(items.status()));
  if (!items->is_array()) {
    std::string kind(json::KindName(items->kind()));
    // A list too large for a value comes as a reference, which is an object to the platform.
    const bool reference = items->is_object() && items->Find("$payload") != nullptr;
    return FailStep(ref, Attempt(ref),
                    {"EXPRESSION_FAILED",
                     field + (reference ? ": gives content by reference, which only agents see into"
                                        : ": gives a value of type " + kind) +
                         "; it must be a list",
                     ""});
  }
  size_t count = items->as_array().size();
  if (count > limits_.items) {
    return FailStep(ref, Attempt(ref),
                    {"TOO_MANY_ITEMS",
                     field + ": gives " + std::to_string(count) + " items; at most " +
                         std::to_string(limits_.items) + " are run",
                     ""});
  }
  if (!Fits(*items)) {
    return FailStep(ref, Attempt(ref),
                    {"INPUT_TOO_LARGE", TooLarge("The list of items", *items), ""});
  }
  uint32_t concurrency = config.concurrency == 0 ? limits_.concurrency : config.concurrency;
  concurrency = std::min(concurrency, limits_.concurrency);
  Emit(ContainerStarted{ref, *std::move(items), static_cast<uint32_t>(count), concurrency});
}

void Transition::StartLoop(StepRef ref, const LoopConfig& config) {
  Emit(ContainerStarted{ref, json::Value(), config.max_iterations, 1});
}

void Transition::StartTransaction(StepRef ref) {
  Emit(ContainerStarted{ref, json::Value(), 1, 1});
}

void Transition::TakeTurn(StepRef ref) {
  const workflow::Node& node = NodeOf(ref);
  if (node.kind == NodeKind::kLoop) {
    return TakeLoopTurn(ref, std::get<LoopConfig>(node.config));
  }
  const Container& container = state_.containers.at(ref);
  auto next = static_cast<ActivationIndex>(state_.activations.size());
  if (container.next < container.total) {
    Emit(ActivationOpened{next, node.body, ref, container.next, json::Value()});
    return FinishScopeIfSettled(next);
  }
  bool map = node.kind == NodeKind::kMap;
  Complete(ref, Attempt(ref), 0,
           map ? json::Value(json::Array(container.outputs)) : container.outputs.at(0));
}

void Transition::TakeLoopTurn(StepRef ref, const LoopConfig& config) {
  const Container& container = state_.containers.at(ref);
  json::Value last = container.outputs.empty() ? json::Value() : container.outputs[0];
  if (container.next > 0 && !config.until_condition.empty()) {
    ActivationIndex body = state_.Child(ref, container.next - 1);
    auto done = EvaluateCondition(state_, body, config.until_condition);
    if (!done.ok()) return FailStep(ref, Attempt(ref), ErrorOf(done.status()));
    if (*done) return Complete(ref, Attempt(ref), 0, std::move(last));
  }
  if (!config.while_condition.empty()) {
    Locals locals{.loop = ref.node, .previous = &last, .iteration = container.next};
    auto goes_on = EvaluateCondition(state_, ref.activation, config.while_condition, locals);
    if (!goes_on.ok()) return FailStep(ref, Attempt(ref), ErrorOf(goes_on.status()));
    if (!*goes_on) return Complete(ref, Attempt(ref), 0, std::move(last));
  }
  if (container.next >= container.total) {
    return FailStep(
        ref, Attempt(ref),
        {"LOOP_LIMIT",
         "The loop has not ended after maxIterations (" + std::to_string(container.total) + ").",
         ""});
  }
  auto next = static_cast<ActivationIndex>(state_.activations.size());
  Emit(ActivationOpened{next, NodeOf(ref).body, ref, container.next, std::move(last)});
  FinishScopeIfSettled(next);
}

namespace {

const workflow::Template& OutputOf(const workflow::Node& container) {
  if (const auto* map = std::get_if<MapConfig>(&container.config)) return map->output;
  if (const auto* loop = std::get_if<LoopConfig>(&container.config)) return loop->output;
  if (const auto* all = std::get_if<workflow::TransactionConfig>(&container.config)) {
    return all->output;
  }
  return std::get<workflow::CriticalConfig>(container.config).output;
}

}  // namespace

void Transition::FinishActivation(ActivationIndex index) {
  StepRef owner = state_.activations[index].owner;
  auto value = Evaluate(state_, index, OutputOf(NodeOf(owner)));
  if (!value.ok()) return FailScope(index, ErrorOf(value.status()));
  if (!Fits(*value)) {
    return FailScope(index, {"OUTPUT_TOO_LARGE", TooLarge("The output", *value), ""});
  }
  Emit(ActivationClosed{index, *std::move(value), Error()});
}

void Transition::FailActivation(ActivationIndex index, Error error) {
  StepRef owner = state_.activations[index].owner;
  const workflow::Node& node = NodeOf(owner);
  if (error.node.empty()) error.node = node.path;
  Closing closing;
  CollectActivation(index, "SCOPE_FAILED", &closing);
  EmitClosing(ActivationClosed{index, json::Value(), error}, std::move(closing));
  const Container& container = state_.containers.at(owner);
  double tolerated = node.kind == NodeKind::kMap
                         ? std::get<MapConfig>(node.config).tolerated_failures * container.total
                         : 0;
  if (container.failed > tolerated) FailStep(owner, Attempt(owner), std::move(error));
}

}  // namespace agentflow::engine
