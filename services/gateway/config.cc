#include "services/gateway/config.h"

namespace agentflow::gateway {

void Settings::Declare(config::Schema& schema) {
  schema.Add("http_listen", &http_listen,
             "Address of the public HTTP port (REST, stream, canvas).");
  schema.Add("http_threads", &http_threads, "Threads of the HTTP port.").Range(1, 64);
  schema.Add("http_max_body_bytes", &http_max_body_bytes, "Largest request body.")
      .Range(1024, 64 << 20);
  schema.Add("allow_plain", &allow_plain,
             "Serve the public ports without TLS on other addresses than loopback: only behind "
             "something that ends TLS.");
  schema.Add("cors_origins", &cors_origins,
             "Origins whose pages may call the API from a browser; none by default.");
  schema.Add("canvas.dir", &canvas_dir, "Folder of the built canvas; empty: no canvas is served.");
  schema
      .Add("context_signing_key", &context_signing_key,
           "File with the private key (PEM, P-256) that signs user contexts.")
      .Required();
  schema.Add("redis.url", &redis_url,
             "Redis for rate limits shared by several gateways; empty: each counts by itself.");
  schema.Add("timeout.default", &default_timeout, "Time for a call that names none.")
      .Range(100, 600'000);
  schema.Add("timeout.max", &max_timeout, "Longest time a call may ask for.").Range(100, 600'000);
  schema
      .Add("delivery.patience", &delivery_patience,
           "How long a call that nobody can answer now (a lane is handed over, a service is gone) "
           "is tried again before it is refused with Retry-After.")
      .Range(0, 30'000);
  schema
      .Add("delivery.ask_another", &delivery_ask_another,
           "A read, or a request with a request id, that is not answered for this long is asked "
           "of another executor too.")
      .Range(20, 60'000);
  schema.Add("cache.tokens", &token_cache, "How long an access token's check is believed.")
      .Range(0, 30'000);
  schema.Add("cache.keys", &key_cache, "How long an API key's check is believed.").Range(0, 10'000);
  schema
      .Add("rate.tenant", &tenant_rate,
           "Cost units a second of a tenant without a quota of its own.")
      .Range(1, 1'000'000);
  schema.Add("rate.tenant_burst", &tenant_burst, "How many of them may be saved up.")
      .Range(1, 1'000'000);
  schema
      .Add("rate.address", &address_rate,
           "Cost units a second of one address that is not signed in; a sign-in costs 10.")
      .Range(1, 1'000'000);
  schema.Add("rate.address_burst", &address_burst, "How many of them may be saved up.")
      .Range(1, 1'000'000);
}

}  // namespace agentflow::gateway
