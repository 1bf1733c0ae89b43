#include "libs/cel/operator_types.h"

#include <map>

#include "libs/cel/ast.h"

namespace agentflow::cel {
namespace {

using K = Type::Kind;
using Table = std::map<std::string_view, std::vector<Overload>>;

void Add(Table& table, std::string_view name, std::vector<Type> parameters, Type result) {
  table[name].push_back({.parameters = std::move(parameters), .result = std::move(result)});
}

void AddArithmetic(Table& table) {
  for (std::string_view name : {op::kAdd, op::kSubtract, op::kMultiply, op::kDivide}) {
    for (K kind : {K::kInt, K::kUint, K::kDouble}) Add(table, name, {kind, kind}, kind);
  }
  for (K kind : {K::kInt, K::kUint}) Add(table, op::kModulo, {kind, kind}, kind);
  for (K kind : {K::kInt, K::kDouble}) Add(table, op::kNegate, {kind}, kind);
  Type list = Type::List(Type::Param("A"));
  Add(table, op::kAdd, {K::kString, K::kString}, K::kString);
  Add(table, op::kAdd, {K::kBytes, K::kBytes}, K::kBytes);
  Add(table, op::kAdd, {list, list}, list);
  Add(table, op::kAdd, {K::kTimestamp, K::kDuration}, K::kTimestamp);
  Add(table, op::kAdd, {K::kDuration, K::kTimestamp}, K::kTimestamp);
  Add(table, op::kAdd, {K::kDuration, K::kDuration}, K::kDuration);
  Add(table, op::kSubtract, {K::kTimestamp, K::kTimestamp}, K::kDuration);
  Add(table, op::kSubtract, {K::kTimestamp, K::kDuration}, K::kTimestamp);
  Add(table, op::kSubtract, {K::kDuration, K::kDuration}, K::kDuration);
}

void AddComparisons(Table& table) {
  for (std::string_view name : {op::kLess, op::kLessEqual, op::kGreater, op::kGreaterEqual}) {
    for (K kind : {K::kBool, K::kString, K::kBytes, K::kTimestamp, K::kDuration}) {
      Add(table, name, {kind, kind}, K::kBool);
    }
    for (K left : {K::kInt, K::kUint, K::kDouble}) {
      for (K right : {K::kInt, K::kUint, K::kDouble}) Add(table, name, {left, right}, K::kBool);
    }
  }
  Type any = Type::Param("A");
  Add(table, op::kEqual, {any, any}, K::kBool);
  Add(table, op::kNotEqual, {any, any}, K::kBool);
  Add(table, op::kIn, {any, Type::List(any)}, K::kBool);
  Add(table, op::kIn, {any, Type::Map(any, Type::Param("B"))}, K::kBool);
}

}  // namespace

const std::vector<Overload>* OperatorOverloads(std::string_view name) {
  static const Table* const kTable = [] {
    auto* table = new Table();
    AddArithmetic(*table);
    AddComparisons(*table);
    Type any = Type::Param("A");
    Add(*table, op::kConditional, {K::kBool, any, any}, any);
    Add(*table, op::kNot, {K::kBool}, K::kBool);
    Add(*table, op::kAnd, {K::kBool, K::kBool}, K::kBool);
    Add(*table, op::kOr, {K::kBool, K::kBool}, K::kBool);
    return table;
  }();
  auto it = kTable->find(name);
  return it == kTable->end() ? nullptr : &it->second;
}

}  // namespace agentflow::cel
