#include <utility>

#include "libs/cel/nodes.h"

// Lists, maps and the macros that walk them.
namespace agentflow::cel {
namespace {

class ListNode final : public Node {
 public:
  ListNode(uint32_t position, NodeList items, std::vector<bool> optional)
      : Node(position), items_(std::move(items)), optional_(std::move(optional)) {}

  Value Eval(Context& context) const override {
    if (!context.ChargeItems(items_.size())) return context.OutOfCost();
    Value* values = context.NewItems(items_.size());
    if (!values) return context.OutOfBytes();
    size_t size = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      Value value = items_[i]->Eval(context);
      if (value.is_error()) return value;
      if (optional_[i]) {
        if (!value.is(Kind::kOptional)) {
          context.position = position_;
          return context.NoOverload("[?...]", {&value, 1});
        }
        if (!value.optional()) continue;
        value = *value.optional();
      }
      values[size++] = value;
    }
    return context.MakeList(values, size);
  }

 private:
  NodeList items_;
  std::vector<bool> optional_;
};

bool CanBeKey(const Value& key) {
  return key.is(Kind::kString) || key.is(Kind::kInt) || key.is(Kind::kUint) || key.is(Kind::kBool);
}

Value AddEntry(Context& context, MapBuilder& builder, const Value& key, const Value& value) {
  if (!CanBeKey(key)) return context.Fail(ErrorCode::kUnsupportedKey);
  if (builder.Add(key, value)) return Value();
  std::string_view shown = key.is(Kind::kString) ? key.text() : "";
  return context.Fail(ErrorCode::kDuplicateKey, shown);
}

class MapNode final : public Node {
 public:
  MapNode(uint32_t position, NodeList items, std::vector<bool> optional)
      : Node(position), items_(std::move(items)), optional_(std::move(optional)) {}

  Value Eval(Context& context) const override {
    if (!context.Charge(1 + static_cast<int64_t>(optional_.size()))) return context.OutOfCost();
    MapBuilder builder(context.arena, optional_.size());
    if (!builder.ok()) return context.OutOfBytes();
    for (size_t i = 0; i < optional_.size(); ++i) {
      Value key = items_[2 * i]->Eval(context);
      if (key.is_error()) return key;
      Value value = items_[2 * i + 1]->Eval(context);
      if (value.is_error()) return value;
      context.position = position_;
      if (optional_[i]) {
        if (!value.is(Kind::kOptional)) return context.NoOverload("{?...}", {&value, 1});
        if (!value.optional()) continue;
        value = *value.optional();
      }
      Value problem = AddEntry(context, builder, key, value);
      if (problem.is_error()) return problem;
    }
    Value map = builder.Build();
    return map.is(Kind::kMap) ? map : context.OutOfBytes();
  }

 private:
  NodeList items_;
  std::vector<bool> optional_;
};

// Walks a list or a map and sets the macro's variables: the element (of a map: the key), or with
// two variables index and element (key and value).
class Walk {
 public:
  Walk(Context& context, const Value& range, int local, int local2)
      : context_(context), range_(range), local_(local), local2_(local2) {
    if (range.is(Kind::kMap)) {
      cursor_.emplace(context, range);
    } else {
      size_ = ListSize(range);
    }
  }

  // False at the end, or out of cost, which the context then knows.
  bool Next() {
    if (!context_.Charge(1)) {
      context_.OutOfCost();
      return false;
    }
    if (cursor_) {
      if (!cursor_->Next()) return false;
      context_.locals[local_] = cursor_->key();
      if (local2_ >= 0) context_.locals[local2_] = cursor_->value();
      return true;
    }
    if (next_ >= size_) return false;
    if (local2_ >= 0) {
      context_.locals[local_] = Value::Int(static_cast<int64_t>(next_));
      context_.locals[local2_] = ListAt(range_, next_);
    } else {
      context_.locals[local_] = ListAt(range_, next_);
    }
    ++next_;
    return true;
  }

  size_t size() const { return cursor_ ? MapSize(range_) : size_; }

