#pragma once

#include <chrono>
#include <string>

#include "libs/config/schema.h"
#include "libs/crypto/secret.h"

namespace agentflow::executor {

struct Config {
  crypto::Secret database_url;
  crypto::Secret database_owner_url;
  crypto::Secret database_engine_url;
  int database_pool = 8;
  crypto::Secret redis_url;
  crypto::Secret task_token_key;
  crypto::Secret encryption_keys;
  std::string encryption_current;  // empty: the only key
  std::chrono::milliseconds encryption_check{5'000};
  std::string owner_id;  // empty: host name and port of `listen`
  std::string address;   // empty: `listen`
  int committers = 1;
  std::chrono::milliseconds lease{3'000};
  std::chrono::milliseconds lease_renewal{1'000};
  std::chrono::milliseconds peer_silence{500};
  std::chrono::milliseconds slow_commit{150};
  std::chrono::milliseconds lane_check{5'000};
  int batch_commands = 1'000;
  int inbox_limit = 20'000;
  int retention_days = 30;
  int partitions_ahead = 3;
  int migration_days = 90;
  std::chrono::milliseconds feed_kept{std::chrono::hours(24)};
  std::chrono::milliseconds task_lease{10'000};
  std::chrono::milliseconds task_heartbeat{2'000};
  int value_bytes = 256 * 1024;
  int payload_bytes = 8 << 20;
  int payload_unused_days = 7;
  std::chrono::milliseconds quota_cache{30'000};
  int default_live_executions = 10'000;
  int default_starts_per_second = 0;
  int lookup_threads = 4;

  void AddTo(config::Schema& schema);
};

}  // namespace agentflow::executor
