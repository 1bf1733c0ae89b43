#pragma once

#include <string_view>

#include "libs/pg/pool.h"

namespace agentflow::pg {

// Refuses a start that would run without row security. Fails with FAILED_PRECONDITION, reason
// ROW_SECURITY_BYPASSED, and names what is wrong when the pool's role
//  - is superuser or has BYPASSRLS, or may act as a role that is, has, or owns tables here;
//  - owns a table of the database;
//  - has a privilege on a table of `schema` whose row security is not enabled and forced, that
//    has no policy, or that has a column tenant_id and a policy for this role that does not
//    look at the transaction's tenant.
// Run once at start, after the migrations.
absl::Status CheckRowSecurity(Pool& pool, std::string_view schema);

}  // namespace agentflow::pg