 private:
  Context& context_;
  Value range_;
  int local_, local2_;
  size_t next_ = 0;
  size_t size_ = 0;
  std::optional<MapCursor> cursor_;
};

std::string_view NameOf(Macro macro) {
  switch (macro) {
    case Macro::kAll: return "all";
    case Macro::kExists: return "exists";
    case Macro::kExistsOne: return "exists_one";
    case Macro::kMap: return "map";
    case Macro::kFilter: return "filter";
    case Macro::kTransformMap: return "transformMap";
    case Macro::kTransformMapEntry: return "transformMapEntry";
    case Macro::kBind: return "cel.bind";
    case Macro::kOptMap: return "optMap";
    case Macro::kOptFlatMap: return "optFlatMap";
  }
  return "";
}

class MacroNode : public Node {
 public:
  MacroNode(uint32_t position, MacroParts parts) : Node(position), parts_(std::move(parts)) {}

  Value Eval(Context& context) const final {
    Value range = parts_.range->Eval(context);
    if (range.is_error()) return range;
    if (!range.is(Kind::kList) && !range.is(Kind::kMap)) {
      context.position = position_;
      return context.NoOverload(NameOf(parts_.macro), {&range, 1});
    }
    Walk walk(context, range, parts_.local, parts_.local2);
    return Run(context, walk);
  }

 protected:
  virtual Value Run(Context& context, Walk& walk) const = 0;

  Value NotBool(Context& context, const Value& value) const {
    context.position = position_;
    return context.NoOverload(NameOf(parts_.macro), {&value, 1});
  }

  // The filter's answer for the current element: 1 yes, 0 no, -1 an error in `problem`.
  int Passes(Context& context, Value& problem) const {
    if (!parts_.filter) return 1;
    Value answer = parts_.filter->Eval(context);
    if (answer.is(Kind::kBool)) return answer.as_bool();
    problem = NotBool(context, answer);
    return -1;
  }

  MacroParts parts_;
};

// all and exists: errors are absorbed as by && and ||.
class Quantifier final : public MacroNode {
 public:
  using MacroNode::MacroNode;
  Value Run(Context& context, Walk& walk) const override {
    bool all = parts_.macro == Macro::kAll;
    Value error;
    while (walk.Next()) {
      Value value = parts_.transform->Eval(context);
      if (value.is(Kind::kBool)) {
        if (value.as_bool() != all) return value;
      } else if (!error.is_error()) {
        error = NotBool(context, value);
      }
    }
    return error.is_error() ? error : Value::Bool(all);
  }
};

class ExistsOne final : public MacroNode {
 public:
  using MacroNode::MacroNode;
  Value Run(Context& context, Walk& walk) const override {
    int64_t count = 0;
    while (walk.Next()) {
      Value value = parts_.transform->Eval(context);
      if (!value.is(Kind::kBool)) return NotBool(context, value);
      count += value.as_bool();
    }
    return Value::Bool(count == 1);
  }
};

// filter, map, transformList: a new list.
class ListMacro final : public MacroNode {
 public:
  using MacroNode::MacroNode;
  Value Run(Context& context, Walk& walk) const override {
    bool filter = parts_.macro == Macro::kFilter;
    size_t capacity = filter || parts_.filter ? std::min<size_t>(walk.size(), 8) : walk.size();
    Value* items = context.NewItems(capacity);
    if (!items) return context.OutOfBytes();
    size_t size = 0;
    while (walk.Next()) {
      Value value = filter ? context.locals[parts_.local] : Value();
      Value problem;
      int passes = Passes(context, problem);
      if (passes < 0) return problem;
      if (!passes) continue;
      if (!filter) value = parts_.transform->Eval(context);
      if (value.is_error()) return value;
      if (size == capacity && !Grow(context, items, capacity)) return context.OutOfBytes();
      items[size++] = value;
    }
    return context.MakeList(items, size);
  }

