#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"
#include "libs/pg/pool.h"
#include "services/tenant/actor.h"
#include "services/tenant/sessions/passwords.h"

namespace agentflow::tenant {

struct User {
  Uuid id;
  std::string email;
  std::string display_name;
  std::vector<std::string> roles;
  bool disabled = false;
  int64_t version = 1;
  UnixMicros create_time = 0;
  UnixMicros update_time = 0;
};

struct NewUser {
  std::string email;
  std::string display_name;
  std::vector<std::string> roles;
  std::string password_hash;
};

// Unset: as it is.
struct UserChange {
  std::optional<std::string> display_name;
  std::optional<std::vector<std::string>> roles;
  std::optional<bool> disabled;
};

// Lower case, checked roughly: one @, no blanks, at most 254 bytes. EMAIL_INVALID.
absl::StatusOr<std::string> NormalizeEmail(std::string_view email, const char* field);
// ABORTED, reason ETAG_MISMATCH, unless `wanted` is 0 or `current`.
absl::Status CheckVersion(int64_t wanted, int64_t current);
// Adds a user in the transaction's tenant; everything was checked before. USER_EXISTS.
absl::StatusOr<User> InsertUser(pg::TenantTx& tx, const NewUser& user, UnixMicros now);

// The people of the actor's tenant. A user of another tenant is USER_NOT_FOUND, as an unknown one.
class Users {
 public:
  Users(pg::Pool& pool, const Clock& clock, Passwords& passwords)
      : pool_(pool), clock_(clock), passwords_(passwords) {}

  // USER_EXISTS, EMAIL_INVALID, PASSWORD_INVALID, ROLE_UNKNOWN, ROLE_NOT_GRANTABLE.
  absl::StatusOr<User> Create(const Actor& actor, NewUser user, const std::string& password);
  absl::StatusOr<User> Get(const std::string& tenant, const Uuid& id);
  // In the order they were made, those after `after` (nil: from the first).
  absl::StatusOr<std::vector<User>> List(const std::string& tenant, const Uuid& after, int limit);
  // `version` 0: whatever it is. Ends the sessions of a disabled user. USER_NOT_FOUND,
  // ETAG_MISMATCH, ROLE_UNKNOWN, ROLE_NOT_GRANTABLE (also for a user above the actor),
  // LAST_ADMINISTRATOR.
  absl::StatusOr<User> Update(const Actor& actor, const Uuid& id, UserChange change,
                              int64_t version);
  absl::Status Delete(const Actor& actor, const Uuid& id, int64_t version);

 private:
  pg::Pool& pool_;
  const Clock& clock_;
  Passwords& passwords_;
};

}  // namespace agentflow::tenant
