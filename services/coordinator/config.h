#pragma once

#include <chrono>
#include <string>

#include "libs/config/schema.h"
#include "libs/crypto/secret.h"

namespace agentflow::coordinator {

// What operators can set; keys and meanings are in config.cc.
struct Settings {
  crypto::Secret database_url;
  crypto::Secret database_owner_url;
  int database_pool = 4;
  crypto::Secret redis_url;
  std::chrono::milliseconds heartbeat_interval{2000};
  std::chrono::milliseconds worker_lease{15000};
  std::chrono::milliseconds reconnect_grace{4000};
  std::chrono::milliseconds orphan_time{5000};
  std::chrono::milliseconds weight_cache{10000};
  int capacity_max = 10000;
  int agents_max = 200;
};

void Declare(Settings& settings, config::Schema& schema);

}  // namespace agentflow::coordinator
