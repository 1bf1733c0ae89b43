#include "services/coordinator/config.h"

namespace agentflow::coordinator {

void Declare(Settings& settings, config::Schema& schema) {
  schema.Add("database.url", &settings.database_url, "PostgreSQL, role coordinator_app.")
      .Required();
  schema
      .Add("database.owner_url", &settings.database_owner_url,
           "PostgreSQL, role coordinator_owner; used for migrations at start only.")
      .Required();
  schema.Add("database.pool", &settings.database_pool, "Connections to PostgreSQL at most.")
      .Range(1, 100);
  schema.Add("redis.url", &settings.redis_url, "Redis with the task queues.").Required();
  schema
      .Add("worker.heartbeat_interval", &settings.heartbeat_interval,
           "How often workers name the tasks they hold.")
      .Range(100, 60000);
  schema
      .Add("worker.lease", &settings.worker_lease,
           "A task that its worker does not name for this long is given up.")
      .Range(500, 600000);
  schema
      .Add("worker.reconnect_grace", &settings.reconnect_grace,
           "How long a worker whose stream broke may take to come back with its tasks.")
      .Range(0, 600000);
  schema
      .Add("queue.orphan_time", &settings.orphan_time,
           "A queued task that another coordinator read this long ago without claiming it is "
           "taken over.")
      .Range(1000, 600000);
  schema
      .Add("quota.cache", &settings.weight_cache,
           "How long a tenant's weight is believed, for workers that serve every tenant.")
      .Range(100, 600000);
  schema.Add("worker.capacity_max", &settings.capacity_max, "Tasks one worker may hold at once.")
      .Range(1, 100000);
  schema.Add("worker.agents_max", &settings.agents_max, "Agents one worker may offer.")
      .Range(1, 1000);
}

}  // namespace agentflow::coordinator
