#include "libs/rpc/service.h"

#include <grpc/support/log.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "libs/base/status.h"
#include "libs/crypto/jws.h"
#include "libs/obs/log.h"
#include "libs/rpc/admin_server.h"
#include "libs/runtime/signals.h"

namespace agentflow::rpc {
namespace {

absl::Status Starting() {
  return Unavailable("STARTING", "starting");
}

// gRPC's own messages become lines of our log.
void TakeOverGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* entry) {
    if (entry->severity != GPR_LOG_SEVERITY_ERROR) return;
    obs::Warn("grpc", {{"detail", std::string_view(entry->message).substr(0, 400)}});
  });
}

absl::StatusOr<std::shared_ptr<auth::ContextVerifier>> LoadVerifier(
    const std::vector<std::string>& paths, const Clock* clock) {
  std::vector<crypto::VerifyingKey> keys;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream pem;
    pem << in.rdbuf();
    absl::StatusOr<crypto::VerifyingKey> key = crypto::VerifyingKey::FromPem(pem.str());
    if (!in.good() || !key.ok()) {
      return InvalidArgument("CONFIG_INVALID", "context_keys",
                             "context_keys: " + path + " holds no public key on P-256");
    }
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return nullptr;
  return std::make_shared<auth::ContextVerifier>(std::move(keys), clock);
}

}  // namespace

