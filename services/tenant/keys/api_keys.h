#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/pool.h"
#include "services/tenant/actor.h"

namespace agentflow::tenant {

struct ApiKey {
  Uuid id;
  std::string title;
  std::vector<std::string> roles;
  std::string hint;
  std::string creator;
  UnixMicros create_time = 0;
  std::optional<UnixMicros> expire_time;
  std::optional<UnixMicros> revoke_time;
};

struct NewApiKey {
  std::string title;
  std::vector<std::string> roles;
  std::optional<UnixMicros> expire_time;
};

// Credentials of programs in the actor's tenant. A key of another tenant is API_KEY_NOT_FOUND, as
// an unknown one.
class ApiKeys {
 public:
  struct Created {
    ApiKey key;
    std::string secret;  // kept nowhere
  };

  ApiKeys(pg::Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}

  // ROLE_UNKNOWN, ROLE_NOT_GRANTABLE, ROLES_MISSING, EXPIRE_TIME_PAST, TITLE_TOO_LONG.
  absl::StatusOr<Created> Create(const Actor& actor, NewApiKey wanted);
  absl::StatusOr<ApiKey> Get(const std::string& tenant, const Uuid& id);
  // In the order they were made, those after `after` (nil: from the first).
  absl::StatusOr<std::vector<ApiKey>> List(const std::string& tenant, const Uuid& after, int limit);
  // A revoked key stays revoked: again changes nothing.
  absl::StatusOr<ApiKey> Revoke(const Actor& actor, const Uuid& id);

 private:
  pg::Pool& pool_;
  const Clock& clock_;
};

}  // namespace agentflow::tenant
