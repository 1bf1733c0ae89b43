#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "libs/config/schema.h"
#include "libs/crypto/secret.h"

namespace agentflow::tenant {

struct Settings {
  crypto::Secret database_url;
  crypto::Secret database_owner_url;
  int database_pool = 8;

  std::chrono::milliseconds access_token_life = std::chrono::minutes(10);
  std::chrono::milliseconds session_life = std::chrono::hours(24 * 14);
  int login_failures = 10;
  std::chrono::milliseconds login_recovery = std::chrono::seconds(30);
  int password_threads = 2;
  int password_queue = 32;

  int quota_requests_per_second = 200;
  int quota_request_burst = 400;
  int quota_live_executions = 100'000;
  int quota_starts_per_second = 5'000;
  int quota_workflows = 1'000;
  int quota_running_executions = 50'000;
  int quota_queued_executions = 50'000;
  int quota_weight = 100;

  std::vector<std::string> erasure_services = {"designer", "executor", "scheduler", "coordinator",
                                               "monitor"};
  std::chrono::milliseconds erasure_delay = std::chrono::minutes(1);

  // For --bootstrap only.
  std::string bootstrap_email;
  crypto::Secret bootstrap_password;
};

void Declare(Settings& settings, config::Schema& schema);

}  // namespace agentflow::tenant
