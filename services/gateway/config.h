#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/schema.h"
#include "libs/crypto/secret.h"

namespace agentflow::gateway {

// The gateway's own settings; the common ones are in libs/rpc/service.h. `listen` is the public
// gRPC port.
struct Settings {
  std::string http_listen = "127.0.0.1:8080";
  int http_threads = 2;
  int64_t http_max_body_bytes = 12 << 20;
  bool allow_plain = false;
  std::vector<std::string> cors_origins;
  std::string canvas_dir;
  std::string context_signing_key;
  crypto::Secret redis_url;
  std::chrono::milliseconds default_timeout{30'000};
  std::chrono::milliseconds max_timeout{60'000};
  std::chrono::milliseconds delivery_patience{2'500};
  std::chrono::milliseconds delivery_ask_another{300};
  std::chrono::milliseconds token_cache{30'000};
  std::chrono::milliseconds key_cache{10'000};
  int tenant_rate = 1000;
  int tenant_burst = 2000;
  int address_rate = 10;
  int address_burst = 300;

  void Declare(config::Schema& schema);
};

}  // namespace agentflow::gateway
