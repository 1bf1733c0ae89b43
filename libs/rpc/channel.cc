#include "libs/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/callback_queue.h"
#include "libs/rpc/channel_impl.h"
#include "libs/rpc/tls_credentials.h"
#include "libs/rpc/wire.h"

namespace agentflow::rpc {
namespace {

// A unary call under way: everything it needs in one piece.
class UnaryCall final : public PendingCall {
 public:
  void Cancel() override { context.TryCancel(); }

  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer answer;
  ChannelImpl::BufferDone done;
};

std::chrono::system_clock::time_point ToSystemTime(runtime::Deadline deadline) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(deadline.Left());
}

grpc::ChannelArguments ArgumentsOf(const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  int max_bytes = static_cast<int>(options.max_message_bytes);
  arguments.SetMaxReceiveMessageSize(max_bytes);
  arguments.SetMaxSendMessageSize(max_bytes);
  if (options.tls != nullptr) arguments.SetSslTargetNameOverride(options.service);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(options.keepalive_timeout.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   static_cast<int>(options.reconnect_first.count()));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(options.reconnect_most.count()));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   static_cast<int>(options.reconnect_most.count()));
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Connections of channels are not shared, so that closing one cannot disturb another.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

std::string PathOf(std::string_view method) {
  std::string path;
  path.reserve(method.size() + 1);
  path += '/';
  path += method;
  return path;
}

}  // namespace

absl::StatusOr<ChannelPtr> Channel::Make(const ChannelOptions& options) {
  if (options.addresses.empty()) {
    return InvalidArgument("PEER_ADDRESS_MISSING", "peers." + options.service,
                           "no address of \"" + options.service + "\" is configured");
  }
  KeepCallbackQueue();
  return ChannelPtr(std::make_shared<ChannelImpl>(options));
}

ChannelImpl::ChannelImpl(const ChannelOptions& options) : options_(options) {
  grpc::ChannelArguments arguments = ArgumentsOf(options);
  std::shared_ptr<grpc::ChannelCredentials> credentials = options.tls != nullptr
                                                              ? ChannelCredentialsOf(*options.tls)
                                                              : grpc::InsecureChannelCredentials();
  for (const std::string& address : options.addresses) {
    Connection connection;
    connection.channel = grpc::CreateCustomChannel(address, credentials, arguments);
    connection.stub = std::make_unique<grpc::GenericStub>(connection.channel);
    connection.channel->GetState(/*try_to_connect=*/true);
    connections_.push_back(std::move(connection));
  }
}

ChannelImpl::Connection& ChannelImpl::Pick() {
  if (connections_.size() == 1) return connections_[0];
  size_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[(first + i) % connections_.size()];
    if (connection.channel->GetState(true) == GRPC_CHANNEL_READY) return connection;
  }
  return connections_[first % connections_.size()];
}

void ChannelImpl::Prepare(grpc::ClientContext& context, const CallOptions& options,
                          bool unary) const {
  runtime::Deadline deadline = options.deadline;
  if (deadline.is_never() && unary) deadline = runtime::Deadline::After(options_.default_timeout);
  if (!deadline.is_never()) context.set_deadline(ToSystemTime(deadline));
  context.set_wait_for_ready(options.wait_for_ready);
  auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) context.AddMetadata(key, value);
  };
  add(kContextKey, options.user_context);
  add(kTenantKey, options.tenant);
  add(kPrincipalKey, options.principal);
  add(kRequestIdKey, options.request_id);
  if (!options.trace.empty()) context.AddMetadata(kTraceparentKey, options.trace.ToTraceparent());
  for (const auto& [key, value] : options.metadata) context.AddMetadata(key, value);
}

absl::Status ChannelImpl::Explain(const grpc::Status& status) const {
  absl::Status out = FromGrpc(status);
  return ReasonOf(out) == "PEER_UNAVAILABLE"
             ? Annotate(out, "\"" + options_.service + "\" cannot be reached")
             : out;
}

PendingCallPtr ChannelImpl::StartUnaryBuffer(std::string_view method, grpc::ByteBuffer request,
                                             const CallOptions& options, BufferDone done) {
  auto call = std::make_shared<UnaryCall>();
  Prepare(call->context, options, /*unary=*/true);
  call->request = std::move(request);
  call->done = std::move(done);
  auto self = std::static_pointer_cast<ChannelImpl>(shared_from_this());
  Pick().stub->UnaryCall(&call->context, PathOf(method), {}, &call->request, &call->answer,
                         [self = std::move(self), call](grpc::Status status) {
                           BufferDone finish = std::move(call->done);
                           finish(self->Explain(status), &call->answer);
                         });
  return call;
}

