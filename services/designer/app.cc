#include "services/designer/app.h"

#include <utility>

#include "libs/audit/shipping.h"
#include "libs/base/status.h"
#include "libs/erasure/tenant_eraser.h"
#include "libs/pg/guard.h"
#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"
#include "libs/tz/time_zones.h"
#include "libs/workflow/node_type.h"
#include "migrations/designer.h"
#include "services/designer/client/executions.h"
#include "services/designer/client/quotas.h"
#include "services/designer/rpc/expression_rpc.h"
#include "services/designer/rpc/node_type_rpc.h"
#include "services/designer/rpc/version_rpc.h"
#include "services/designer/rpc/workflow_rpc.h"

namespace agentflow::designer {

namespace {

pg::PoolOptions PoolOptionsFor(const crypto::Secret& url, int size, obs::Registry& metrics) {
  obs::HistogramFamily seconds = metrics.Histograms(
      "agentflow_designer_database_statement_seconds",
      "Time of database statements by name and outcome.", {"statement", "outcome"});
  return {.url = url.Reveal(),
          .name = "designer",
          .size = static_cast<size_t>(size),
          .observer = [seconds](const char* statement, int64_t micros, const absl::Status& s) {
            seconds.With({statement, s.ok() ? "ok" : "error"})
                .Observe(static_cast<double>(micros) / 1e6);
          }};
}

}  // namespace

struct DesignerService::Parts {
  Parts(pg::PoolOptions options, rpc::ServiceParts& parts, int workflow_limit,
        const ExpressionLimits& limits)
      : pool(std::move(options)),
        quotas(MakeTenantQuotas(parts.Peer("tenant"), parts.clock(), workflow_limit)),
        workflows({.pool = pool, .clock = parts.clock(), .quotas = *quotas}),
        node_types(pool),
        versions(pool),
        executions(
            MakeExecutorExecutions(parts.Peer("executor"), limits.data_bytes, limits.timeout)),
        contexts(limits.cache_bytes, &time_zones),
        expressions({.pool = pool,
                     .executions = *executions,
                     .contexts = contexts,
                     .time_zones = time_zones,
                     .limits = limits}),
        audit(pool, audit::SendToTenant(parts.Peer("tenant")), {}),
        eraser(pool, parts.Peer("tenant")) {}

  pg::Pool pool;
  std::unique_ptr<Quotas> quotas;
  WorkflowRpc workflows;
  NodeTypeRpc node_types;
  VersionRpc versions;
  tz::SystemTimeZones time_zones;
  std::unique_ptr<Executions> executions;
  ContextCache contexts;
  ExpressionRpc expressions;
  pg::AuditShipper audit;
  erasure::TenantEraser eraser;
};

DesignerService::DesignerService() = default;
DesignerService::~DesignerService() = default;

void DesignerService::Configure(config::Schema& schema) {
  schema.Add("database.url", &database_url_, "PostgreSQL, role designer_app.").Required();
  schema.Add("database.owner_url", &owner_url_, "PostgreSQL, role designer_owner; for migrations.")
      .Required();
  schema.Add("database.pool", &pool_size_, "Connections kept open.").Range(1, 200);
  schema.Add("workflows.limit", &workflow_limit_, "Workflows of a tenant whose quota is not set.")
      .Range(1, 1'000'000);
  ConfigureExpressions(schema);
}

void DesignerService::ConfigureExpressions(config::Schema& schema) {
  ExpressionLimits& limits = expressions_;
  schema.Add("expressions.bytes", &limits.bytes, "Of the text of one that is checked or tried out.")
      .Range(1, 64 * 1024);
  schema.Add("expressions.cost", &limits.cost, "Cost limit of trying one out.")
      .Range(1, 100'000'000);
  schema.Add("expressions.memory_bytes", &limits.memory_bytes, "Made by trying one out, at most.")
      .Range(1024, 1 << 30);
  schema.Add("expressions.result_bytes", &limits.result_bytes, "Of its value as JSON, at most.")
      .Range(1, 4 << 20);
  schema.Add("expressions.data_bytes", &limits.data_bytes, "It may read of an execution.")
      .Range(1, 8 << 20);
  schema.Add("expressions.timeout", &limits.timeout, "For reading an execution.").Range(1, 60'000);
  schema.Add("expressions.items", &limits.items, "Variables, and completions, in one answer.")
      .Range(1, 10'000);
  schema
      .Add("expressions.cache_bytes", &limits.cache_bytes,
           "Documents kept analysed while their expressions are edited.")
      .Range(0, 1 << 30);
}

absl::Status DesignerService::Start(rpc::ServiceParts& parts) {
  AF_RETURN_IF_ERROR(pg::Migrate(owner_url_.Reveal(), Migrations()));
  parts_ = std::make_unique<Parts>(PoolOptionsFor(database_url_, pool_size_, parts.metrics()),
                                   parts, workflow_limit_, expressions_);
  AF_RETURN_IF_ERROR(pg::CheckRowSecurity(parts_->pool, "designer"));
  parts.AddReadinessCheck("database", [this] { return parts_->pool.Ping(); });
  parts_->workflows.Register(parts.server());
  parts_->node_types.Register(parts.server());
  parts_->versions.Register(parts.server());
  parts_->expressions.Register(parts.server());
  return absl::OkStatus();
}

void DesignerService::Serving() {
  parts_->audit.Start();
  parts_->eraser.Start(erasure::kLookEvery);
}

void DesignerService::Stop() {
  if (parts_ == nullptr) return;
  parts_->eraser.Stop();
  parts_->audit.Stop();
}

}  // namespace agentflow::designer
