#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "services/tenant/actor.h"
#include "services/tenant/sessions/passwords.h"
#include "services/tenant/tenants/quotas.h"

namespace agentflow::tenant {

struct Tenant {
  std::string slug;
  std::string title;
  bool suspended = false;
  bool deleting = false;  // then it is suspended as well
  Quotas quotas;
  int64_t version = 1;
  UnixMicros create_time = 0;
  UnixMicros update_time = 0;
};

struct NewTenant {
  std::string slug;  // [a-z][a-z0-9-]{1,62}
  std::string title;
  Quotas quotas;
  std::string admin_email;
  std::string admin_password;
  std::vector<std::string> admin_roles = {"admin"};
};

// Unset: as it is.
struct TenantChange {
  std::optional<std::string> title;
  std::optional<bool> suspended;
  std::optional<Quotas> quotas;
};

// The platform's tenants. The caller's right to administer them is checked before (tenants.*).
class Tenants {
 public:
  Tenants(pg::Pool& pool, const Clock& clock, Passwords& passwords, Quotas defaults)
      : pool_(pool), clock_(clock), passwords_(passwords), defaults_(defaults) {}

  // With its first administrator. TENANT_ID_INVALID, TENANT_EXISTS, EMAIL_INVALID,
  // PASSWORD_INVALID, QUOTA_INVALID.
  absl::StatusOr<Tenant> Create(const Actor& actor, const NewTenant& wanted);
  // TENANT_NOT_FOUND.
  absl::StatusOr<Tenant> Get(const std::string& slug);
  // By slug, those after `after`.
  absl::StatusOr<std::vector<Tenant>> List(const std::string& after, int limit);
  // `version` 0: whatever it is. TENANT_NOT_FOUND, TENANT_DELETING, ETAG_MISMATCH, QUOTA_INVALID.
  absl::StatusOr<Tenant> Update(const Actor& actor, const std::string& slug,
                                const TenantChange& change, int64_t version);
  // Ends its credentials and lets every service erase what it holds (Erasures). Kept in the trail
  // of the actor's tenant. TENANT_NOT_FOUND, ETAG_MISMATCH, TENANT_OWN.
  absl::StatusOr<Tenant> Delete(const Actor& actor, const std::string& slug, int64_t version);
  // With the platform's defaults filled in.
  absl::StatusOr<Quotas> EffectiveQuotas(const std::string& slug);

 private:
  pg::Pool& pool_;
  const Clock& clock_;
  Passwords& passwords_;
  const Quotas defaults_;
};

}  // namespace agentflow::tenant
