#include "tests/sim/engine_bugs.h"

#include <algorithm>

namespace agentflow::sim {
namespace {

using engine::Action;

template <typename Which>
void Drop(engine::Decision* decision, Which which) {
  std::erase_if(decision->actions, which);
}

// Puts one more event behind the decision's.
void Append(engine::ExecutionState& state, engine::Decision* decision, engine::EventBody body) {
  decision->events.push_back({.sequence = ++state.sequence,
                              .time = decision->events.back().time,
                              .body = std::move(body)});
}

void ResultTwice(engine::ExecutionState& state, const engine::Command& command,
                 engine::Decision* decision) {
  if (!std::holds_alternative<engine::CompleteTask>(command.body)) return;
  for (const engine::Event& event : decision->events) {
    if (const auto* completed = std::get_if<engine::StepCompleted>(&event.body)) {
      return Append(state, decision, engine::StepCompleted(*completed));
    }
  }
}

void SecondKeys(engine::Decision* decision) {
  for (Action& action : decision->actions) {
    auto* offer = std::get_if<engine::OfferTask>(&action.body);
    if (offer == nullptr || offer->attempt == 1) continue;
    auto copy = std::make_shared<engine::Offer>(*offer->offer);
    copy->idempotency_key += "#" + std::to_string(offer->attempt);
    offer->offer = std::move(copy);
  }
}

}  // namespace

engine::Command WithBugs(World& world, engine::Command command) {
  if (world.Has(Bug::kTimerEarly)) command.now += 2'000'000;
  if (world.Has(Bug::kSignalForgotten) &&
      std::holds_alternative<engine::SignalExecution>(command.body)) {
    command.body = engine::Continue{};
  }
  return command;
}

void AddBugs(World& world, engine::ExecutionState& state, const engine::Command& command,
             engine::Decision* decision) {
  if (decision->events.empty()) return;
  switch (world.settings.bug) {
    case Bug::kTimerLost:
      return Drop(decision, [&](const Action& action) {
        const auto* timer = std::get_if<engine::StartTimer>(&action.body);
        return timer != nullptr && timer->durable && world.dice.Chance(0.5);
      });
    case Bug::kRetryLost:
      return Drop(decision, [](const Action& action) {
        const auto* offer = std::get_if<engine::OfferTask>(&action.body);
        return offer != nullptr && offer->attempt == 2;
      });
    case Bug::kContinueLost:
      decision->more = false;
      return;
    case Bug::kInProcessLost:
      return Drop(decision, [](const Action& action) {
        return std::holds_alternative<engine::RunInProcess>(action.body);
      });
    case Bug::kResultAppliedTwice:
      return ResultTwice(state, command, decision);
    case Bug::kClaimNotCleared:
      if (!std::holds_alternative<engine::FireTimer>(command.body)) return;
      decision->changes.clear();
      return Drop(decision, [](const Action& action) {
        return std::holds_alternative<engine::CancelTask>(action.body) ||
               std::holds_alternative<engine::OfferTask>(action.body);
      });
    case Bug::kClockGoesBack:
      if (decision->events.front().sequence == 1) return;
      for (engine::Event& event : decision->events) event.time -= 60'000'000;
      return;
    case Bug::kSecondEffectKey:
      return SecondKeys(decision);
    case Bug::kCancelNotPassedOn:
      return Drop(decision, [](const Action& action) {
        return std::holds_alternative<engine::CancelChild>(action.body);
      });
    case Bug::kChildEndNotTold:
      if (state.start->parent.depth == 0) return;
      return Drop(decision, [](const Action& action) {
        return std::holds_alternative<engine::FinishExecution>(action.body);
      });
    case Bug::kTerminalStateLeft:
      if (state.over()) Append(state, decision, engine::StepSkipped{{0, 0}});
      return;
    default:
      return;
  }
}

}  // namespace agentflow::sim
