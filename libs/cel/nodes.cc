#include "libs/cel/nodes.h"

#include <array>
#include <utility>

#include "libs/cel/regex.h"

namespace agentflow::cel {
namespace {

class Constant final : public Node {
 public:
  Constant(uint32_t position, const Value& value) : Node(position), value_(value) {}
  Value Eval(Context&) const override { return value_; }
  const Value* constant() const override { return &value_; }

 private:
  Value value_;
};

// What cannot work: a name that nobody declared, in an expression that was not checked.
class Failure final : public Node {
 public:
  Failure(uint32_t position, ErrorCode code, std::string_view detail)
      : Node(position), error_{.code = code, .position = position, .detail = detail} {}
  Value Eval(Context&) const override { return Value::Error(&error_); }

 private:
  ErrorData error_;
};

class VariableNode final : public Node {
 public:
  VariableNode(uint32_t position, int slot, std::string_view name)
      : Node(position), slot_(slot), name_(name) {}
  Value Eval(Context& context) const override {
    if (!context.Charge(1)) return context.OutOfCost();
    Value value;
    if (context.activation.Find(slot_, name_, value)) return value;
    context.position = position_;
    return context.Fail(ErrorCode::kNoValue, name_);
  }

 private:
  int slot_;
  std::string_view name_;
};

class LocalNode final : public Node {
 public:
  LocalNode(uint32_t position, int index) : Node(position), index_(index) {}
  Value Eval(Context& context) const override { return context.locals[index_]; }

 private:
  int index_;
};

class Path final : public Node {
 public:
  Path(NodePtr operand, std::vector<PathField> fields)
      : Node(fields.back().position), operand_(std::move(operand)), fields_(std::move(fields)) {}
  Value Eval(Context& context) const override {
    Value value = operand_->Eval(context);
    if (!context.Charge(static_cast<int64_t>(fields_.size()))) return context.OutOfCost();
    for (const auto& [name, position] : fields_) {
      if (const json::Value* wrapped = value.json(); wrapped && value.is(Kind::kMap)) {
        if (const json::Value* member = FindMember(wrapped->as_object(), name)) {
          value = Value::Json(*member);
          continue;
        }
      }
      Value next;
      if (!value.is(Kind::kMap) || !MapFindText(value, name, next)) {
        if (value.is_error()) return value;
        context.position = position;
        next = Select(context, value, name);
      }
      value = next;
    }
    return value;
  }

 private:
  NodePtr operand_;
  std::vector<PathField> fields_;
};

class OptionalSelectNode final : public Node {
 public:
  OptionalSelectNode(uint32_t position, NodePtr operand, std::string_view name)
      : Node(position), operand_(std::move(operand)), name_(name) {}
  Value Eval(Context& context) const override {
    Value operand = operand_->Eval(context);
    if (operand.is_error()) return operand;
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return OptionalSelect(context, operand, name_);
  }

 private:
  NodePtr operand_;
  std::string_view name_;
};

class HasNode final : public Node {
 public:
  HasNode(uint32_t position, NodePtr operand, std::string_view name)
      : Node(position), operand_(std::move(operand)), name_(name) {}
  Value Eval(Context& context) const override {
    Value operand = operand_->Eval(context);
    if (operand.is_error()) return operand;
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return Has(context, operand, name_);
  }

 private:
  NodePtr operand_;
  std::string_view name_;
};

class IndexNode final : public Node {
 public:
  IndexNode(uint32_t position, NodePtr operand, NodePtr key, bool optional)
      : Node(position), operand_(std::move(operand)), key_(std::move(key)), optional_(optional) {}
  Value Eval(Context& context) const override {
    Value operand = operand_->Eval(context);
    if (operand.is_error()) return operand;
    Value key = key_->Eval(context);
    if (key.is_error()) return key;
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return optional_ ? OptionalIndex(context, operand, key) : Index(context, operand, key);
  }

 private:
  NodePtr operand_;
  NodePtr key_;
  bool optional_;
};

// && and ||: the deciding value wins over errors, wherever it stands.
template <bool kIsAnd>
class Logic final : public Node {
 public:
  Logic(uint32_t position, NodeList operands) : Node(position), operands_(std::move(operands)) {}
  Value Eval(Context& context) const override {
    Value error;
    for (const NodePtr& operand : operands_) {
      if (!context.Charge(1)) return context.OutOfCost();
      Value value = operand->Eval(context);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() != kIsAnd) return value;
        continue;
      }
      if (error.is_error()) continue;
      context.position = position_;
      error = context.NoOverload(kIsAnd ? op::kAnd : op::kOr, {&value, 1});
    }
    return error.is_error() ? error : Value::Bool(kIsAnd);
  }

 private:
  NodeList operands_;
};

class Not final : public Node {
 public:
  Not(uint32_t position, NodePtr operand) : Node(position), operand_(std::move(operand)) {}
  Value Eval(Context& context) const override {
    Value value = operand_->Eval(context);
    if (!context.Charge(1)) return context.OutOfCost();
    if (value.is(Kind::kBool)) return Value::Bool(!value.as_bool());
    context.position = position_;
    return context.NoOverload(op::kNot, {&value, 1});
  }

