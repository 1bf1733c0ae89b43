#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/cel/issue.h"
#include "libs/cel/value.h"

// An expression as it was written. Internal to this library.
namespace agentflow::cel {

enum class Op : uint8_t {
  kConst,    // constant
  kIdent,    // name; rooted: written with a leading dot
  kSelect,   // args[0].name; optional: args[0].?name; test: has(args[0].name)
  kIndex,    // args[0][args[1]]; optional: args[0][?args[1]]
  kCall,     // name(args...), member: args[0].name(args[1]...); operators are calls
  kList,     // args; optional_args[i]: ?args[i]
  kMap,      // args = key, value, key, value, ...; optional_args[i]: ?key i: value i
  kStruct,   // name{...}: messages, which there are none of
  kMacro,    // args[0] is the range or operand; macro, var, var2, and the bodies
  kInvalid,  // where the syntax was wrong
};

enum class Macro : uint8_t {
  kAll, kExists, kExistsOne,
  kMap,           // args: range, transform [, filter]
  kFilter,
  kTransformMap,  // args: range, transform [, filter]; two variables
  kTransformMapEntry,
  kBind,          // args: value, body
  kOptMap, kOptFlatMap,
};

struct Expr {
  Op op = Op::kInvalid;
  Macro macro = Macro::kAll;
  bool optional = false;
  bool test = false;
  bool rooted = false;
  bool member = false;
  uint16_t depth = 1;
  uint32_t id = 0;        // index for what is known about it later
  uint32_t begin = 0;     // bytes of the text: [begin, end)
  uint32_t end = 0;
  uint32_t at = 0;        // where errors point to: the operator, the name
  std::string_view name;  // in Ast::text or Ast::strings
  std::string_view var;   // of a macro
  std::string_view var2;  // the second of a macro with two variables; empty: one
  Value constant;
  std::vector<Expr*> args;
  std::vector<bool> optional_args;
};

// Of one kind, syntax or types; what comes after is likely to follow from these.
inline constexpr size_t kMaxIssues = 20;

struct Ast {
  std::string text;
  std::deque<Expr> exprs;
  std::deque<std::string> strings;  // what constants and unescaped names point to
  Expr* root = nullptr;             // always there, of kInvalid where nothing could be read
  std::vector<Issue> issues;        // syntax errors

  Issue IssueAt(uint32_t begin, uint32_t end, std::string message,
                std::string suggestion = "") const;
};

// Reads the whole text and reports all errors, not the first only.
std::shared_ptr<const Ast> Parse(std::string_view text);

// Names of operators as calls.
namespace op {
inline constexpr std::string_view kOr = "||", kAnd = "&&", kNot = "!", kNegate = "-_",
                                  kConditional = "?:", kEqual = "==", kNotEqual = "!=",
                                  kLess = "<", kLessEqual = "<=", kGreater = ">",
                                  kGreaterEqual = ">=", kIn = "in", kAdd = "+", kSubtract = "-",
                                  kMultiply = "*", kDivide = "/", kModulo = "%";
}  // namespace op

}  // namespace agentflow::cel
