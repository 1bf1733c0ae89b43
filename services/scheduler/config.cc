#include "services/scheduler/config.h"

namespace agentflow::scheduler {

void Declare(Settings& settings, config::Schema& schema) {
  schema.Add("database.url", &settings.database_url, "PostgreSQL, role scheduler_app.").Required();
  schema
      .Add("database.owner_url", &settings.database_owner_url,
           "PostgreSQL, role scheduler_owner; used for migrations at start only.")
      .Required();
  schema.Add("database.pool", &settings.database_pool, "Connections to PostgreSQL at most.")
      .Range(1, 100);
}

}  // namespace agentflow::scheduler
