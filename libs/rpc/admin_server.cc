#include "libs/rpc/admin_server.h"

#include <civetweb.h>

#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"

namespace agentflow::rpc {
namespace {

void Respond(mg_connection* connection, int code, const char* phrase, const char* type,
             const std::string& body) {
  mg_printf(connection,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            code, phrase, type, body.size());
  if (std::strcmp(mg_get_request_info(connection)->request_method, "HEAD") != 0) {
    mg_write(connection, body.data(), body.size());
  }
}

constexpr char kText[] = "text/plain; charset=utf-8";

// civetweb resolves no names.
std::string NumericAddress(const std::string& listen) {
  constexpr std::string_view kLocal = "localhost:";
  if (listen.starts_with(kLocal)) return "127.0.0.1:" + listen.substr(kLocal.size());
  return listen;
}

}  // namespace

struct AdminServer::Rep {
  Options options;
  mg_context* context = nullptr;

  int Serve(mg_connection* connection) const {
    const mg_request_info* request = mg_get_request_info(connection);
    std::string_view path = request->local_uri;
    std::string_view method = request->request_method;
    if (method != "GET" && method != "HEAD") {
      Respond(connection, 405, "Method Not Allowed", kText, "only GET\n");
      return 405;
    }
    if (path == "/healthz") {
      Respond(connection, 200, "OK", kText, "ok\n");
      return 200;
    }
    if (path == "/readyz") return ServeReady(connection);
    if (path == "/metrics" && options.metrics != nullptr) {
      Respond(connection, 200, "OK", obs::Registry::kContentType, options.metrics->Text());
      return 200;
    }
    Respond(connection, 404, "Not Found", kText, "here are /healthz, /readyz and /metrics\n");
    return 404;
  }

  int ServeReady(mg_connection* connection) const {
    absl::Status ready = options.ready ? options.ready() : absl::OkStatus();
    if (ready.ok()) {
      Respond(connection, 200, "OK", kText, "ok\n");
      return 200;
    }
    Respond(connection, 503, "Service Unavailable", kText, MessageOf(ready) + "\n");
    return 503;
  }
};

AdminServer::AdminServer(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

AdminServer::~AdminServer() {
  if (rep_->context == nullptr) return;
  // Waits until no request uses the handler; after that nothing of ours is touched.
  mg_set_request_handler(rep_->context, "/", nullptr, nullptr);
  // civetweb takes up to two seconds to notice that it shall stop: not worth waiting for.
  std::thread([context = rep_->context] { mg_stop(context); }).detach();
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(Options options) {
  auto rep = std::make_unique<Rep>();
  rep->options = std::move(options);
  std::string ports = NumericAddress(rep->options.listen);
  const char* settings[] = {"listening_ports",    ports.c_str(), "num_threads", "2",
                            "request_timeout_ms", "5000",        nullptr};
  mg_callbacks callbacks{};
  callbacks.log_message = [](const mg_connection*, const char* message) {
    obs::Warn("admin server", {{"message", message}});
    return 1;
  };
  rep->context = mg_start(&callbacks, nullptr, settings);
  if (rep->context == nullptr) {
    return Unavailable("LISTEN_FAILED", "cannot listen on " + ports +
                                            " (admin_listen): the port is taken or the address "
                                            "is not here");
  }
  mg_set_request_handler(
      rep->context, "/",
      [](mg_connection* connection, void* rep) {
        return static_cast<const Rep*>(rep)->Serve(connection);
      },
      rep.get());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(rep)));
}

int AdminServer::port() const {
  mg_server_port port{};
  return mg_get_server_ports(rep_->context, 1, &port) == 1 ? port.port : 0;
}

}  // namespace agentflow::rpc
