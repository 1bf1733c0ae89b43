#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

// The query language of lists: a part of AIP-160. Services map fields to columns and refuse
// those they do not know with UnknownFilterField.
namespace agentflow::rpc {

struct FilterTerm {
  enum class Op { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kHas };

  // As written: "state", "labels.team".
  std::string field;
  Op op = Op::kEqual;
  // A quoted text or a bare word is a string; 12 and 1.5 are numbers; true and false bools.
  std::variant<std::string, double, bool> value;

  // The value as text, whatever its type.
  std::string Text() const;
};

// `a = "x" AND labels.team : "sup" AND start_time > "2026-01-01T00:00:00Z"`: up to 20 terms joined
// by AND. Operators = != < <= > >= and : (has, contains). Empty text gives no terms.
// INVALID_ARGUMENT, reason FILTER_INVALID, with the position.
absl::StatusOr<std::vector<FilterTerm>> ParseFilter(std::string_view filter);

struct OrderTerm {
  std::string field;
  bool descending = false;
};

// "update_time desc, name". INVALID_ARGUMENT, reason ORDER_BY_INVALID.
absl::StatusOr<std::vector<OrderTerm>> ParseOrderBy(std::string_view order_by);

// "=", "!=", ... as in the text (":" for kHas).
std::string_view OpText(FilterTerm::Op op);
// INVALID_ARGUMENT, reason FILTER_INVALID or ORDER_BY_INVALID, that lists what is allowed.
absl::Status UnknownFilterField(std::string_view field, std::string_view allowed);
absl::Status UnknownOrderField(std::string_view field, std::string_view allowed);

}  // namespace agentflow::rpc
