#pragma once

#include <iostream>
#include <string>

#include "libs/base/clock.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/testing/postgres.h"
#include "migrations/tenant.h"
#include "services/tenant/audit/audit_trail.h"
#include "services/tenant/bootstrap.h"
#include "services/tenant/identity/identities.h"
#include "services/tenant/identity/revocations.h"
#include "services/tenant/keys/api_keys.h"
#include "services/tenant/sessions/sessions.h"
#include "services/tenant/tenants/erasures.h"
#include "services/tenant/tenants/tenants.h"
#include "services/tenant/users/users.h"

namespace agentflow::tenant {

// For tests: the service's parts over a database of their own, cheap passwords and a clock that
// stands still.
struct World {
  World() {
    absl::Status migrated = pg::Migrate(database.Url("tenant_owner"), Migrations());
    if (!migrated.ok()) std::cerr << migrated << "\n";
    AF_CHECK(migrated.ok());
  }

  // A tenant "acme" or the like with an administrator; his actor.
  Actor MakeTenant(const std::string& slug) {
    auto made = tenants.Create(
        {}, {.slug = slug, .admin_email = "admin@" + slug + ".test", .admin_password = kPassword});
    AF_CHECK(made.ok());
    std::vector<User> all = *users.List(slug, Uuid(), 10);
    return {.tenant = slug,
            .principal = "users/" + all.front().id.ToString(),
            .permissions = {"*"},
            .method = "test"};
  }

  static constexpr char kPassword[] = "correct horse battery";
  static constexpr Quotas kDefaults{100, 200, 1000, 50, 500};

  testing::PostgresForTest database;
  ManualClock clock;
  pg::Pool pool{{.url = database.Url("tenant_app")}};
  Passwords passwords{{.cost = {.memory_kib = 64, .passes = 1}}};
  Tenants tenants{pool, clock, passwords, kDefaults};
  Users users{pool, clock, passwords};
  ApiKeys keys{pool, clock};
  Sessions sessions{pool, clock, passwords, {.failures_allowed = 3}};
  Identities identities{pool, clock, {.default_quotas = kDefaults}};
  RevocationFeed revocations{pool};
  Erasures erasures{pool, clock, {"scheduler", "executor", "monitor", "designer"}, 60'000};
  AuditTrail audit{pool};
};

}  // namespace agentflow::tenant
