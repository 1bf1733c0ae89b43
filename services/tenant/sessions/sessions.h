#pragma once

#include <chrono>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/pool.h"
#include "services/tenant/actor.h"
#include "services/tenant/sessions/passwords.h"

namespace agentflow::tenant {

struct TokenGrant {
  std::string access_token;
  std::string refresh_token;
  UnixMicros expire_time = 0;  // of the access token
};

// Signing in and staying so. Tokens are random texts of which only hashes are stored; a session
// is a row that ends all of its tokens. A refresh token works once; its second use means that two
// parties hold it, and ends the session.
class Sessions {
 public:
  struct Options {
    std::chrono::milliseconds access_life = std::chrono::minutes(10);
    std::chrono::milliseconds session_life = std::chrono::hours(24 * 14);  // each refresh renews it
    // Failed sign-ins per address: so many at once, and one more each time this has passed.
    int failures_allowed = 10;
    std::chrono::milliseconds failure_recovery = std::chrono::seconds(30);
  };

  Sessions(pg::Pool& pool, const Clock& clock, Passwords& passwords, Options options)
      : pool_(pool), clock_(clock), passwords_(passwords), options_(options) {}

  // `tenant` may be empty where the address belongs to one only. In `actor` only the method and
  // where the call came from count. UNAUTHENTICATED, reason CREDENTIALS_INVALID, for everything
  // that is wrong with address, password, user or tenant, at the same cost; TENANT_REQUIRED
  // (FAILED_PRECONDITION) when the password is right but the address is in several tenants;
  // LOGIN_LOCKED, LOGIN_BUSY (RESOURCE_EXHAUSTED).
  absl::StatusOr<TokenGrant> Login(const Actor& actor, const std::string& email,
                                   const std::string& password, const std::string& tenant);
  // UNAUTHENTICATED: CREDENTIALS_INVALID, TOKEN_EXPIRED, TOKEN_REUSED.
  absl::StatusOr<TokenGrant> Refresh(const Actor& actor, const std::string& refresh_token);
  // OK for unknown tokens too.
  absl::Status Logout(const Actor& actor, const std::string& refresh_token);
  // Forgets tokens, sessions and the like that are long over. For a periodic task.
  absl::Status Purge();

 private:
  struct Candidate;
  absl::Status TakeAttempt(const std::string& key);
  absl::StatusOr<Candidate> FindCandidate(const std::string& email, const std::string& tenant);
  absl::Status RecordFailure(Actor actor, const Candidate& candidate);
  absl::StatusOr<TokenGrant> Grant(pg::TenantTx& tx, const Uuid& session, UnixMicros now);

  pg::Pool& pool_;
  const Clock& clock_;
  Passwords& passwords_;
  const Options options_;
};

}  // namespace agentflow::tenant
