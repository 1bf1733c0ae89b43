#include "libs/rpc/server.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/rpc/callback_queue.h"
#include "libs/rpc/server_impl.h"
#include "libs/rpc/tls_credentials.h"

namespace agentflow::rpc {
namespace {

bool IsLoopback(std::string_view listen) {
  return listen.starts_with("127.") || listen.starts_with("localhost:") ||
         listen.starts_with("[::1]:") || listen.starts_with("unix:");
}

std::string MetricPrefix(const std::string& service) {
  std::string prefix = "agentflow_" + service;
  std::replace(prefix.begin(), prefix.end(), '-', '_');
  return prefix;
}

}  // namespace

MethodMetrics::MethodMetrics(obs::Registry* registry, const std::string& service,
                             const std::string& method) {
  if (registry == nullptr) return;
  std::string prefix = MetricPrefix(service);
  seconds_ = registry->Histograms(prefix + "_rpc_seconds", "Time of calls served.", {"method"})
                 .With({method});
  obs::CounterFamily calls = registry->Counters(prefix + "_rpc_calls_total", "Calls served.",
                                                {"method", "code"}, /*max_series=*/2000);
  for (size_t code = 0; code < calls_.size(); ++code) {
    calls_[code] =
        calls.With({method, absl::StatusCodeToString(static_cast<absl::StatusCode>(code))});
  }
}

void MethodMetrics::Record(int code, double seconds) {
  seconds_.Observe(seconds);
  calls_[code >= 0 && code < static_cast<int>(calls_.size()) ? static_cast<size_t>(code) : 2].Add();
}

ServerRep::ServerRep(ServerOptions server_options) : options(std::move(server_options)) {
  if (options.metrics != nullptr) {
    in_flight_gauge = options.metrics->Gauge(MetricPrefix(options.service) + "_rpc_in_flight",
                                             "Calls running now, streams included.");
  }
}

grpc::ServerGenericBidiReactor* ServerRep::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  std::string_view path = context->method();
  if (path.starts_with('/')) path.remove_prefix(1);
  auto found = methods.find(std::string(path));
  if (found != methods.end()) {
    MethodEntry* method = found->second.get();
    return method->unary ? MakeUnaryReactor(this, method, context)
                         : MakeStreamReactor(this, method, context);
  }
  if (fallback) return MakeForwardReactor(this, context);
  class Unknown final : public grpc::ServerGenericBidiReactor {
   public:
    Unknown() {
      Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "there is no such method here"));
    }
    void OnDone() override { delete this; }
  };
  return new Unknown;
}

absl::Status ServerRep::CheckMethods() const {
  std::vector<std::string> all = problems;
  if (options.require_all_methods) {
    for (const auto* service : LinkedServices(options.service)) {
      for (int i = 0; i < service->method_count(); ++i) {
        const auto& method = *service->method(i);
        if (absl::StatusOr<MethodAccess> access = AccessOf(method); !access.ok()) {
          all.push_back(MessageOf(access.status()));
        } else if (!methods.contains(MethodPath(method))) {
          all.push_back(MethodPath(method) + " has no handler");
        }
      }
    }
  }
  if (all.empty()) return absl::OkStatus();
  std::string message = "the server cannot start:";
  for (const std::string& problem : all) message += "\n  " + problem;
  return FailedPrecondition("METHODS_INCOMPLETE", message);
}

Server::Server(ServerOptions options) : rep_(std::make_unique<ServerRep>(std::move(options))) {}

Server::~Server() {
  Drain(std::chrono::milliseconds(0));
}

