#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"

// PostgreSQL's SQLSTATE as statuses of this tree.
//
//   class or code              status               reason
//   08, 53, 57P01..57P03       UNAVAILABLE          DATABASE_UNAVAILABLE
//   40, 55P03                  ABORTED              DATABASE_CONFLICT
//   57014                      DEADLINE_EXCEEDED    DATABASE_TIMEOUT
//   23505                      ALREADY_EXISTS       DATABASE_DUPLICATE   (see ConstraintOf)
//   other 23                   FAILED_PRECONDITION  DATABASE_CONSTRAINT  (see ConstraintOf)
//   22, 54                     INVALID_ARGUMENT     DATABASE_VALUE_REFUSED
//   all else                   INTERNAL             DATABASE_STATEMENT
//
// IsRetryable() is true for the first three. A COMMIT whose answer was lost is UNAVAILABLE with
// reason DATABASE_COMMIT_UNKNOWN: look before doing it again.
namespace agentflow::pg {

// `statement` is the name of the statement at fault, for the message.
absl::Status FromSqlState(std::string_view sqlstate, std::string_view server_message,
                          std::string_view statement);

// The SQLSTATE of a status made by this library; empty for others and for lost connections.
std::string SqlStateOf(const absl::Status& status);

// Name of the violated constraint of DATABASE_DUPLICATE and DATABASE_CONSTRAINT, else empty.
std::string ConstraintOf(const absl::Status& status);

// Whether the data of the statement itself is at fault (classes 22, 23, 54), so that sending the
// same again can never work while sending less may.
bool IsDataError(std::string_view sqlstate);

}  // namespace agentflow::pg
