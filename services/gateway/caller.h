#pragma once

#include <memory>
#include <string>

#include "libs/auth/principal.h"
#include "libs/base/clock.h"

namespace agentflow::gateway {

// Tokens a second, and how many may be saved up. 0: the gateway's default.
struct Rate {
  int per_second = 0;
  int burst = 0;
};

// Whoever holds a credential, as the tenant service knows it.
struct Identity {
  auth::PrincipalPtr principal;
  Rate rate;
  // How long the answer may be believed; never past `expires`.
  int64_t cache_micros = 0;
  // When the credential ends; 0: not by itself.
  UnixMicros expires = 0;
};

// An authenticated caller with the context to hand on. Immutable.
struct Caller {
  auth::PrincipalPtr principal = auth::Nobody();
  std::string context;  // signed; empty for calls without a credential
  Rate rate;
  UnixMicros expires = 0;
};
using CallerPtr = std::shared_ptr<const Caller>;

}  // namespace agentflow::gateway