// One service with all that is around it, from settings to the end.
struct RunningService::Rep final : public ServiceParts {
  Rep(std::string_view service_name, Service& the_service)
      : name(service_name), service(the_service), schema(name) {
    settings.listen = "127.0.0.1:0";
    schema.Add("listen", &settings.listen, "Address of the gRPC server, host:port.");
    schema.Add("admin_listen", &settings.admin_listen,
               "Address of /healthz, /readyz and /metrics; empty: not served.");
    schema.Add("tls.ca", &settings.tls.ca, "Certificate of the authority of all services (PEM).");
    schema.Add("tls.cert", &settings.tls.cert, "This service's certificate chain (PEM).");
    schema.Add("tls.key", &settings.tls.key, "This service's private key (PEM).");
    schema.Add("context_keys", &settings.context_keys,
               "Files with the gateway's public keys (PEM), several while they are exchanged.");
    schema.Add("log.level", &settings.log_level, "Least severity that is logged.")
        .OneOf({"debug", "info", "warn", "error", "off"});
    schema.Add("log.format", &settings.log_format, "JSON lines, or text for people.")
        .OneOf({"json", "text"});
    schema.Add("drain.timeout", &settings.drain, "How long calls may take to finish at the end.")
        .Range(0, 600000);
    schema
        .Add("drain.delay", &settings.drain_delay,
             "Wait between \"not ready\" and the end of serving, for load balancers to see it.")
        .Range(0, 60000);
    schema.Add("rpc.threads", &settings.rpc_threads, "Threads for calls that block.").Range(1, 256);
    schema.Add("rpc.queue", &settings.rpc_queue, "Calls that may wait for a thread.")
        .Range(1, 100000);
    schema
        .Add("rpc.keepalive", &settings.keepalive,
             "A connection to another service that is silent for so long is asked for an answer, "
             "and given up when none comes for as long again.")
        .Range(600, 600'000);
    for (const std::string& peer : service.Peers()) {
      schema
          .Add("peers." + peer, &peers[peer],
               "Addresses of the service " + peer + ", host:port, several with commas.")
          .Required();
    }
    service.Configure(schema);
  }

  Server& server() override { return *rpc_server; }
  obs::Registry& metrics() override { return registry; }
  const Clock& clock() override { return system_clock; }
  TlsPtr tls() override { return identity; }
  const CommonSettings& common() override { return settings; }

  ChannelPtr Peer(std::string_view peer) override {
    auto addresses = peers.find(peer);
    AF_CHECK(addresses != peers.end());
    return Connect(addresses->first, addresses->second);
  }
  std::vector<std::string> PeerAddresses(std::string_view peer) override {
    auto addresses = peers.find(peer);
    return addresses == peers.end() ? std::vector<std::string>() : addresses->second;
  }
  ChannelPtr PeerAt(std::string_view peer, const std::string& address) override {
    return Connect(std::string(peer), {address});
  }
  void AddReadinessCheck(std::string check_name, std::function<absl::Status()> check) override {
    std::lock_guard lock(mutex);
    checks.emplace_back(std::move(check_name), std::move(check));
  }
  void RequestShutdown(std::string_view why) override {
    obs::Error("shutdown requested", {{"why", why}});
    shutdown_requested = true;
    if (on_shutdown_request) on_shutdown_request();
  }

  // All channels of this process to one set of addresses are one.
  ChannelPtr Connect(const std::string& peer, const std::vector<std::string>& addresses) {
    std::string key = peer;
    for (const std::string& address : addresses) key += ' ' + address;
    std::lock_guard lock(mutex);
    ChannelPtr& channel = channels[key];
    if (channel == nullptr) {
      ChannelOptions options;
      options.service = peer;
      options.addresses = addresses;
      options.tls = identity;
      // Services of one installation are few and near: one that comes back is wanted soon.
      options.reconnect_most = std::chrono::milliseconds(500);
      options.keepalive = settings.keepalive;
      options.keepalive_timeout = settings.keepalive;
      absl::StatusOr<ChannelPtr> made = Channel::Make(options);
      AF_CHECK(made.ok());
      channel = *std::move(made);
    }
    return channel;
  }

  absl::Status Ready() {
    if (phase == Phase::kStarting) return Starting();
    if (phase == Phase::kDraining) return Unavailable("DRAINING", "draining");
    std::lock_guard lock(mutex);
    std::string missing;
    for (const auto& [check_name, check] : checks) {
      absl::Status status = check();
      if (status.ok()) continue;
      missing += (missing.empty() ? "" : "\n") + check_name + ": " + MessageOf(status);
    }
    return missing.empty() ? absl::OkStatus() : Unavailable("NOT_READY", missing);
  }

  absl::Status StartParts() {
    if (!settings.tls.ca.empty() || !settings.tls.cert.empty() || !settings.tls.key.empty()) {
      AF_ASSIGN_OR_RETURN(identity, Tls::Load(settings.tls));
    }
    ServerOptions options;
    options.service = name;
    options.listen = settings.listen;
    options.tls = identity;
    AF_ASSIGN_OR_RETURN(options.contexts, LoadVerifier(settings.context_keys, &system_clock));
    options.metrics = &registry;
    options.threads = settings.rpc_threads;
    options.queue_limit = static_cast<size_t>(settings.rpc_queue);
    service.ConfigureServer(options);
    rpc_server = std::make_unique<Server>(std::move(options));
    if (!settings.admin_listen.empty()) {
      AF_ASSIGN_OR_RETURN(admin, AdminServer::Start({.listen = settings.admin_listen,
                                                     .metrics = &registry,
                                                     .ready = [this] { return Ready(); }}));
    }
    service_started = true;
    AF_RETURN_IF_ERROR(service.Start(*this));
    AF_RETURN_IF_ERROR(rpc_server->Start());
    service.Serving();
    phase = Phase::kServing;
    obs::Info("serving", {{"listen", settings.listen}, {"port", rpc_server->port()}});
    return absl::OkStatus();
  }

  void StopParts() {
    bool was_serving = phase.exchange(Phase::kDraining) == Phase::kServing;
    if (was_serving) {
      obs::Info("draining", {{"calls", rpc_server->in_flight()}});
      rpc_server->SetServing(false);
      std::this_thread::sleep_for(settings.drain_delay);
      service.Drain();
    }
    if (rpc_server != nullptr) rpc_server->Drain(settings.drain);
    if (service_started) service.Stop();
    admin.reset();
    if (was_serving) obs::Info("stopped");
  }

  enum class Phase { kStarting, kServing, kDraining };

  const std::string name;
  Service& service;
  CommonSettings settings;
  std::map<std::string, std::vector<std::string>, std::less<>> peers;
  config::Schema schema;
  SystemClock system_clock;
  obs::Registry registry;
  TlsPtr identity;
  std::mutex mutex;
  std::map<std::string, ChannelPtr> channels;
  std::vector<std::pair<std::string, std::function<absl::Status()>>> checks;
  std::unique_ptr<Server> rpc_server;
  std::unique_ptr<AdminServer> admin;
  std::atomic<Phase> phase{Phase::kStarting};
  std::atomic<bool> shutdown_requested{false};
  std::function<void()> on_shutdown_request;
  bool service_started = false;
};

RunningService::RunningService(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

RunningService::~RunningService() {
  rep_->StopParts();
}

absl::StatusOr<std::unique_ptr<RunningService>> RunningService::Start(
    std::string_view name, Service& service, std::string_view yaml,
    const config::Environment& environment) {
  auto rep = std::make_unique<Rep>(name, service);
  AF_RETURN_IF_ERROR(rep->schema.LoadText(yaml, "settings", environment));
  absl::Status status = rep->StartParts();
  if (!status.ok()) {
    rep->StopParts();
    return status;
  }
  return std::unique_ptr<RunningService>(new RunningService(std::move(rep)));
}

int RunningService::port() const {
  return rep_->rpc_server->port();
}
int RunningService::admin_port() const {
  return rep_->admin == nullptr ? 0 : rep_->admin->port();
}

namespace {

constexpr int kUsageError = 2;
// For handing over, and for threads to end, besides the time that calls have.
constexpr std::chrono::seconds kStopTime{15};

// A handler that ignores its deadline must not keep the process for ever.
void EndByForceAfter(std::chrono::milliseconds time) {
  std::thread([time] {
    std::this_thread::sleep_for(time);
    obs::Error("ended by force: a call or a thread did not end", {{"after_ms", time.count()}});
    std::_Exit(1);
  }).detach();
}

struct CommandLine {
  std::string config;
  bool print_settings = false;
  bool help = false;
  bool wrong = false;
};

CommandLine ParseCommandLine(int argc, char** argv) {
  CommandLine out;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--config" && i + 1 < argc) {
      out.config = argv[++i];
    } else if (argument.starts_with("--config=")) {
      out.config = argument.substr(9);
    } else if (argument == "--print-settings") {
      out.print_settings = true;
    } else if (argument == "--help" || argument == "-h") {
      out.help = true;
    } else {
      std::fprintf(stderr, "unknown argument \"%s\"\n", argv[i]);
      out.wrong = true;
    }
  }
  return out;
}

void PrintUsage(std::FILE* out, const std::string& name) {
  std::fprintf(out,
               "agentflow-%s [--config FILE.yaml] [--print-settings] [--help]\n"
               "  --config FILE     settings; the environment overrides them\n"
               "  --print-settings  a Markdown table of all settings\n",
               name.c_str());
}

}  // namespace