 private:
  NodePtr operand_;
};

class Conditional final : public Node {
 public:
  Conditional(uint32_t position, NodePtr condition, NodePtr then, NodePtr otherwise)
      : Node(position),
        condition_(std::move(condition)),
        then_(std::move(then)),
        otherwise_(std::move(otherwise)) {}
  Value Eval(Context& context) const override {
    Value condition = condition_->Eval(context);
    if (!context.Charge(1)) return context.OutOfCost();
    if (condition.is(Kind::kBool)) return (condition.as_bool() ? then_ : otherwise_)->Eval(context);
    context.position = position_;
    return context.NoOverload(op::kConditional, {&condition, 1});
  }

 private:
  NodePtr condition_, then_, otherwise_;
};

class NegateNode final : public Node {
 public:
  NegateNode(uint32_t position, NodePtr operand) : Node(position), operand_(std::move(operand)) {}
  Value Eval(Context& context) const override {
    Value value = operand_->Eval(context);
    if (value.is_error()) return value;
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return Negate(context, value);
  }

 private:
  NodePtr operand_;
};

// An operator on two values, both evaluated, neither an error.
template <typename Operation>
class Binary final : public Node {
 public:
  Binary(uint32_t position, NodePtr left, NodePtr right)
      : Node(position), left_(std::move(left)), right_(std::move(right)) {}
  Value Eval(Context& context) const override {
    Value left = left_->Eval(context);
    if (left.is_error()) return left;
    Value right = right_->Eval(context);
    if (right.is_error()) return right;
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return Operation::Apply(context, left, right);
  }

 private:
  NodePtr left_, right_;
};

// Short texts, by far the most frequent, are compared on the spot.
inline bool EqualFast(Context& context, const Value& a, const Value& b) {
  if (a.is(Kind::kString) && b.is(Kind::kString) && a.text().size() <= 64) {
    return SameText(a.text(), b.text());
  }
  return Equal(context, a, b);
}

struct EqualOperation {
  static Value Apply(Context& context, const Value& a, const Value& b) {
    return Value::Bool(EqualFast(context, a, b));
  }
};

struct NotEqualOperation {
  static Value Apply(Context& context, const Value& a, const Value& b) {
    return Value::Bool(!EqualFast(context, a, b));
  }
};

enum class Order { kLess, kLessEqual, kGreater, kGreaterEqual };
template <Order kOrder>
struct OrderOperation {
  static Value Apply(Context& context, const Value& a, const Value& b) {
    if (a.is(Kind::kDouble) && b.is(Kind::kDouble)) return Holds(a.as_double() <=> b.as_double());
    if (a.is(Kind::kInt) && b.is(Kind::kInt)) return Holds(a.as_int() <=> b.as_int());
    auto order = Compare(a, b);
    if (!order) {
      Value operands[] = {a, b};
      return context.NoOverload(Name(), operands);
    }
    if (a.is_text() && !context.ChargeBytes(a.text().size())) return context.OutOfCost();
    return Holds(*order);
  }
  static Value Holds(std::partial_ordering order) {
    switch (kOrder) {
      case Order::kLess: return Value::Bool(order < 0);
      case Order::kLessEqual: return Value::Bool(order <= 0);
      case Order::kGreater: return Value::Bool(order > 0);
      default: return Value::Bool(order >= 0);
    }
  }
  static std::string_view Name() {
    constexpr std::string_view kNames[] = {"<", "<=", ">", ">="};
    return kNames[static_cast<int>(kOrder)];
  }
};

struct InOperation {
  static Value Apply(Context& context, const Value& a, const Value& b) {
    return Contains(context, a, b);
  }
};

template <Arithmetic kArithmetic>
struct ArithmeticOperation {
  static Value Apply(Context& context, const Value& a, const Value& b) {
    return Calculate(context, kArithmetic, a, b);
  }
};

class Call final : public Node {
 public:
  Call(uint32_t position, Implementation implementation, NodeList args)
      : Node(position), implementation_(implementation), args_(std::move(args)) {}
  Value Eval(Context& context) const override {
    std::array<Value, 4> few;
    std::vector<Value> many;
    Value* values = few.data();
    if (args_.size() > few.size()) {
      many.resize(args_.size());
      values = many.data();
    }
    for (size_t i = 0; i < args_.size(); ++i) {
      values[i] = args_[i]->Eval(context);
      if (values[i].is_error()) return values[i];
    }
    if (!context.Charge(1)) return context.OutOfCost();
    context.position = position_;
    return implementation_(context, values, args_.size());
  }

 private:
  Implementation implementation_;
  NodeList args_;
};

class Matches final : public Node {
 public:
  Matches(uint32_t position, NodePtr text, std::unique_ptr<RE2> pattern)
      : Node(position), text_(std::move(text)), pattern_(std::move(pattern)) {}
  Value Eval(Context& context) const override {
    Value text = text_->Eval(context);
    if (text.is_error()) return text;
    context.position = position_;
    if (!text.is(Kind::kString)) return context.NoOverload("matches", {&text, 1});
    return MatchRegex(context, text.text(), *pattern_);
  }

