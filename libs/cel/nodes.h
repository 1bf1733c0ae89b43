#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/cel/ast.h"
#include "libs/cel/context.h"
#include "libs/cel/functions.h"
#include "libs/cel/operators.h"
#include "re2/re2.h"

// The executable form of an expression: a tree whose names are resolved, whose constants are
// folded and whose operators know what they do. Internal to this library.
namespace agentflow::cel {

class Node {
 public:
  explicit Node(uint32_t position) : position_(position) {}
  virtual ~Node() = default;
  // Charges for itself. An error is a value like any other.
  virtual Value Eval(Context& context) const = 0;
  // The value of a constant, null for all other nodes.
  virtual const Value* constant() const { return nullptr; }

 protected:
  uint32_t position_;
};
using NodePtr = std::unique_ptr<const Node>;
using NodeList = std::vector<NodePtr>;

NodePtr MakeConstant(uint32_t position, const Value& value);
NodePtr MakeFailure(uint32_t position, ErrorCode code, std::string_view detail);
NodePtr MakeVariable(uint32_t position, int slot, std::string_view name);
NodePtr MakeLocal(uint32_t position, int index);

// operand.fields[0].fields[1]...: plain fields, all in one node.
struct PathField {
  std::string_view name;
  uint32_t position;
};
NodePtr MakePath(NodePtr operand, std::vector<PathField> fields);
NodePtr MakeOptionalSelect(uint32_t position, NodePtr operand, std::string_view name);
NodePtr MakeHas(uint32_t position, NodePtr operand, std::string_view name);
NodePtr MakeIndex(uint32_t position, NodePtr operand, NodePtr key, bool optional);

NodePtr MakeLogic(uint32_t position, NodeList operands, bool is_and);
NodePtr MakeNot(uint32_t position, NodePtr operand);
NodePtr MakeConditional(uint32_t position, NodePtr condition, NodePtr then, NodePtr otherwise);
NodePtr MakeNegate(uint32_t position, NodePtr operand);
// ==, !=, <, <=, >, >=, in, +, -, *, /, %. Null for another name.
NodePtr MakeBinary(uint32_t position, std::string_view name, NodePtr left, NodePtr right);

NodePtr MakeCall(uint32_t position, Implementation implementation, NodeList args);
NodePtr MakeMatches(uint32_t position, NodePtr text, std::unique_ptr<RE2> pattern);
NodePtr MakeOptionalOr(uint32_t position, NodePtr operand, NodePtr otherwise, bool value);

NodePtr MakeListNode(uint32_t position, NodeList items, std::vector<bool> optional);
NodePtr MakeMapNode(uint32_t position, NodeList items, std::vector<bool> optional);

// What a macro needs; `transform` is the body of macros without a transform, too.
struct MacroParts {
  Macro macro;
  NodePtr range;
  NodePtr transform;
  NodePtr filter;  // null: none
  int local = 0;   // of the first variable
  int local2 = -1;
};
NodePtr MakeMacro(uint32_t position, MacroParts parts);

}  // namespace agentflow::cel
