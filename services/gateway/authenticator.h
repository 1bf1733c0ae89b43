#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/auth/user_context.h"
#include "libs/base/clock.h"
#include "services/gateway/caller.h"

namespace agentflow::gateway {

// Who answers for credentials: the tenant service, or a test.
class IdentitySource {
 public:
  using Done = std::function<void(absl::StatusOr<Identity>)>;
  virtual ~IdentitySource() = default;
  // Must not block; `done` may come at once or later, from any thread.
  virtual void Authenticate(std::string credential, Done done) = 0;
};

struct AuthenticatorOptions {
  int64_t token_cache_micros = 30'000'000;
  int64_t key_cache_micros = 10'000'000;
  // How long a refusal is remembered.
  int64_t refusal_cache_micros = 5'000'000;
  size_t max_entries = 100'000;
};

// Turns credentials into callers. Answers are remembered under the SHA-256 of the credential; the
// same credential asked for many times at once is one question to the source. Thread-safe; the
// lock is never held over a question or a callback.
class Authenticator {
 public:
  using Done = std::function<void(absl::StatusOr<CallerPtr>)>;

  // All must outlive the authenticator and its questions.
  Authenticator(IdentitySource* source, const auth::ContextMinter* minter, const Clock* clock,
                AuthenticatorOptions options = {});

  // UNAUTHENTICATED with the source's reason, CREDENTIALS_INVALID for what cannot be one;
  // UNAVAILABLE and the like when the source does not answer. `done` may come at once.
  void Authenticate(std::string_view credential, Done done);

  // Forgets every answer about `principal` of `tenant`; all of the tenant's when it is empty.
  // Answers under way are given but not remembered.
  void Forget(std::string_view tenant, std::string_view principal);
  void ForgetAll();

 private:
  struct Entry {
    absl::Status refusal;
    CallerPtr caller;
    int64_t until = 0;  // on the monotonic clock
    std::vector<Done> waiting;
    bool pending = false;
  };

  void Answered(const std::string& key, bool is_key, uint64_t generation,
                absl::StatusOr<Identity> identity);
  void MakeRoom(int64_t now);

  IdentitySource* const source_;
  const auth::ContextMinter* const minter_;
  const Clock* const clock_;
  const AuthenticatorOptions options_;
  std::mutex mutex_;
  uint64_t generation_ = 0;  // grows with each revocation
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace agentflow::gateway