 private:
  NodePtr text_;
  std::unique_ptr<RE2> pattern_;
};

// optional.or(otherwise) and optional.orValue(otherwise): the second is evaluated where needed.
class OptionalOr final : public Node {
 public:
  OptionalOr(uint32_t position, NodePtr operand, NodePtr otherwise, bool value)
      : Node(position),
        operand_(std::move(operand)),
        otherwise_(std::move(otherwise)),
        value_(value) {}
  Value Eval(Context& context) const override {
    Value operand = operand_->Eval(context);
    if (operand.is_error()) return operand;
    if (!context.Charge(1)) return context.OutOfCost();
    if (!operand.is(Kind::kOptional)) {
      context.position = position_;
      return context.NoOverload(value_ ? "orValue" : "or", {&operand, 1});
    }
    if (operand.optional()) return value_ ? *operand.optional() : operand;
    return otherwise_->Eval(context);
  }

 private:
  NodePtr operand_, otherwise_;
  bool value_;
};

}  // namespace

NodePtr MakeConstant(uint32_t position, const Value& value) {
  return std::make_unique<Constant>(position, value);
}
NodePtr MakeFailure(uint32_t position, ErrorCode code, std::string_view detail) {
  return std::make_unique<Failure>(position, code, detail);
}
NodePtr MakeVariable(uint32_t position, int slot, std::string_view name) {
  return std::make_unique<VariableNode>(position, slot, name);
}
NodePtr MakeLocal(uint32_t position, int index) {
  return std::make_unique<LocalNode>(position, index);
}
NodePtr MakePath(NodePtr operand, std::vector<PathField> fields) {
  return std::make_unique<Path>(std::move(operand), std::move(fields));
}
NodePtr MakeOptionalSelect(uint32_t position, NodePtr operand, std::string_view name) {
  return std::make_unique<OptionalSelectNode>(position, std::move(operand), name);
}
NodePtr MakeHas(uint32_t position, NodePtr operand, std::string_view name) {
  return std::make_unique<HasNode>(position, std::move(operand), name);
}
NodePtr MakeIndex(uint32_t position, NodePtr operand, NodePtr key, bool optional) {
  return std::make_unique<IndexNode>(position, std::move(operand), std::move(key), optional);
}
NodePtr MakeLogic(uint32_t position, NodeList operands, bool is_and) {
  if (is_and) return std::make_unique<Logic<true>>(position, std::move(operands));
  return std::make_unique<Logic<false>>(position, std::move(operands));
}
NodePtr MakeNot(uint32_t position, NodePtr operand) {
  return std::make_unique<Not>(position, std::move(operand));
}
NodePtr MakeConditional(uint32_t position, NodePtr condition, NodePtr then, NodePtr otherwise) {
  return std::make_unique<Conditional>(position, std::move(condition), std::move(then),
                                       std::move(otherwise));
}
NodePtr MakeNegate(uint32_t position, NodePtr operand) {
  return std::make_unique<NegateNode>(position, std::move(operand));
}
NodePtr MakeCall(uint32_t position, Implementation implementation, NodeList args) {
  return std::make_unique<Call>(position, implementation, std::move(args));
}

NodePtr MakeMatches(uint32_t position, NodePtr text, std::unique_ptr<RE2> pattern) {
  return std::make_unique<Matches>(position, std::move(text), std::move(pattern));
}
NodePtr MakeOptionalOr(uint32_t position, NodePtr operand, NodePtr otherwise, bool value) {
  return std::make_unique<OptionalOr>(position, std::move(operand), std::move(otherwise), value);
}

NodePtr MakeBinary(uint32_t position, std::string_view name, NodePtr left, NodePtr right) {
  auto make = [&]<typename Operation>() -> NodePtr {
    return std::make_unique<Binary<Operation>>(position, std::move(left), std::move(right));
  };
  if (name == op::kEqual) return make.operator()<EqualOperation>();
  if (name == op::kNotEqual) return make.operator()<NotEqualOperation>();
  if (name == op::kLess) return make.operator()<OrderOperation<Order::kLess>>();
  if (name == op::kLessEqual) return make.operator()<OrderOperation<Order::kLessEqual>>();
  if (name == op::kGreater) return make.operator()<OrderOperation<Order::kGreater>>();
  if (name == op::kGreaterEqual) return make.operator()<OrderOperation<Order::kGreaterEqual>>();
  if (name == op::kIn) return make.operator()<InOperation>();
  if (name == op::kAdd) return make.operator()<ArithmeticOperation<Arithmetic::kAdd>>();
  if (name == op::kSubtract) return make.operator()<ArithmeticOperation<Arithmetic::kSubtract>>();
  if (name == op::kMultiply) return make.operator()<ArithmeticOperation<Arithmetic::kMultiply>>();
  if (name == op::kDivide) return make.operator()<ArithmeticOperation<Arithmetic::kDivide>>();
  if (name == op::kModulo) return make.operator()<ArithmeticOperation<Arithmetic::kModulo>>();
  return nullptr;
}

}  // namespace agentflow::cel
