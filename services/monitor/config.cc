#include "services/monitor/config.h"

namespace agentflow::monitor {

void Declare(Settings& settings, config::Schema& schema) {
  schema.Add("database.url", &settings.database_url, "PostgreSQL, role monitor_app.").Required();
  schema
      .Add("database.owner_url", &settings.database_owner_url,
           "PostgreSQL, role monitor_owner; used for migrations at start only.")
      .Required();
  schema.Add("database.pool", &settings.database_pool, "Connections to PostgreSQL at most.")
      .Range(1, 100);
  schema
      .Add("stream.kept", &settings.stream_kept,
           "Newest changes kept in memory, for streams that resume.")
      .Range(100, 1000000);
  schema
      .Add("stream.subscriptions_max", &settings.subscriptions_max,
           "Subscriptions of one connection at most.")
      .Range(1, 10000);
}

}  // namespace agentflow::monitor
