#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "libs/cel/value.h"

// Where an evaluation gets its variables from.
namespace agentflow::cel {

class Activation {
 public:
  virtual ~Activation() = default;
  // The value of the variable that the Environment declared as `slot`, asked only when an
  // expression reads it. False: it has no value, which is an error at the place that reads it.
  // What the value points to must outlive the evaluation's result.
  virtual bool Find(int slot, std::string_view name, Value& value) const = 0;
};

// No variables.
class EmptyActivation final : public Activation {
 public:
  bool Find(int, std::string_view, Value&) const override { return false; }
};

// Variables from the members of one JSON object, by name. A qualified name ("execution.id") is
// looked up whole, then part by part.
class JsonActivation final : public Activation {
 public:
  explicit JsonActivation(json::Value variables) : variables_(std::move(variables)) {}
  bool Find(int slot, std::string_view name, Value& value) const override;

 private:
  json::Value variables_;
};

// Variables by slot: the fastest.
class SlotActivation final : public Activation {
 public:
  explicit SlotActivation(std::vector<Value> slots) : slots_(std::move(slots)) {}
  bool Find(int slot, std::string_view, Value& value) const override {
    if (static_cast<size_t>(slot) >= slots_.size()) return false;
    value = slots_[static_cast<size_t>(slot)];
    return true;
  }

 private:
  std::vector<Value> slots_;
};

}  // namespace agentflow::cel
