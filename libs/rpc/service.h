#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/auth/user_context.h"
#include "libs/base/clock.h"
#include "libs/config/schema.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/tls.h"

// The skeleton that all services share; README.md has a complete example.
namespace agentflow::rpc {

// Settings that every service has; see ServiceMain.
struct CommonSettings {
  std::string listen;
  std::string admin_listen;
  TlsFiles tls;
  std::vector<std::string> context_keys;
  std::string log_level = "info";
  std::string log_format = "json";
  std::chrono::milliseconds drain{10000};
  std::chrono::milliseconds drain_delay{0};
  int rpc_threads = 8;
  int rpc_queue = 512;
  std::chrono::milliseconds keepalive{750};
};

// What the skeleton has made by the time the service's own parts are built.
class ServiceParts {
 public:
  virtual ~ServiceParts() = default;

  virtual Server& server() = 0;
  virtual obs::Registry& metrics() = 0;
  virtual const Clock& clock() = 0;
  // Null under plain text (no tls.* given).
  virtual TlsPtr tls() = 0;
  virtual const CommonSettings& common() = 0;
  // The channel to a service named by Service::Peers, made at first use.
  virtual ChannelPtr Peer(std::string_view service) = 0;
  // The addresses of `peers.<service>`, and a channel to one instance alone ("host:port", also one
  // learnt later), for those who must reach a certain instance: the owner of a lane.
  virtual std::vector<std::string> PeerAddresses(std::string_view service) = 0;
  virtual ChannelPtr PeerAt(std::string_view service, const std::string& address) = 0;
  // Called for each /readyz; must answer at once. Not ready while any check fails.
  virtual void AddReadinessCheck(std::string name, std::function<absl::Status()> check) = 0;
  // Ends the service as SIGTERM would, for a broken part that cannot be repaired.
  virtual void RequestShutdown(std::string_view why) = 0;
};

// One service. ServiceMain calls the functions in the order written here, on the main thread.
class Service {
 public:
  virtual ~Service() = default;

  // Services it calls: each gets a setting `peers.<name>`, required.
  virtual std::vector<std::string> Peers() const { return {}; }
  // Adds its own settings; targets are members of the service.
  virtual void Configure(config::Schema& schema) {}
  // A task to do instead of serving, with settings read and nothing listening: its exit code.
  // nullopt: serve. Only ServiceMain asks.
  virtual std::optional<int> RunInstead() { return std::nullopt; }
  // Last say about the server (plain port, audit hook, ...).
  virtual void ConfigureServer(ServerOptions& options) {}
  // Connects, migrates, builds its parts, registers its methods. The server starts serving after
  // it returned OK; an error ends the process with the message.
  virtual absl::Status Start(ServiceParts& parts) = 0;
  // The server serves: start what calls others or works by itself.
  virtual void Serving() {}
  // Not ready any more but still serving: hand over lanes and leases, end streams.
  virtual void Drain() {}
  // No call runs any more: join threads. Called after a Start that failed half-way, too.
  virtual void Stop() {}
};

// Everything around a service: `--config FILE`, `--print-settings` (Markdown for the docs),
// `--help`; settings, logs, TLS, user contexts, admin server, signals. On SIGTERM: not ready,
// Drain, finish calls within `drain.timeout`, Stop, exit 0. Exit 1 after an error at start, 2 for
// a wrong command line or setting.
int ServiceMain(std::string_view name, Service& service, int argc, char** argv);

// The same for tests: runs `service`, which must outlive it, with settings from YAML text until
// destroyed. Logs and signals are left alone.
class RunningService {
 public:
  static absl::StatusOr<std::unique_ptr<RunningService>> Start(
      std::string_view name, Service& service, std::string_view yaml,
      const config::Environment& environment = {});
  ~RunningService();

  int port() const;
  int admin_port() const;

 private:
  friend int ServiceMain(std::string_view, Service&, int, char**);
  struct Rep;
  explicit RunningService(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::rpc
