#include "services/executor/config.h"

namespace agentflow::executor {

void Config::AddTo(config::Schema& schema) {
  schema.Add("database.url", &database_url, "PostgreSQL, role executor_app.").Required();
  schema
      .Add("database.owner_url", &database_owner_url,
           "PostgreSQL, role executor_owner; for migrations at start.")
      .Required();
  schema
      .Add("database.engine_url", &database_engine_url,
           "PostgreSQL, role executor_engine; for lanes.")
      .Required();
  schema.Add("database.pool", &database_pool, "Connections for requests.").Range(1, 200);
  schema.Add("redis.url", &redis_url, "Redis, where tasks wait for coordinators.").Required();
  schema
      .Add("task_token_key", &task_token_key,
           "Key of the tokens that prove who was handed a task; the same for all executors.")
      .Required();
  schema
      .Add("encryption.keys", &encryption_keys,
           "Master keys, under which the tenants' keys are sealed: NAME=KEY, parted by commas or "
           "spaces, each 32 bytes in base64 (openssl rand -base64 32); the same for all executors. "
           "docs/operating/encryption.md")
      .Required();
  schema.Add("encryption.current", &encryption_current,
             "Name of the master key that seals; the others only open. Default: the only one.");
  schema
      .Add("encryption.check", &encryption_check,
           "How often it is looked whether the tenants' keys in memory still exist; four times as "
           "long after a tenant's key was destroyed no executor has it.")
      .Range(50, 60'000);
  schema.Add("owner_id", &owner_id,
             "Name of this executor, which must stay the same over restarts and differ from all "
             "others. Default: host name and port of `listen`.");
  schema.Add("address", &address,
             "Where other services reach this executor, host:port. Default: `listen`.");
  schema.Add("committers", &committers, "Committers, each with its lanes and connection.")
      .Range(1, 16);
  schema.Add("lease", &lease, "Lanes of an executor silent for longer move to others.")
      .Range(500, 60'000);
  schema.Add("lease_renewal", &lease_renewal, "An idle executor renews its lease this often.")
      .Range(50, 30'000);
  schema
      .Add("peer_silence", &peer_silence,
           "With several executors: the lanes of one that does not answer the others, or whom the "
           "database does not answer, for half as long move before its lease ends, once the "
           "database has not heard of it for this long; at least three times as often they renew "
           "their leases.")
      .Range(100, 60'000);
  schema
      .Add("slow_commit", &slow_commit,
           "With several executors: while the database takes longer than this for each commit of "
           "one, and not of another, its lanes move to that one.")
      .Range(10, 60'000);
  schema
      .Add("lane_check", &lane_check,
           "Longest time between two looks at who owns which lane; leases that end, peers that "
           "come or break, and lanes handed over are looked at when they do.")
      .Range(50, 60'000);
  schema.Add("batch.commands", &batch_commands, "Executions written by one commit at most.")
      .Range(1, 20'000);
  schema
      .Add("inbox_limit", &inbox_limit,
           "Commands waiting in one committer; more are refused with EXECUTOR_BUSY, but for results"
           " of tasks.")
      .Range(10, 10'000'000);
  schema.Add("retention.days", &retention_days,
             "Class of executions whose workflow names none in `metadata.retention`: days after "
             "their start until they are dropped, 1, 7, 30, 90 or 400.");
  schema.Add("retention.partitions_ahead", &partitions_ahead, "Days made in advance.").Range(1, 60);
  schema
      .Add("retention.migrations_days", &migration_days,
           "Days that moves of live executions to another version are kept after their end.")
      .Range(1, 400);
  schema.Add("feed.kept", &feed_kept, "How long the feed of changes is kept.");
  schema.Add("task.lease", &task_lease, "A task's holder may be silent for this long.")
      .Range(500, 3'600'000);
  schema.Add("task.heartbeat", &task_heartbeat, "How often coordinators name what they hold.")
      .Range(100, 600'000);
  schema.Add("value_bytes", &value_bytes, "Largest input or output of a step.")
      .Range(1'024, 8 << 20);
  schema.Add("payload.bytes", &payload_bytes, "Largest content that is passed by reference.")
      .Range(1'024, 8 << 20);
  schema
      .Add("payload.unused_days", &payload_unused_days,
           "Days that a payload is kept after its upload while no execution names it.")
      .Range(1, 400);
  schema.Add("quota.cache", &quota_cache, "How long a tenant's quotas are believed.");
  schema.Add("quota.live_executions", &default_live_executions,
             "Limit while the tenant service does not answer; 0: none.");
  schema.Add("quota.starts_per_second", &default_starts_per_second,
             "Limit while the tenant service does not answer; 0: none.");
  schema
      .Add("lookup_threads", &lookup_threads,
           "Threads that compile versions and look into the database for answers.")
      .Range(1, 64);
}

}  // namespace agentflow::executor
