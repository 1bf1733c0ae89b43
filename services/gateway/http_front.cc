#include "services/gateway/http_front.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/contract/path_template.h"
#include "libs/http/problem.h"
#include "libs/obs/log.h"
#include "services/gateway/call_options.h"
#include "services/gateway/stream_bridge.h"
#include "services/gateway/transcoder.h"

namespace agentflow::gateway {
namespace {

constexpr char kRequestId[] = "X-Request-Id";

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

http::Response Problem(const absl::Status& status, const http::Request& request,
                       const std::string& request_id) {
  http::Response response = http::ProblemResponse(status, request.path, request_id);
  response.headers.Add(kRequestId, request_id);
  response.headers.Add("Cache-Control", "no-store");
  http::AddSecurityHeaders(response);
  return response;
}

bool Accepts(const http::Request& request, std::string_view type) {
  return request.headers.Get("accept").find(type) != std::string_view::npos;
}

}  // namespace

struct HttpFront::ApiCall {
  http::Request request;
  std::shared_ptr<http::Reply> reply;
  contract::RouteTable::Match match;
  Incoming incoming;
  runtime::Deadline deadline;
};

HttpFront::HttpFront(const MethodTable* methods, Chain* chain, Backends* backends,
                     Delivery* delivery, LiveStreams* live, const Clock* clock, Random* random,
                     HttpFrontOptions options)
    : methods_(methods),
      chain_(chain),
      backends_(backends),
      delivery_(delivery),
      live_(live),
      clock_(clock),
      random_(random),
      options_(std::move(options)) {}

void HttpFront::Handle(http::Request request, std::shared_ptr<http::Reply> reply) {
  if (request.path == "/v1/stream") return Stream(std::move(request), std::move(reply));
  if (request.path.starts_with("/v1/")) return Api(std::move(request), std::move(reply));
  if (Own(request, reply)) return;
  if (options_.canvas) {
    if (std::optional<http::Response> file = options_.canvas->Find(request)) {
      return reply->Send(*std::move(file));
    }
  }
  std::string id = Uuid::Make(*random_).ToString();
  reply->Send(Problem(NotFound("ROUTE_UNKNOWN", "there is nothing at " + request.path +
                                                    "; the API begins with /v1/"),
                      request, id));
}

// What the gateway answers by itself.
bool HttpFront::Own(const http::Request& request, const std::shared_ptr<http::Reply>& reply) {
  if (request.method != "GET" && request.method != "HEAD") return false;
  http::Response response;
  if (request.path == "/healthz") {
    response = http::TextResponse(200, "ok\n");
  } else if (request.path == "/readyz") {
    absl::Status status = options_.ready();
    response = status.ok() ? http::TextResponse(200, "ready\n")
                           : http::TextResponse(503, MessageOf(status) + "\n");
  } else if (request.path == "/metrics" && options_.metrics) {
    response = {200, {{"Content-Type", obs::Registry::kContentType}}, options_.metrics()};
  } else if (request.path == "/openapi.json") {
    response = http::JsonResponse(200, std::string(OpenApiJson()));
    AddCors(request, response);
  } else {
    return false;
  }
  response.headers.Add("Cache-Control", "no-cache");
  http::AddSecurityHeaders(response);
  reply->Send(std::move(response));
  return true;
}

Incoming HttpFront::IncomingOf(const http::Request& request, const Method* method,
                               std::string_view protocol) {
  Incoming incoming;
  incoming.method = method;
  incoming.credential = BearerOf(request.headers.Get("authorization"));
  incoming.remote_address = request.remote_address;
  std::string_view id = request.headers.Get(kRequestId);
  incoming.request_id = IsRequestId(id) ? std::string(id) : Uuid::Make(*random_).ToString();
  auto trace = obs::TraceContext::Parse(request.headers.Get("traceparent"));
  incoming.trace = trace ? trace->Child(*random_) : obs::TraceContext::Make(*random_);
  incoming.protocol = protocol;
  incoming.resource = request.path;
  incoming.begin = clock_->Monotonic();
  return incoming;
}

// "Request-Timeout: 2.5", in seconds.
absl::StatusOr<runtime::Deadline> HttpFront::DeadlineOf(const http::Request& request) const {
  std::string_view text = request.headers.Get("request-timeout");
  if (text.empty()) return runtime::Deadline::After(options_.default_timeout);
  double seconds = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
      !std::isfinite(seconds) || seconds <= 0) {
    return InvalidArgument("TIMEOUT_INVALID", "Request-Timeout",
                           "Request-Timeout must be seconds above 0, like 2.5");
  }
  double most = static_cast<double>(options_.max_timeout.count()) / 1000;
  auto time = std::chrono::duration<double>(std::min(seconds, most));
  return runtime::Deadline::After(std::chrono::duration_cast<std::chrono::nanoseconds>(time));
}

