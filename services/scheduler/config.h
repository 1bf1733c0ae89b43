#pragma once

#include "libs/config/schema.h"
#include "libs/crypto/secret.h"

namespace agentflow::scheduler {

// What operators can set; keys and meanings are in config.cc.
struct Settings {
  crypto::Secret database_url;
  crypto::Secret database_owner_url;
  int database_pool = 4;
};

void Declare(Settings& settings, config::Schema& schema);

}  // namespace agentflow::scheduler