int ServiceMain(std::string_view name, Service& service, int argc, char** argv) {
  // The search for lock cycles at every wait is for tests; it costs a service 6 % of its time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  runtime::ShutdownSignal signal;
  RunningService::Rep rep(name, service);
  CommandLine line = ParseCommandLine(argc, argv);
  if (line.wrong || line.help) {
    PrintUsage(line.wrong ? stderr : stdout, rep.name);
    return line.wrong ? kUsageError : 0;
  }
  if (line.print_settings) {
    std::fputs(rep.schema.Markdown().c_str(), stdout);
    return 0;
  }
  absl::Status status = rep.schema.Load(line.config, config::ProcessEnvironment());
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", MessageOf(status).c_str());
    return kUsageError;
  }
  obs::InitLogging({.service = rep.name,
                    .level = obs::LevelFromName(rep.settings.log_level),
                    .json = rep.settings.log_format == "json"});
  TakeOverGrpcLog();
  if (std::optional<int> exit_code = service.RunInstead()) return *exit_code;
  rep.on_shutdown_request = [&signal] { signal.Raise(); };
  status = rep.StartParts();
  if (status.ok()) {
    int number = signal.Wait();
    obs::Info("ending", {{"signal", number}});
  } else {
    obs::Error("cannot start", {{"reason", ReasonOf(status)}, {"error", MessageOf(status)}});
  }
  EndByForceAfter(rep.settings.drain + rep.settings.drain_delay + kStopTime);
  rep.StopParts();
  return status.ok() && !rep.shutdown_requested ? 0 : 1;
}

}  // namespace agentflow::rpc
