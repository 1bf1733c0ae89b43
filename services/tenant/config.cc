#include "services/tenant/config.h"

namespace agentflow::tenant {

void Declare(Settings& s, config::Schema& schema) {
  schema.Add("database.url", &s.database_url, "PostgreSQL as role tenant_app.").Required();
  schema
      .Add("database.owner_url", &s.database_owner_url,
           "PostgreSQL as role tenant_owner; for migrations at start.")
      .Required();
  schema.Add("database.pool", &s.database_pool, "Connections kept open.").Range(1, 200);

  schema.Add("session.access_token_life", &s.access_token_life, "How long an access token lives.")
      .Range(1000, 3'600'000);
  schema.Add("session.life", &s.session_life, "How long a session lives after its last refresh.")
      .Range(60'000, 31'536'000'000.0);
  schema
      .Add("login.failures", &s.login_failures,
           "Failed sign-ins of an address before it is locked.")
      .Range(1, 1000);
  schema
      .Add("login.recovery", &s.login_recovery, "Time after which one failed sign-in is forgotten.")
      .Range(100, 86'400'000);
  schema
      .Add("password.threads", &s.password_threads,
           "Password hashes computed at once; each takes 19 MiB.")
      .Range(1, 64);
  schema.Add("password.queue", &s.password_queue, "Sign-ins that may wait for one.")
      .Range(0, 10'000);

  schema
      .Add("quota.requests_per_second", &s.quota_requests_per_second,
           "Default quota of a tenant: API cost units per second.")
      .Range(1, 1e9);
  schema.Add("quota.request_burst", &s.quota_request_burst, "Default quota: cost units saved up.")
      .Range(1, 1e9);
  schema
      .Add("quota.live_executions", &s.quota_live_executions,
           "Default quota: executions not over yet.")
      .Range(1, 1e9);
  schema
      .Add("quota.starts_per_second", &s.quota_starts_per_second,
           "Default quota: executions started per second.")
      .Range(1, 1e9);
  schema.Add("quota.workflows", &s.quota_workflows, "Default quota: workflows.").Range(1, 1e9);
  schema
      .Add("quota.running_executions", &s.quota_running_executions,
           "Default quota: executions under way at the same time; further ones are queued.")
      .Range(1, 1e9);
  schema
      .Add("quota.queued_executions", &s.quota_queued_executions,
           "Default quota: executions that wait to begin; further starts are refused.")
      .Range(1, 1e9);
  schema
      .Add("quota.weight", &s.quota_weight,
           "Default quota: a tenant's share of what all tenants use together, against the others'.")
      .Range(1, 10'000);

  schema.Add("erasure.services", &s.erasure_services,
             "Services that must say that they hold nothing of a deleted tenant before it is gone: "
             "all that the installation runs.");
  schema
      .Add("erasure.delay", &s.erasure_delay,
           "From a tenant's deletion until its data is erased; longer than credentials are cached.")
      .Range(0, 86'400'000);

  schema.Add("bootstrap.email", &s.bootstrap_email,
             "With --bootstrap: address of the first administrator "
             "(or AGENTFLOW_BOOTSTRAP_EMAIL).");
  schema.Add("bootstrap.password", &s.bootstrap_password,
             "With --bootstrap: the first administrator's password "
             "(or AGENTFLOW_BOOTSTRAP_PASSWORD).");
}

}  // namespace agentflow::tenant
