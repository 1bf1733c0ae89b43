#include "libs/engine/evaluate.h"

#include <span>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "libs/base/status.h"
#include "libs/engine/time_text.h"

namespace agentflow::engine {
namespace {

using workflow::Reference;
using workflow::Template;
using workflow::Variable;

absl::Status Failed(const workflow::Expression& expression, std::string_view message) {
  return InvalidArgument("EXPRESSION_FAILED", expression.field,
                         expression.field + ": " + std::string(message));
}

// The values behind an expression's references. Those that exist as such in the state are
// pointed to; the others are made and kept here.
class Slots {
 public:
  Slots(const ExecutionState& state, ActivationIndex activation,
        const std::vector<Reference>& references, const Locals& locals)
      : state_(state), activation_(activation), locals_(locals) {
    values_.reserve(references.size());
    kept_.reserve(references.size());
    for (const Reference& reference : references) values_.push_back(Find(reference));
  }

  std::span<const json::Value* const> values() const { return {values_.data(), values_.size()}; }

 private:
  const json::Value* Find(const Reference& reference) {
    const StartInfo& start = *state_.start;
    switch (reference.variable) {
      case Variable::kInputs:
        return &start.input;
      case Variable::kNodeOutput: {
        const Step* step = FindNode(reference.node);
        bool completed = step && (step->state == StepState::kCompleted ||
                                  step->state == StepState::kCompensated);
        return completed ? &step->output : nullptr;
      }
      case Variable::kNodeError: {
        const Step* step = FindNode(reference.node);
        return step && step->error ? Keep(ToJson(*step->error)) : nullptr;
      }
      case Variable::kExecutionId:
        return Keep(start.id.ToString());
      case Variable::kExecutionStartTime:
        return Keep(FormatTimestamp(state_.started_at));
      case Variable::kExecutionLabels: {
        json::Object labels;
        for (const auto& [key, value] : start.labels) labels.Set(key, value);
        return Keep(std::move(labels));
      }
      case Variable::kExecutionMode:
        return Keep(Name(start.mode));
      case Variable::kConnection:
        return start.connections.Find(reference.name);
      case Variable::kSignal:
        return locals_.signal;
      case Variable::kItem: {
        if (reference.node == locals_.loop) return locals_.previous;
        const Activation* body = FindBody(reference.node);
        return body ? &body->item : nullptr;
      }
      case Variable::kIndex:
      case Variable::kIteration: {
        if (reference.node == locals_.loop) return Keep(static_cast<int64_t>(locals_.iteration));
        const Activation* body = FindBody(reference.node);
        return body ? Keep(static_cast<int64_t>(body->iteration)) : nullptr;
      }
      case Variable::kStepOutput: {
        const Step* step = FindNode(reference.node);
        return step ? &step->output : nullptr;
      }
      case Variable::kStepInput: {
        const Step* step = FindNode(reference.node);
        return step && step->offer ? &step->offer->input : nullptr;
      }
      case Variable::kFailure:
        return locals_.error;
    }
    return nullptr;
  }

  const json::Value* Keep(json::Value value) { return &kept_.emplace_back(std::move(value)); }

  // The activation of `scope` that is `activation_` or around it; null where there is none.
  const Activation* Enclosing(ScopeIndex scope) const {
    for (ActivationIndex a = activation_;; a = state_.activations[a].owner.activation) {
      if (state_.activations[a].scope == scope) return &state_.activations[a];
      if (a == 0) return nullptr;
    }
  }

  const Step* FindNode(NodeIndex node) const {
    const Activation* activation = Enclosing(state_.plan->nodes[node].scope);
    if (!activation) return nullptr;
    return &activation->steps[node - state_.plan->scopes[activation->scope].first_node];
  }

  const Activation* FindBody(NodeIndex container) const {
    return Enclosing(state_.plan->nodes[container].body);
  }

  const ExecutionState& state_;
  ActivationIndex activation_;
  const Locals& locals_;
  absl::InlinedVector<const json::Value*, 8> values_;
  absl::InlinedVector<json::Value, 4> kept_;  // reserved: the addresses are stable
};

}  // namespace

absl::StatusOr<json::Value> Evaluate(const ExecutionState& state, ActivationIndex activation,
                                     const workflow::Expression& expression, const Locals& locals) {
  Slots slots(state, activation, expression.references, locals);
  auto value = expression.program->Evaluate(slots.values());
  if (!value.ok()) return Failed(expression, MessageOf(value.status()));
  return value;
}

absl::StatusOr<json::Value> Evaluate(const ExecutionState& state, ActivationIndex activation,
                                     const Template& value) {
  switch (value.kind) {
    case Template::Kind::kConstant:
      return value.constant;
    case Template::Kind::kExpression:
      return Evaluate(state, activation, value.expression);
    case Template::Kind::kArray: {
      json::Array items;
      items.reserve(value.items.size());
      for (const Template& item : value.items) {
        AF_ASSIGN_OR_RETURN(json::Value made, Evaluate(state, activation, item));
        items.push_back(std::move(made));
      }
      return json::Value(std::move(items));
    }
    case Template::Kind::kObject: {
      std::vector<json::Object::Member> members;
      members.reserve(value.items.size());
      for (size_t i = 0; i < value.items.size(); ++i) {
        AF_ASSIGN_OR_RETURN(json::Value made, Evaluate(state, activation, value.items[i]));
        members.emplace_back(value.keys[i], std::move(made));
      }
      return json::Value(json::Object(std::move(members)));
    }
  }
  return json::Value();
}

absl::StatusOr<bool> EvaluateCondition(const ExecutionState& state, ActivationIndex activation,
                                       const workflow::Expression& expression,
                                       const Locals& locals) {
  AF_ASSIGN_OR_RETURN(json::Value value, Evaluate(state, activation, expression, locals));
  if (!value.is_bool()) {
    return Failed(expression, "the condition gives a value of type " +
                                  std::string(json::KindName(value.kind())) +
                                  "; it must be true or false");
  }
  return value.as_bool();
}

std::vector<std::optional<json::Value>> ReadReferences(
    const ExecutionState& state, ActivationIndex activation,
    const std::vector<workflow::Reference>& references) {
  const Locals locals;
  Slots slots(state, activation, references, locals);
  std::vector<std::optional<json::Value>> values;
  values.reserve(references.size());
  for (const json::Value* value : slots.values()) {
    values.push_back(value ? std::optional(*value) : std::nullopt);
  }
  return values;
}

}  // namespace agentflow::engine
