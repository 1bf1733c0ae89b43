#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/auth/user_context.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/access.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/tls.h"

namespace agentflow::rpc {

struct ServerOptions {
  // Name in the glossary: "designer". Its services are those whose backend is this name.
  std::string service;
  // "host:port"; port 0 takes a free one.
  std::string listen = "127.0.0.1:0";
  // Mutual TLS. Null: plain text, refused on anything but loopback unless `allow_plain`.
  TlsPtr tls;
  bool allow_plain = false;
  // Checks user contexts; null refuses every call that needs one.
  std::shared_ptr<auth::ContextVerifier> contexts;
  // Null: no metrics.
  obs::Registry* metrics = nullptr;
  // Blocking handlers: threads, and calls that may wait for one. Beyond: RESOURCE_EXHAUSTED,
  // reason SERVER_OVERLOADED.
  int threads = 8;
  size_t queue_limit = 512;
  // Public limit of 8 MiB and a margin for framing.
  size_t max_message_bytes = 9u << 20;
  // A call without a deadline gets this one; a longer one is cut. Unary calls only.
  std::chrono::milliseconds max_unary_time{60000};
  std::chrono::milliseconds keepalive{20000};
  // Whether a missing or undeclared method of this service stops the start. Tests of a single
  // method switch it off.
  bool require_all_methods = true;
  // Full names of services that reflection lists besides those registered (for Fallback).
  std::vector<std::string> reflected_services;
  // Called after every WRITE and SECURITY call and every refusal, on the thread that ended it.
  std::function<void(const Call&, const MethodAccess&, const absl::Status&)> audit;
};

// What a fallback decides: where a call goes and what goes along.
struct Forward {
  ChannelPtr channel;
  CallOptions options;
  // Called once with what the caller is told, after the call.
  std::function<void(const absl::Status&)> ended;
  // For a unary call, instead of `channel`: brings the answer in its own way. `done` comes once,
  // on any thread.
  using UnaryDone = std::function<void(absl::StatusOr<std::string>)>;
  std::function<void(std::string request, CallOptions options, UnaryDone done)> unary;
  // For a stream, before messages flow: gives what ends it from this side. `end` may be called
  // from any thread, at any time, also when the stream is over already.
  std::function<void(std::function<void(const absl::Status&)> end)> opened;
};

// One gRPC server. Register all methods, Start, and later Drain. Every registered call passes the
// same chain: request id, trace, caller context, permission as declared in the proto, deadline,
// metrics. A handler can rely on all of it.
//
//   server.Unary<GetWorkflowRequest, Workflow>(
//       "agentflow.api.v1.WorkflowService/GetWorkflow",
//       [&](const rpc::Call& call, const GetWorkflowRequest& request) -> absl::StatusOr<Workflow> {
//         ...
//       });
//
// Handlers' errors travel whole: code, reason, message, metadata. INTERNAL, UNKNOWN and DATA_LOSS
// are logged here and reach the caller with code and reason but without their message. An
// exception that escapes a handler is logged and answered as INTERNAL, HANDLER_DROPPED_CALL.
class Server {
 public:
  explicit Server(ServerOptions options);
  // Drains without patience.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A handler that may block; runs on the bounded pool.
  template <class Request, class Response>
  void Unary(std::string_view method,
             std::function<absl::StatusOr<Response>(const Call&, const Request&)> handler) {
    AddUnary(
        method, Request::default_instance(), Response::default_instance(), /*blocking=*/true,
        [handler = std::move(handler)](CallPtr call, MessagePtr request, MessageDone done) {
          absl::StatusOr<Response> response = handler(*call, static_cast<const Request&>(*request));
          response.ok() ? done(absl::OkStatus(), &*response) : done(response.status(), nullptr);
        });
  }

