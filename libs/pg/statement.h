#pragma once

namespace agentflow::pg {

// One SQL statement with its name: the name of the prepared statement on every connection, the
// label of its metrics and what error messages call it. Declare them as constants:
//
//   constexpr pg::Statement kGetUser{"user_get", "SELECT ... FROM users WHERE id = $1"};
//
// Two statements of one pool must not share a name. Names without a schema are found through the
// role's search_path, which deploy/postgres/bootstrap.sql sets to the service's schema.
struct Statement {
  const char* name;
  const char* sql;
};

}  // namespace agentflow::pg
