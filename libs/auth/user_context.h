#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/auth/principal.h"
#include "libs/base/clock.h"
#include "libs/crypto/jws.h"

// The user context: who calls, signed by the gateway, carried as metadata `af-context` from
// service to service. A compact JWT (ES256) that lives 60 seconds:
// {"iss":"agentflow-gateway","aud":"agentflow","ten":...,"sub":...,"eml":...,"nam":...,
//  "rol":[...],"per":[...],"iat":...,"exp":...}
namespace agentflow::auth {

inline constexpr std::chrono::seconds kContextLife{60};

// Makes user contexts. Thread-safe. Only the gateway has the key.
class ContextMinter {
 public:
  ContextMinter(crypto::SigningKey key, const Clock* clock) : key_(std::move(key)), clock_(clock) {}
  // `life` may only be shorter than kContextLife.
  std::string Mint(const Principal& principal, std::chrono::seconds life = kContextLife) const;

 private:
  crypto::SigningKey key_;
  const Clock* clock_;
};

// Checks user contexts against the gateway's public keys (several while keys are exchanged).
// A checked context is remembered until it ends, so repeated calls cost one look-up.
// Thread-safe.
class ContextVerifier {
 public:
  ContextVerifier(std::vector<crypto::VerifyingKey> keys, const Clock* clock,
                  size_t cache_limit = 4096);
  ~ContextVerifier();

  // UNAUTHENTICATED with reason CONTEXT_EXPIRED or CONTEXT_INVALID.
  absl::StatusOr<PrincipalPtr> Verify(std::string_view context);

 private:
  struct Cache;

  absl::StatusOr<PrincipalPtr> VerifyAnew(std::string_view context, UnixMicros* ends) const;

  std::vector<crypto::VerifyingKey> keys_;
  const Clock* clock_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace agentflow::auth