  // A handler that never blocks; runs on the thread that read the request, without a hop. `done`
  // is called once, from any thread, also when the call was cancelled.
  template <class Request, class Response>
  void UnaryAsync(std::string_view method,
                  std::function<void(CallPtr, std::unique_ptr<Request>,
                                     std::function<void(absl::StatusOr<Response>)> done)>
                      handler) {
    AddUnary(method, Request::default_instance(), Response::default_instance(),
             /*blocking=*/false,
             [handler = std::move(handler)](CallPtr call, MessagePtr request, MessageDone done) {
               handler(std::move(call),
                       std::unique_ptr<Request>(static_cast<Request*>(request.release())),
                       [done = std::move(done)](absl::StatusOr<Response> response) {
                         response.ok() ? done(absl::OkStatus(), &*response)
                                       : done(response.status(), nullptr);
                       });
             });
  }

  // Streams: the handler takes the stream and returns soon; it must end it with Finish, or let
  // the client do so. It runs on a library thread and must not block.
  template <class Request, class Response>
  void ServerStreaming(
      std::string_view method,
      std::function<void(ServerStream<Request, Response>, const Request&)> handler) {
    AddStream(method, Request::default_instance(), Response::default_instance(),
              /*client_streams=*/false, /*server_streams=*/true,
              [handler = std::move(handler)](std::shared_ptr<RawServerStream> raw,
                                             const google::protobuf::Message* request) {
                handler(ServerStream<Request, Response>(std::move(raw)),
                        static_cast<const Request&>(*request));
              });
  }
  template <class In, class Out>
  void BidiStreaming(std::string_view method, std::function<void(ServerStream<In, Out>)> handler) {
    AddStream(method, In::default_instance(), Out::default_instance(), /*client_streams=*/true,
              /*server_streams=*/true,
              [handler = std::move(handler)](std::shared_ptr<RawServerStream> raw,
                                             const google::protobuf::Message*) {
                handler(ServerStream<In, Out>(std::move(raw)));
              });
  }

  // Every call of a method that is not registered comes here and is then forwarded as bytes, in
  // both directions and with flow control, streams included. No check is made before:
  // authenticating is the business of `decide`. `first_message` is there for methods known to
  // the linked protos as not client-streaming (for routing by a field); else nullopt. `done` may
  // be called later, from any thread. The Call's `metadata` is filled.
  using ForwardDone = std::function<void(absl::StatusOr<Forward>)>;
  using Decide =
      std::function<void(CallPtr call, std::optional<std::string> first_message, ForwardDone done)>;
  void Fallback(Decide decide);

  // Binds and serves. Lists everything wrong with the registrations: FAILED_PRECONDITION, reason
  // METHODS_INCOMPLETE (unregistered, undeclared, mistyped, unknown). UNAVAILABLE, reason
  // LISTEN_FAILED, where the port is taken.
  absl::Status Start();
  // The port bound by Start.
  int port() const;

  // What grpc.health.v1 answers for "" and for each registered service. True after Start.
  void SetServing(bool serving);
  // Says NOT_SERVING, refuses new calls, waits for running ones up to `patience` and cancels
  // those left. Idempotent.
  void Drain(std::chrono::milliseconds patience);
  // Calls running now, streams included.
  int in_flight() const;

 private:
  using MessagePtr = std::unique_ptr<google::protobuf::Message>;
  using MessageDone =
      std::function<void(const absl::Status&, const google::protobuf::Message* response)>;
  using UnaryHandler = std::function<void(CallPtr, MessagePtr, MessageDone)>;
  using StreamHandler =
      std::function<void(std::shared_ptr<RawServerStream>, const google::protobuf::Message*)>;

  void AddUnary(std::string_view method, const google::protobuf::Message& request,
                const google::protobuf::Message& response, bool blocking, UnaryHandler handler);
  void AddStream(std::string_view method, const google::protobuf::Message& request,
                 const google::protobuf::Message& response, bool client_streams,
                 bool server_streams, StreamHandler handler);

  friend struct ServerRep;
  std::unique_ptr<struct ServerRep> rep_;
};

}  // namespace agentflow::rpc