void HttpFront::Api(http::Request request, std::shared_ptr<http::Reply> reply) {
  auto call = std::make_shared<ApiCall>();
  call->incoming = IncomingOf(request, nullptr, "http");
  call->request = std::move(request);
  call->reply = std::move(reply);
  const http::Request& in = call->request;
  if (in.method == "OPTIONS" && !options_.cors_origins.empty()) {
    http::Response response{204, {}, ""};
    AddCors(in, response);
    return call->reply->Send(std::move(response));
  }
  auto match = methods_->routes().Find(in.method == "HEAD" ? "GET" : in.method, in.path);
  if (!match.ok()) {
    http::Response response = Problem(match.status(), in, call->incoming.request_id);
    AddCors(in, response);
    return call->reply->Send(std::move(response));
  }
  call->match = *std::move(match);
  call->incoming.method = &methods_->Of(*call->match.binding);
  auto deadline = DeadlineOf(in);
  if (!deadline.ok()) return Finish(call, deadline.status());
  call->deadline = *deadline;
  chain_->Admit(call->incoming, [this, call](absl::StatusOr<CallerPtr> caller) {
    if (!caller.ok()) return Finish(call, caller.status());
    Forward(call, *caller);
  });
}

void HttpFront::Forward(const std::shared_ptr<ApiCall>& call, const CallerPtr& caller) {
  const Method& method = *call->incoming.method;
  auto message = ToMessage(call->request, call->match, method);
  if (!message.ok()) return Finish(call, message.status());
  Delivery::Call delivery{.method = &method,
                          .tenant = caller->principal->tenant,
                          .message = *std::move(message),
                          .options = OptionsFor(call->incoming, *caller, call->deadline)};
  delivery.bytes = delivery.message->SerializeAsString();
  delivery_->Bring(std::move(delivery), [this, call](absl::StatusOr<std::string> bytes) {
    if (!bytes.ok()) return Finish(call, bytes.status());
    Finish(call, ToJsonText(*bytes, *call->match.binding, *call->incoming.method));
  });
}

void HttpFront::Finish(const std::shared_ptr<ApiCall>& call, absl::StatusOr<std::string> json) {
  chain_->Ended(call->incoming, json.status());
  http::Response response;
  if (json.ok()) {
    response = http::JsonResponse(200, *std::move(json));
    response.headers.Add(kRequestId, call->incoming.request_id);
    response.headers.Add("Cache-Control", "no-store");
    response.headers.Add("X-Content-Type-Options", "nosniff");
  } else {
    response = Problem(json.status(), call->request, call->incoming.request_id);
    if (response.status >= 500) {
      obs::Warn("call failed", {{"method", call->incoming.method->name},
                                {"reason", ReasonOf(json.status())},
                                {"request", call->incoming.request_id},
                                {"trace", call->incoming.trace.trace_id}});
    }
  }
  AddCors(call->request, response);
  call->reply->Send(std::move(response));
}

void HttpFront::Stream(http::Request request, std::shared_ptr<http::Reply> reply) {
  const Method* method = methods_->Find(kStreamMethod);
  Incoming incoming = IncomingOf(request, method, "stream");
  std::string_view subprotocols = request.headers.Get("sec-websocket-protocol");
  if (incoming.credential.empty()) incoming.credential = TokenOfSubprotocols(subprotocols);
  bool events =
      !request.websocket && request.method == "GET" && Accepts(request, "text/event-stream");
  if (method == nullptr || (!request.websocket && !events)) {
    return reply->Send(
        Problem(InvalidArgument("STREAM_EXPECTED", "",
                                "open a WebSocket here, or ask with Accept: text/event-stream"),
                request, incoming.request_id));
  }
  // A browser drops the connection unless one of its own subprotocols is chosen.
  std::string chosen =
      subprotocols.find("agentflow.v1") != std::string_view::npos ? "agentflow.v1" : "";
  chain_->Admit(incoming, [this, incoming, method, chosen, request = std::move(request),
                           reply = std::move(reply)](absl::StatusOr<CallerPtr> caller) {
    chain_->Ended(incoming, caller.status());
    if (!caller.ok()) {
      return reply->Send(Problem(caller.status(), request, incoming.request_id));
    }
    StreamCall call{method, *caller, backends_->For(*method, (*caller)->principal->tenant, nullptr),
                    OptionsFor(incoming, **caller, runtime::Deadline::Never()), live_};
    if (request.websocket) return OpenWebSocket(call, chosen, reply);
    std::string topic, position(request.headers.Get("last-event-id"));
    auto query = contract::ParseQuery(request.query);
    if (!query.ok()) return reply->Send(Problem(query.status(), request, incoming.request_id));
    for (const auto& [key, value] : *query) {
      if (key == "topic") topic = value;
      if (key == "position" && position.empty()) position = value;
    }
    OpenEventStream(call, topic, position, reply);
  });
}

void HttpFront::AddCors(const http::Request& request, http::Response& response) const {
  std::string_view origin = request.headers.Get("origin");
  if (std::find(options_.cors_origins.begin(), options_.cors_origins.end(), origin) ==
      options_.cors_origins.end()) {
    return;
  }
  response.headers.Add("Access-Control-Allow-Origin", std::string(origin));
  response.headers.Add("Vary", "Origin");
  response.headers.Add("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.Add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, X-Request-Id, Request-Timeout, traceparent");
  response.headers.Add("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
  response.headers.Add("Access-Control-Max-Age", "600");
}

}  // namespace agentflow::gateway
