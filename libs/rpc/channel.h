#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "libs/rpc/call.h"
#include "libs/rpc/stream.h"
#include "libs/rpc/tls.h"

namespace agentflow::rpc {

// What goes along with one outgoing call. Choose a caller context: ForUser hands on the user
// context of an incoming call; ForService speaks for a tenant and principal on methods that name
// this service in `callers`; with neither, the call is this service's own.
struct CallOptions {
  // Never: the channel's default timeout for unary calls, no limit for streams.
  runtime::Deadline deadline;
  // While no connection stands: wait for one until the deadline, or fail with UNAVAILABLE.
  bool wait_for_ready = true;
  std::string user_context;
  std::string tenant;
  std::string principal;
  obs::TraceContext trace;
  std::string request_id;
  // Sent as they are.
  Metadata metadata;

  // Deadline, trace, request id and user context of `call`.
  static CallOptions ForUser(const Call& call);
  // Deadline, trace, request id of `call`; its tenant and principal as a service context.
  static CallOptions ForService(const Call& call);
  static CallOptions ForService(std::string tenant, std::string principal,
                                obs::TraceContext trace = {});
};

struct ChannelOptions {
  // Certificate name the peer must show: "executor".
  std::string service;
  // "host:port"; calls go round those that are connected.
  std::vector<std::string> addresses;
  // Null: plain text, for loopback in tests only.
  TlsPtr tls;
  std::chrono::milliseconds default_timeout{15000};
  size_t max_message_bytes = 9u << 20;
  // A peer that answers no ping is given up after both together, however much the connection looks
  // like standing: a stopped process, a machine without power.
  std::chrono::milliseconds keepalive{3000};
  std::chrono::milliseconds keepalive_timeout{3000};
  // Between attempts to connect, with jitter.
  std::chrono::milliseconds reconnect_first{100};
  std::chrono::milliseconds reconnect_most{3000};
};

// A unary call under way. Dropping it does not cancel.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  // `done` still comes, with CANCELLED, unless it came already.
  virtual void Cancel() = 0;
};
using PendingCallPtr = std::shared_ptr<PendingCall>;

// Connections to one service. Thread-safe. Methods are full names without leading slash:
// "agentflow.api.v1.WorkflowService/GetWorkflow".
//
// Errors are those of the peer (code, reason, metadata); those of the way there have reasons
// PEER_UNAVAILABLE (UNAVAILABLE) and DEADLINE_EXCEEDED. Callbacks run on the library's threads
// and must not block.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // Starts connecting and does not wait for it. INVALID_ARGUMENT without addresses.
  static absl::StatusOr<std::shared_ptr<Channel>> Make(const ChannelOptions& options);
  virtual ~Channel() = default;

  // Blocks until the answer or the deadline.
  template <class Request, class Response>
  absl::StatusOr<Response> Unary(std::string_view method, const Request& request,
                                 const CallOptions& options = {}) {
    Response response;
    absl::Status status = BlockingUnary(method, request, options, &response);
    if (!status.ok()) return status;
    return response;
  }

  template <class Request, class Response>
  PendingCallPtr UnaryAsync(std::string_view method, const Request& request,
                            const CallOptions& options,
                            std::function<void(absl::StatusOr<Response>)> done) {
    return StartUnary(method, &request, nullptr, options,
                      [done = std::move(done)](const absl::Status& status, const Payload* answer) {
                        if (!status.ok()) return done(status);
                        Response response;
                        if (!answer->ParseTo(&response)) return done(MalformedMessageError());
                        done(std::move(response));
                      });
  }

  // The same with messages in wire format.
  PendingCallPtr UnaryBytes(std::string_view method, std::string request,
                            const CallOptions& options,
                            std::function<void(absl::StatusOr<std::string>)> done) {
    return StartUnary(method, nullptr, &request, options,
                      [done = std::move(done)](const absl::Status& status, const Payload* answer) {
                        if (!status.ok()) return done(status);
                        done(answer->ToString());
                      });
  }
  absl::StatusOr<std::string> UnaryBytes(std::string_view method, std::string request,
                                         const CallOptions& options = {});

  // Opens a stream; nothing is read before its Start.
  template <class Out, class In>
  ClientStream<Out, In> Bidi(std::string_view method, const CallOptions& options = {}) {
    return ClientStream<Out, In>(OpenStream(method, options));
  }
  // Opens, sends the request and half-closes. Set OnEnd, then Start it.
  template <class Request, class Response>
  ClientStream<Request, Response> ServerStreaming(std::string_view method, const Request& request,
                                                  const CallOptions& options = {}) {
    ClientStream<Request, Response> stream(OpenStream(method, options));
    stream.Write(request);
    stream.WritesDone();
    return stream;
  }
  // Any kind of stream as bytes.
  std::shared_ptr<RawClientStream> BidiBytes(std::string_view method,
                                             const CallOptions& options = {}) {
    return OpenStream(method, options);
  }

  // Whether a connection stands, waiting for one until `deadline`.
  virtual bool WaitConnected(runtime::Deadline deadline) = 0;
  // grpc.health.v1: OK when the peer says SERVING for `service` ("" is the whole server).
  absl::Status CheckHealth(std::string_view service, const CallOptions& options = {});

 protected:
  using UnaryDone = std::function<void(const absl::Status&, const Payload*)>;

  // Exactly one of `message` and `bytes` is given; both are used during the call only.
  virtual PendingCallPtr StartUnary(std::string_view method,
                                    const google::protobuf::MessageLite* message,
                                    std::string* bytes, const CallOptions& options,
                                    UnaryDone done) = 0;
  virtual std::shared_ptr<RawClientStream> OpenStream(std::string_view method,
                                                      const CallOptions& options) = 0;

 private:
  absl::Status BlockingUnary(std::string_view method, const google::protobuf::MessageLite& request,
                             const CallOptions& options, google::protobuf::MessageLite* response);
};

using ChannelPtr = std::shared_ptr<Channel>;

}  // namespace agentflow::rpc
