#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/http/server.h"
#include "libs/http/static_files.h"
#include "services/gateway/backends.h"
#include "services/gateway/chain.h"
#include "services/gateway/delivery.h"
#include "services/gateway/live_streams.h"
#include "services/gateway/method_table.h"

namespace agentflow::gateway {

struct HttpFrontOptions {
  std::chrono::milliseconds default_timeout{30'000};
  std::chrono::milliseconds max_timeout{60'000};
  std::vector<std::string> cors_origins;
  std::optional<http::StaticFiles> canvas;
  std::function<absl::Status()> ready = [] { return absl::OkStatus(); };
  std::function<std::string()> metrics;  // text exposition format
};

// The public HTTP port: REST by the routes of the protos, the stream, the canvas, and
// /openapi.json, /healthz, /readyz, /metrics. Never blocks.
class HttpFront {
 public:
  // All must outlive the HTTP server.
  HttpFront(const MethodTable* methods, Chain* chain, Backends* backends, Delivery* delivery,
            LiveStreams* live, const Clock* clock, Random* random, HttpFrontOptions options);

  void Handle(http::Request request, std::shared_ptr<http::Reply> reply);

 private:
  struct ApiCall;

  bool Own(const http::Request& request, const std::shared_ptr<http::Reply>& reply);
  void Api(http::Request request, std::shared_ptr<http::Reply> reply);
  void Stream(http::Request request, std::shared_ptr<http::Reply> reply);
  void Forward(const std::shared_ptr<ApiCall>& call, const CallerPtr& caller);
  void Finish(const std::shared_ptr<ApiCall>& call, absl::StatusOr<std::string> json);
  Incoming IncomingOf(const http::Request& request, const Method* method,
                      std::string_view protocol);
  absl::StatusOr<runtime::Deadline> DeadlineOf(const http::Request& request) const;
  void AddCors(const http::Request& request, http::Response& response) const;

  const MethodTable* const methods_;
  Chain* const chain_;
  Backends* const backends_;
  Delivery* const delivery_;
  LiveStreams* const live_;
  const Clock* const clock_;
  Random* const random_;
  const HttpFrontOptions options_;
};

// The API description that was made from the same protos as this program.
std::string_view OpenApiJson();

}  // namespace agentflow::gateway
