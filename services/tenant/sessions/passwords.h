#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/crypto/password.h"

namespace agentflow::tenant {

// Argon2id with bounds: a hash takes 19 MiB and some 30 ms of a core, so without them signing in
// would be a way to exhaust both. Work happens on the calling thread, at most `concurrent` at
// once. Thread-safe.
class Passwords {
 public:
  struct Options {
    int concurrent = 2;
    int waiting = 32;  // beyond: RESOURCE_EXHAUSTED, reason LOGIN_BUSY
    crypto::PasswordCost cost;
  };
  explicit Passwords(Options options);

  // INVALID_ARGUMENT, reason PASSWORD_INVALID, unless it has 12 to 256 bytes and no control
  // characters.
  static absl::Status Check(std::string_view password, const char* field);

  absl::StatusOr<std::string> Hash(std::string_view password);
  // Costs the same for every `encoded`, an empty one (no such user) included, which never fits.
  absl::StatusOr<bool> Verify(std::string_view password, std::string_view encoded);

 private:
  class Turn;
  const Options options_;
  std::string of_nobody_;
  std::mutex mutex_;
  std::condition_variable free_;
  int running_ = 0;
  int waiting_ = 0;
};

}  // namespace agentflow::tenant
