#include "services/gateway/app.h"

#include <fstream>
#include <sstream>

#include "libs/base/status.h"
#include "libs/crypto/random.h"
#include "libs/obs/log.h"
#include "libs/runtime/periodic.h"
#include "services/gateway/client/lane_client.h"
#include "services/gateway/client/redis_tokens.h"
#include "services/gateway/client/tenant_client.h"
#include "services/gateway/config.h"
#include "services/gateway/grpc_front.h"
#include "services/gateway/http_front.h"

namespace agentflow::gateway {
namespace {

const std::vector<std::string>& BackendNames() {
  static const std::vector<std::string> names = {"tenant",    "designer",    "executor",
                                                 "scheduler", "coordinator", "monitor"};
  return names;
}

absl::StatusOr<crypto::SigningKey> ReadKey(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  absl::StatusOr<crypto::SigningKey> key = crypto::SigningKey::FromPem(text.str());
  if (!key.ok()) return Annotate(key.status(), "context_signing_key " + path + ": ");
  return key;
}

bool IsLoopback(std::string_view listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:");
}

}  // namespace

// Declared in the order of dependence: what is used is destroyed after its users.
struct GatewayService::Parts {
  Settings settings;
  crypto::SecureRandom random;
  std::unique_ptr<MethodTable> methods;
  std::unique_ptr<Backends> backends;
  std::unique_ptr<Delivery> delivery;
  std::unique_ptr<auth::ContextMinter> minter;
  std::unique_ptr<TenantIdentitySource> identities;
  std::unique_ptr<Authenticator> authenticator;
  std::unique_ptr<LocalRateLimiter> local_limiter;
  std::unique_ptr<RedisTokenStore> tokens;
  std::unique_ptr<SharedRateLimiter> shared_limiter;
  std::unique_ptr<runtime::PeriodicTask> refill;
  std::unique_ptr<RefusalLog> refusals;
  std::unique_ptr<Chain> chain;
  LiveStreams live;
  std::unique_ptr<GrpcFront> grpc;
  std::unique_ptr<HttpFront> http;
  std::unique_ptr<http::Server> http_server;
  std::shared_ptr<void> revocations;
  std::vector<std::shared_ptr<void>> lanes;  // one watch an executor
  std::unique_ptr<runtime::PeriodicTask> every_second;
};

GatewayService::GatewayService() : parts_(std::make_unique<Parts>()) {}
GatewayService::~GatewayService() = default;

std::vector<std::string> GatewayService::Peers() const {
  return BackendNames();
}

void GatewayService::Configure(config::Schema& schema) {
  parts_->settings.Declare(schema);
}

void GatewayService::ConfigureServer(rpc::ServerOptions& options) {
  options.tls = nullptr;  // callers from outside have no certificate of ours
  options.allow_plain = parts_->settings.allow_plain;
  auto methods = MethodTable::Build(BackendNames());
  if (methods.ok()) options.reflected_services = (*methods)->services();
}

absl::Status GatewayService::Start(rpc::ServiceParts& parts) {
  Parts& p = *parts_;
  const Settings& settings = p.settings;
  if (!IsLoopback(settings.http_listen) && !settings.allow_plain) {
    return InvalidArgument("LISTEN_INVALID", "http_listen",
                           settings.http_listen +
                               " is reachable from outside without TLS: put a proxy with TLS "
                               "before it and set allow_plain, or listen on 127.0.0.1");
  }
  AF_ASSIGN_OR_RETURN(p.methods, MethodTable::Build(BackendNames()));
  AF_ASSIGN_OR_RETURN(crypto::SigningKey key, ReadKey(settings.context_signing_key));

  std::map<std::string, rpc::ChannelPtr> channels;
  for (const std::string& name : BackendNames()) channels[name] = parts.Peer(name);
  rpc::ChannelPtr tenant = channels.at("tenant");
  const std::vector<std::string> executors = parts.PeerAddresses("executor");
  p.backends = std::make_unique<Backends>(
      std::move(channels), executors,
      [&parts](const std::string& at) { return parts.PeerAt("executor", at); });
  p.delivery = std::make_unique<Delivery>(
      p.backends.get(), DeliveryOptions{.patience = settings.delivery_patience,
                                        .ask_another = settings.delivery_ask_another});
  p.minter = std::make_unique<auth::ContextMinter>(std::move(key), &parts.clock());
  p.identities = std::make_unique<TenantIdentitySource>(tenant);
  AuthenticatorOptions caches;
  caches.token_cache_micros = settings.token_cache.count() * 1000;
  caches.key_cache_micros = settings.key_cache.count() * 1000;
  p.authenticator =
      std::make_unique<Authenticator>(p.identities.get(), p.minter.get(), &parts.clock(), caches);
  p.local_limiter = std::make_unique<LocalRateLimiter>(&parts.clock());
  RateLimiter* limiter = p.local_limiter.get();
  if (!settings.redis_url.empty()) {
    p.tokens = std::make_unique<RedisTokenStore>(settings.redis_url.Reveal());
    p.shared_limiter = std::make_unique<SharedRateLimiter>(
        p.tokens.get(), p.local_limiter.get(), &parts.clock(), [&p] { p.refill->Poke(); });
    p.refill = std::make_unique<runtime::PeriodicTask>("rate limits", std::chrono::seconds(1),
                                                       [&p] { p.shared_limiter->Refill(); });
    limiter = p.shared_limiter.get();
  }
  p.refusals = std::make_unique<RefusalLog>(SendRefusals(tenant), &parts.clock(), &p.random);
  p.chain = std::make_unique<Chain>(p.authenticator.get(), limiter, p.refusals.get(),
                                    &parts.metrics(), &parts.clock(),
                                    ChainOptions{{settings.tenant_rate, settings.tenant_burst},
                                                 {settings.address_rate, settings.address_burst}});

  p.grpc =
      std::make_unique<GrpcFront>(p.methods.get(), p.chain.get(), p.backends.get(),
                                  p.delivery.get(), &p.live, &parts.clock(),
                                  settings.default_timeout, settings.max_timeout);
  parts.server().Fallback(
      [&p](rpc::CallPtr call, std::optional<std::string> first, rpc::Server::ForwardDone done) {
        p.grpc->Decide(std::move(call), std::move(first), std::move(done));
      });

  HttpFrontOptions http;
  http.default_timeout = settings.default_timeout;
  http.max_timeout = settings.max_timeout;
  http.cors_origins = settings.cors_origins;
  http.metrics = [&parts] { return parts.metrics().Text(); };
  auto ready = [&p]() -> absl::Status {
    std::string missing;
    for (const std::string& name : p.backends->Unreachable()) {
      missing += (missing.empty() ? "" : ", ") + name;
    }
    if (missing.empty()) return absl::OkStatus();
    return Unavailable("BACKENDS_MISSING", "no connection to " + missing);
  };
  http.ready = ready;
  parts.AddReadinessCheck("backends", ready);
  if (!settings.canvas_dir.empty()) {
    // The API must not be down because the canvas was not built.
    absl::StatusOr<http::StaticFiles> canvas = http::StaticFiles::Load(settings.canvas_dir);
    if (canvas.ok()) {
      http.canvas = *std::move(canvas);
    } else {
      obs::Warn("the canvas is not served", {{"reason", MessageOf(canvas.status())}});
    }
  }
  p.http = std::make_unique<HttpFront>(p.methods.get(), p.chain.get(), p.backends.get(),
                                       p.delivery.get(), &p.live, &parts.clock(), &p.random,
                                       std::move(http));
  http::ServerOptions server;
  server.listen = settings.http_listen;
  server.threads = settings.http_threads;
  server.max_body_bytes = static_cast<size_t>(settings.http_max_body_bytes);
  AF_ASSIGN_OR_RETURN(
      p.http_server,
      http::Server::Start(server, [&p](http::Request request, std::shared_ptr<http::Reply> reply) {
        p.http->Handle(std::move(request), std::move(reply));
      }));
  obs::Info("http serves", {{"port", p.http_server->port()}, {"methods", p.methods->size()}});

  p.revocations = WatchRevocations(
      tenant,
      [&p](const std::string& of, const std::string& principal) {
        p.authenticator->Forget(of, principal);
        p.live.EndOf(of, principal);
      },
      [&p] { p.authenticator->ForgetAll(); });
  // Each of them is listened to: one that stopped would leave this gateway with an old map.
  for (size_t i = 0; executors.size() > 1 && i < executors.size(); ++i) {
    p.lanes.push_back(WatchLanes(parts.PeerAt("executor", executors[i]),
                                 [&p, i](std::vector<std::string> addresses) {
                                   p.backends->SetLanes(i, std::move(addresses));
                                 }));
  }
  const Clock* clock = &parts.clock();
  p.every_second =
      std::make_unique<runtime::PeriodicTask>("gateway", std::chrono::seconds(1), [&p, clock] {
        p.refusals->Flush();
        p.live.Tick(clock->Now());
      });
  return absl::OkStatus();
}

void GatewayService::Serving() {}

void GatewayService::Drain() {
  // Workers and browsers find another gateway, or this one again; waiting for them would be vain.
  parts_->live.EndAll(Unavailable("GATEWAY_STOPPING", "the gateway is going away: connect again"));
  if (parts_->http_server != nullptr) parts_->http_server->Drain(std::chrono::seconds(5));
}

void GatewayService::Stop() {
  Parts& p = *parts_;
  p.http_server.reset();
  p.every_second.reset();
  p.refill.reset();
  p.lanes.clear();
  p.revocations.reset();
  if (p.refusals != nullptr) p.refusals->Flush();
}

int GatewayService::http_port() const {
  return parts_->http_server->port();
}

}  // namespace agentflow::gateway