absl::Status ChannelImpl::BlockingUnaryBuffer(std::string_view method,
                                              const grpc::ByteBuffer& request,
                                              const CallOptions& options,
                                              grpc::ByteBuffer* answer) {
  grpc::ClientContext context;
  Prepare(context, options, /*unary=*/true);
  std::string path = PathOf(method);
  grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      Pick().channel.get(),
      grpc::internal::RpcMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
      request, answer);
  return Explain(status);
}

std::shared_ptr<ClientStreamCall> ChannelImpl::OpenStreamCall(std::string_view method,
                                                              const CallOptions& options) {
  auto call = std::make_shared<ClientStreamCall>();
  Prepare(call->context(), options, /*unary=*/false);
  call->Open(*Pick().stub, PathOf(method));
  return call;
}

PendingCallPtr ChannelImpl::StartUnary(std::string_view method,
                                       const google::protobuf::MessageLite* message,
                                       std::string* bytes, const CallOptions& options,
                                       UnaryDone done) {
  grpc::ByteBuffer request;
  if (bytes != nullptr) {
    request = BufferFromString(std::move(*bytes));
  } else if (!Serialize(*message, &request)) {
    done(MalformedMessageError(), nullptr);
    return nullptr;
  }
  return StartUnaryBuffer(
      method, std::move(request), options,
      [done = std::move(done)](const absl::Status& status, grpc::ByteBuffer* answer) {
        BufferPayload payload(answer);
        done(status, status.ok() ? &payload : nullptr);
      });
}

std::shared_ptr<RawClientStream> ChannelImpl::OpenStream(std::string_view method,
                                                         const CallOptions& options) {
  return OpenStreamCall(method, options);
}

bool ChannelImpl::WaitConnected(runtime::Deadline deadline) {
  // gRPC can wait for one connection only, so with several each gets a turn.
  constexpr std::chrono::milliseconds kTurn{20};
  while (true) {
    for (Connection& connection : connections_) {
      if (connection.channel->GetState(true) == GRPC_CHANNEL_READY) return true;
    }
    if (deadline.Passed()) return false;
    size_t turn = turn_.fetch_add(1, std::memory_order_relaxed) % connections_.size();
    runtime::Deadline until =
        connections_.size() == 1 ? deadline : Earlier(deadline, runtime::Deadline::After(kTurn));
    if (connections_[turn].channel->WaitForConnected(ToSystemTime(until))) return true;
  }
}

absl::Status Channel::BlockingUnary(std::string_view method,
                                    const google::protobuf::MessageLite& request,
                                    const CallOptions& options,
                                    google::protobuf::MessageLite* response) {
  grpc::ByteBuffer buffer;
  if (!Serialize(request, &buffer)) return MalformedMessageError();
  grpc::ByteBuffer answer;
  AF_RETURN_IF_ERROR(
      static_cast<ChannelImpl*>(this)->BlockingUnaryBuffer(method, buffer, options, &answer));
  return BufferPayload(&answer).ParseTo(response) ? absl::OkStatus() : MalformedMessageError();
}

absl::StatusOr<std::string> Channel::UnaryBytes(std::string_view method, std::string request,
                                                const CallOptions& options) {
  grpc::ByteBuffer answer;
  AF_RETURN_IF_ERROR(static_cast<ChannelImpl*>(this)->BlockingUnaryBuffer(
      method, BufferFromString(std::move(request)), options, &answer));
  return BufferPayload(&answer).ToString();
}

absl::Status Channel::CheckHealth(std::string_view service, const CallOptions& options) {
  // HealthCheckRequest {string service = 1}, HealthCheckResponse {status = 1}: small enough to
  // write by hand. Names are shorter than 128 characters.
  std::string request;
  if (!service.empty()) {
    request += '\x0A';
    request += static_cast<char>(service.size());
    request += service;
  }
  AF_ASSIGN_OR_RETURN(std::string answer,
                      UnaryBytes("grpc.health.v1.Health/Check", std::move(request), options));
  if (answer == "\x08\x01") return absl::OkStatus();
  return Unavailable("PEER_NOT_SERVING", "the peer is up but not serving");
}

}  // namespace agentflow::rpc
