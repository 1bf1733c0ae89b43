#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/status.h"
#include "libs/pg/param.h"
#include "libs/pg/result.h"
#include "libs/pg/statement.h"

namespace agentflow::runtime {
class PeriodicTask;
}

// The request path to PostgreSQL: a bounded pool of connections under the role `<service>_app`,
// which owns nothing and cannot bypass row security.
namespace agentflow::pg {

// A transaction that holds a connection of the pool. Not thread-safe. Destroyed without Commit,
// it rolls back. After a statement failed, only rolling back is possible.
class Tx {
 public:
  Tx(Tx&&) noexcept;
  Tx& operator=(Tx&&) = delete;
  virtual ~Tx();

  // Runs a prepared statement: tx.Exec(kGetUser, id). Errors: see libs/pg/error.h.
  template <typename... Args>
  absl::StatusOr<Result> Exec(const Statement& statement, const Args&... args) {
    const Param params[] = {Param(args)..., Param(std::nullopt)};
    return Run(statement, {params, sizeof...(Args)});
  }
  absl::StatusOr<Result> Run(const Statement& statement, std::span<const Param> params);

  // A connection lost here is DATABASE_COMMIT_UNKNOWN.
  absl::Status Commit();

 protected:
  friend class Pool;
  struct Impl;
  explicit Tx(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// A transaction of one tenant: every statement sees and writes this tenant's rows only, whatever
// its WHERE says, because `app.tenant` is set for the transaction and the policies read it.
class TenantTx final : public Tx {
 public:
  const std::string& tenant() const { return tenant_; }
  // Its commit is told to the pool's OnAudit.
  void CarriesAudit();

 private:
  friend class Pool;
  TenantTx(std::shared_ptr<Impl> impl, std::string tenant)
      : Tx(std::move(impl)), tenant_(std::move(tenant)) {}
  std::string tenant_;
};

// A transaction without a tenant: touching a tenant table is an error. It is for calls of
// SECURITY DEFINER functions owned by `<service>_system`: look-ups before the tenant is known,
// and jobs over all tenants.
class SystemTx final : public Tx {
 private:
  friend class Pool;
  using Tx::Tx;
};

struct PoolOptions {
  std::string url;                 // postgresql://tenant_app@host/agentflow
  std::string name = "agentflow";  // application_name
  size_t size = 8;                 // connections, opened when needed
  int acquire_timeout_ms = 2'000;  // then RESOURCE_EXHAUSTED, reason DATABASE_POOL_EXHAUSTED
  int statement_timeout_ms = 10'000;  // the server's; 0: none
  // A server that says nothing for this long beyond the statement's time is gone: the connection
  // is given up, and with it all idle ones. What begins a transaction has this time alone.
  int silence_ms = 5'000;
  int connect_timeout_ms = 3'000;
  // Told after every statement: name, duration and outcome. For metrics; must be thread-safe.
  std::function<void(const char* statement, int64_t micros, const absl::Status&)> observer;
};

// Thread-safe. Connections are opened when needed. One that broke is dropped; while the server is
// away, new attempts are spaced by a back-off (25 ms, then 50 ms), one at a time: whoever comes in
// between waits for the next one at most, and is then answered DATABASE_UNAVAILABLE. So callers
// fail fast, nobody storms the server, and all go on as soon as it is back.
class Pool {
 public:
  explicit Pool(PoolOptions options);
  ~Pool();  // all transactions must be over

  absl::StatusOr<TenantTx> Begin(std::string_view tenant);
  absl::StatusOr<SystemTx> BeginSystem();

  // `told` is called after every commit, also an unclear one, of a transaction that carries an
  // audit record; null ends it. It must not block.
  void OnAudit(std::function<void()> told);

  // Another connection to the server was found dead: the idle ones may be as well and are not used
  // any more, and those that have waited for an answer for a while are given up.
  void Distrust();

  // OK when a connection answers. For readiness.
  absl::Status Ping();

  // Runs `body(TenantTx&) -> absl::Status` and commits where it says OK. A conflict with another
  // transaction (DATABASE_CONFLICT), and a connection found broken before anything ran, starts
  // over, at most three times; so `body` must be repeatable: no effects but its statements.
  absl::Status InTenant(std::string_view tenant,
                        const std::function<absl::Status(TenantTx&)>& body);
  absl::Status InSystem(const std::function<absl::Status(SystemTx&)>& body);

 private:
  friend class Tx;
  struct State;
  absl::StatusOr<std::shared_ptr<Tx::Impl>> Start(const std::string* tenant);
  std::shared_ptr<State> state_;
  std::unique_ptr<runtime::PeriodicTask> watch_;
};

}  // namespace agentflow::pg
