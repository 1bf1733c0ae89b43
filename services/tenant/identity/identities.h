#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "services/tenant/tenants/quotas.h"

namespace agentflow::tenant {

struct Identity {
  std::string tenant;
  std::string principal;
  std::string email;
  std::string display_name;
  std::vector<std::string> roles;
  std::vector<std::string> permissions;
  std::chrono::milliseconds cache_for{0};
  std::optional<UnixMicros> expire_time;
  Quotas quotas;  // with the platform's defaults filled in
};

// Who somebody is and what they may do now.
class Identities {
 public:
  struct Options {
    std::chrono::milliseconds cache_tokens = std::chrono::seconds(30);
    std::chrono::milliseconds cache_keys = std::chrono::seconds(10);
    Quotas default_quotas;
  };
  Identities(pg::Pool& pool, const Clock& clock, Options options)
      : pool_(pool), clock_(clock), options_(options) {}

  // Of an access token or an API key. UNAUTHENTICATED: CREDENTIALS_INVALID (unknown, malformed,
  // the user disabled, the tenant suspended, the session ended), TOKEN_EXPIRED, KEY_REVOKED.
  absl::StatusOr<Identity> Authenticate(const std::string& credential);
  // Of users/{id} or apiKeys/{id}. NOT_FOUND, reason PRINCIPAL_NOT_FOUND, for one that is not in
  // the tenant; PERMISSION_DENIED, reason PRINCIPAL_ENDED, for one disabled, revoked or expired
  // and for a suspended tenant.
  absl::StatusOr<Identity> Authorize(const std::string& tenant, const std::string& principal);

 private:
  absl::StatusOr<Identity> AuthenticateToken(const std::string& token);
  absl::StatusOr<Identity> AuthenticateKey(const std::string& key);

  pg::Pool& pool_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace agentflow::tenant