 private:
  static bool Grow(Context& context, Value*& items, size_t& capacity) {
    size_t larger = capacity ? capacity * 2 : 8;
    Value* grown = context.NewItems(larger);
    if (!grown) return false;
    std::copy(items, items + capacity, grown);
    items = grown;
    capacity = larger;
    return true;
  }
};

class MapMacro final : public MacroNode {
 public:
  using MacroNode::MacroNode;
  Value Run(Context& context, Walk& walk) const override {
    bool entries = parts_.macro == Macro::kTransformMapEntry;
    // An entry macro makes one new entry for each at least; more grow out of it.
    std::vector<MapEntry> made;
    while (walk.Next()) {
      Value key = context.locals[parts_.local];
      Value problem;
      int passes = Passes(context, problem);
      if (passes < 0) return problem;
      if (!passes) continue;
      Value value = parts_.transform->Eval(context);
      if (value.is_error()) return value;
      if (!entries) {
        made.push_back({key, value});
        continue;
      }
      if (!value.is(Kind::kMap)) return NotBool(context, value);
      MapCursor cursor(context, value);
      while (cursor.Next()) {
        if (!context.Charge(1)) return context.OutOfCost();
        made.push_back({cursor.key(), cursor.value()});
      }
    }
    return Build(context, made);
  }

 private:
  Value Build(Context& context, const std::vector<MapEntry>& entries) const {
    if (!context.Charge(1 + static_cast<int64_t>(entries.size()))) return context.OutOfCost();
    MapBuilder builder(context.arena, entries.size());
    if (!builder.ok()) return context.OutOfBytes();
    context.position = position_;
    for (const MapEntry& entry : entries) {
      Value problem = AddEntry(context, builder, entry.key, entry.value);
      if (problem.is_error()) return problem;
    }
    Value map = builder.Build();
    return map.is(Kind::kMap) ? map : context.OutOfBytes();
  }
};

// cel.bind(x, value, body): the value is evaluated once; its error shows where x is used.
class Bind final : public Node {
 public:
  Bind(uint32_t position, MacroParts parts) : Node(position), parts_(std::move(parts)) {}
  Value Eval(Context& context) const override {
    context.locals[parts_.local] = parts_.range->Eval(context);
    return parts_.transform->Eval(context);
  }

 private:
  MacroParts parts_;
};

class OptionalMap final : public Node {
 public:
  OptionalMap(uint32_t position, MacroParts parts) : Node(position), parts_(std::move(parts)) {}
  Value Eval(Context& context) const override {
    Value operand = parts_.range->Eval(context);
    if (operand.is_error()) return operand;
    if (!context.Charge(1)) return context.OutOfCost();
    if (!operand.is(Kind::kOptional)) {
      context.position = position_;
      return context.NoOverload(NameOf(parts_.macro), {&operand, 1});
    }
    if (!operand.optional()) return operand;
    context.locals[parts_.local] = *operand.optional();
    Value value = parts_.transform->Eval(context);
    if (value.is_error()) return value;
    if (parts_.macro == Macro::kOptMap) return context.MakeOptional(value);
    if (value.is(Kind::kOptional)) return value;
    context.position = position_;
    return context.NoOverload("optFlatMap", {&value, 1});
  }

 private:
  MacroParts parts_;
};

}  // namespace

NodePtr MakeListNode(uint32_t position, NodeList items, std::vector<bool> optional) {
  return std::make_unique<ListNode>(position, std::move(items), std::move(optional));
}

NodePtr MakeMapNode(uint32_t position, NodeList items, std::vector<bool> optional) {
  return std::make_unique<MapNode>(position, std::move(items), std::move(optional));
}

NodePtr MakeMacro(uint32_t position, MacroParts parts) {
  switch (parts.macro) {
    case Macro::kAll:
    case Macro::kExists: return std::make_unique<Quantifier>(position, std::move(parts));
    case Macro::kExistsOne: return std::make_unique<ExistsOne>(position, std::move(parts));
    case Macro::kMap:
    case Macro::kFilter: return std::make_unique<ListMacro>(position, std::move(parts));
    case Macro::kTransformMap:
    case Macro::kTransformMapEntry: return std::make_unique<MapMacro>(position, std::move(parts));
    case Macro::kBind: return std::make_unique<Bind>(position, std::move(parts));
    case Macro::kOptMap:
    case Macro::kOptFlatMap: return std::make_unique<OptionalMap>(position, std::move(parts));
  }
  return nullptr;
}

}  // namespace agentflow::cel
