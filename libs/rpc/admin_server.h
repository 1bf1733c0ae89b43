#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/obs/metrics.h"

namespace agentflow::rpc {

// A tiny HTTP/1.1 server for probes: GET /healthz (the process runs), /readyz (200, or 503 with
// what is missing, one line each) and /metrics. No TLS, one thread; not for users.
class AdminServer {
 public:
  struct Options {
    // "host:port"; port 0 takes a free one.
    std::string listen = "127.0.0.1:0";
    const obs::Registry* metrics = nullptr;
    // OK, or why this process should get no calls now. Thread-safe.
    std::function<absl::Status()> ready;
  };

  // UNAVAILABLE, reason LISTEN_FAILED.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(Options options);
  ~AdminServer();

  int port() const;

 private:
  struct Rep;
  explicit AdminServer(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace agentflow::rpc