namespace {

// Finds the method and checks it against the handler's types.
std::unique_ptr<MethodEntry> MakeEntry(ServerRep& server, std::string_view path,
                                       const google::protobuf::Message& request,
                                       const google::protobuf::Message& response,
                                       bool client_streams, bool server_streams) {
  auto problem = [&](std::string_view what) {
    server.problems.push_back(std::string(path) + " " + std::string(what));
    return nullptr;
  };
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* descriptor = FindMethod(*pool, path);
  if (descriptor == nullptr) return problem("is in no linked proto");
  if (descriptor->input_type() != request.GetDescriptor() ||
      descriptor->output_type() != response.GetDescriptor()) {
    return problem("is registered with other message types than it has");
  }
  if (descriptor->client_streaming() != client_streams ||
      descriptor->server_streaming() != server_streams) {
    return problem("is registered with another kind of streaming than it has");
  }
  if (server.methods.contains(std::string(path))) return problem("is registered twice");
  auto entry = std::make_unique<MethodEntry>();
  entry->path = path;
  entry->descriptor = descriptor;
  entry->request = &request;
  entry->response = &response;
  entry->client_streams = client_streams;
  entry->open = path.starts_with("grpc.reflection.");
  if (!entry->open) {
    absl::StatusOr<MethodAccess> access = AccessOf(*descriptor);
    // CheckMethods names it once more for services of this backend; here for all others.
    if (!access.ok()) return problem("declares no access");
    entry->access = *std::move(access);
  }
  entry->metrics = MethodMetrics(server.options.metrics, server.options.service, entry->path);
  return entry;
}

}  // namespace

void Server::AddUnary(std::string_view method, const google::protobuf::Message& request,
                      const google::protobuf::Message& response, bool blocking,
                      UnaryHandler handler) {
  auto entry = MakeEntry(*rep_, method, request, response, false, false);
  if (entry == nullptr) return;
  entry->blocking = blocking;
  entry->unary = std::move(handler);
  rep_->methods[entry->path] = std::move(entry);
}

void Server::AddStream(std::string_view method, const google::protobuf::Message& request,
                       const google::protobuf::Message& response, bool client_streams,
                       bool server_streams, StreamHandler handler) {
  auto entry = MakeEntry(*rep_, method, request, response, client_streams, server_streams);
  if (entry == nullptr) return;
  entry->stream = std::move(handler);
  rep_->methods[entry->path] = std::move(entry);
}

void Server::Fallback(Decide decide) {
  rep_->fallback = std::move(decide);
  rep_->fallback_metrics = MethodMetrics(rep_->options.metrics, rep_->options.service, "forwarded");
}

absl::Status Server::Start() {
  KeepCallbackQueue();
  ServerRep& rep = *rep_;
  const ServerOptions& options = rep.options;
  rep.RegisterReflection(this);
  AF_RETURN_IF_ERROR(rep.CheckMethods());
  if (options.tls == nullptr && !options.allow_plain && !IsLoopback(options.listen)) {
    return InvalidArgument("LISTEN_PLAIN_REFUSED", "listen",
                           "plain text is only allowed on loopback; set tls.ca, tls.cert and "
                           "tls.key");
  }
  rep.pool = std::make_unique<runtime::ThreadPool>("rpc", options.threads, options.queue_limit);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen,
                           options.tls != nullptr ? ServerCredentialsOf(*options.tls)
                                                  : grpc::InsecureServerCredentials(),
                           &rep.port);
  builder.RegisterCallbackGenericService(&rep);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  int keepalive_ms = static_cast<int>(options.keepalive.count());
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 500);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  rep.server = builder.BuildAndStart();
  if (rep.server == nullptr || rep.port == 0) {
    return Unavailable("LISTEN_FAILED", "cannot listen on " + options.listen +
                                            ": the port is taken or the address is not here");
  }
  SetServing(true);
  return absl::OkStatus();
}

int Server::port() const {
  return rep_->port;
}

void Server::SetServing(bool serving) {
  if (rep_->server == nullptr) return;
  grpc::HealthCheckServiceInterface* health = rep_->server->GetHealthCheckService();
  if (health == nullptr) return;
  std::set<std::string> services;
  for (const auto& [path, method] : rep_->methods) services.insert(path.substr(0, path.find('/')));
  for (const std::string& service : services) health->SetServingStatus(service, serving);
  health->SetServingStatus("", serving);
}

void Server::Drain(std::chrono::milliseconds patience) {
  std::lock_guard lock(rep_->drain_mutex);
  if (rep_->drained || rep_->server == nullptr) return;
  rep_->drained = true;
  SetServing(false);
  rep_->server->Shutdown(std::chrono::system_clock::now() + patience);
  // Calls may still be on their last steps in gRPC's threads or in the pool.
  while (in_flight() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  rep_->pool->Stop();
  rep_->server->Wait();
}

int Server::in_flight() const {
  return rep_->in_flight.load();
}

}  // namespace agentflow::rpc
