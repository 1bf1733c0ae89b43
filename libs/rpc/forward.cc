#include <google/protobuf/descriptor.h>

#include <memory>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/channel_impl.h"
#include "libs/rpc/server_stream.h"

namespace agentflow::rpc {
namespace {

// What the linked protos know about a method; decides whether its first message can be waited
// for and whether one answer ends it.
enum class Kind { kUnknown, kUnary, kServerStreaming, kClientStreaming };

Kind KindOf(const std::string& method) {
  // Lookups in the pool take a lock and build names; a gateway sees the same few methods for ever.
  thread_local std::unordered_map<std::string, Kind> known;
  auto found = known.find(method);
  if (found != known.end()) return found->second;
  const auto* descriptor = FindMethod(*google::protobuf::DescriptorPool::generated_pool(), method);
  if (descriptor == nullptr) return Kind::kUnknown;
  Kind kind = descriptor->client_streaming()   ? Kind::kClientStreaming
              : descriptor->server_streaming() ? Kind::kServerStreaming
                                               : Kind::kUnary;
  known.emplace(method, kind);
  return kind;
}

// One forwarded call: reads a side's next message only when the other side has taken the last.
class Forwarding : public std::enable_shared_from_this<Forwarding> {
 public:
  Forwarding(const Server::Decide* decide, std::shared_ptr<ServerStreamCall> stream)
      : decide_(decide), stream_(std::move(stream)), kind_(KindOf(stream_->call().method)) {}

  void Begin() {
    bool waits_for_first = kind_ == Kind::kUnary || kind_ == Kind::kServerStreaming;
    stream_->Start(
        [self = shared_from_this()](const Payload& message) { self->FromCaller(message); },
        [self = shared_from_this()] { self->CallerHalfClosed(); },
        /*manual_reads=*/true);
    if (waits_for_first) {
      stream_->ReadNext();
    } else {
      Ask(std::nullopt);
    }
  }

 private:
  void Ask(std::optional<std::string> first) {
    (*decide_)(stream_->shared_call(), std::move(first),
               [self = shared_from_this()](absl::StatusOr<Forward> forward) {
                 forward.ok() ? self->Go(*std::move(forward))
                              : self->stream_->Finish(forward.status());
               });
  }

  void FromCaller(const Payload& message) {
    const grpc::ByteBuffer& buffer = static_cast<const BufferPayload&>(message).buffer();
    if (target_ != nullptr) {
      target_->WriteBuffer(buffer);
    } else if (!first_) {
      first_ = buffer;
      Ask(message.ToString());
    }
  }

  void CallerHalfClosed() {
    if (target_ != nullptr) {
      target_->WritesDone();
    } else if (!first_) {
      stream_->Finish(MalformedMessageError());
    }
  }

  void Go(Forward forward) {
    const Call& call = stream_->call();
    CallOptions& options = forward.options;
    options.deadline = Earlier(options.deadline, call.deadline);
    if (options.trace.empty()) options.trace = call.trace;
    if (options.request_id.empty()) options.request_id = call.request_id;
    channel_ = std::static_pointer_cast<ChannelImpl>(forward.channel);
    ended_ = std::move(forward.ended);
    if (kind_ != Kind::kUnary && forward.opened) {
      forward.opened([weak = std::weak_ptr(stream_)](const absl::Status& status) {
        if (auto stream = weak.lock()) stream->Finish(status);
      });
    }
    if (kind_ != Kind::kUnary) return GoStream(options);
    forward.unary ? GoOwnWay(forward.unary, options) : GoUnary(options);
  }

  void GoUnary(const CallOptions& options) {
    PendingCallPtr pending = channel_->StartUnaryBuffer(
        stream_->call().method, *first_, options,
        [stream = stream_](const absl::Status& status, grpc::ByteBuffer* answer) {
          status.ok() ? stream->WriteAndEnd(std::move(*answer)) : stream->Finish(status);
        });
    stream_->OnEnd([pending, ended = ended_](const absl::Status& status) {
      if (ended) ended(status);
      if (!status.ok()) pending->Cancel();
    });
  }

  void GoOwnWay(const decltype(Forward::unary)& unary, const CallOptions& options) {
    if (ended_) stream_->OnEnd(ended_);
    unary(BufferPayload(&*first_).ToString(), options,
          [stream = stream_](absl::StatusOr<std::string> answer) {
            answer.ok() ? stream->WriteAndEnd(BufferFromString(*std::move(answer)))
                        : stream->Finish(answer.status());
          });
  }

  void GoStream(const CallOptions& options) {
    target_ = channel_->OpenStreamCall(stream_->call().method, options);
    target_->OnEnd([stream = stream_](const absl::Status& status) { stream->Finish(status); });
    target_->OnDrained([stream = stream_] { stream->ReadNext(); });
    stream_->OnDrained([target = target_] { target->ReadNext(); });
    target_->Start(
        [stream = stream_](const Payload& message) {
          stream->WriteBuffer(static_cast<const BufferPayload&>(message).buffer());
        },
        {}, /*manual_reads=*/true);
    target_->ReadNext();
    // Last: it may be called at once, when the caller has gone already.
    stream_->OnEnd([target = target_, ended = ended_](const absl::Status& status) {
      if (ended) ended(status);
      target->Cancel();
    });
    if (first_) {
      target_->WriteBuffer(*std::move(first_));
    } else {
      stream_->ReadNext();
    }
  }

  const Server::Decide* const decide_;
  const std::shared_ptr<ServerStreamCall> stream_;
  const Kind kind_;
  std::optional<grpc::ByteBuffer> first_;
  std::shared_ptr<ChannelImpl> channel_;
  std::function<void(const absl::Status&)> ended_;
  std::shared_ptr<ClientStreamCall> target_;
};

}  // namespace

grpc::ServerGenericBidiReactor* MakeForwardReactor(ServerRep* server,
                                                   grpc::GenericCallbackServerContext* context) {
  auto stream = std::make_shared<ServerStreamCall>(server, nullptr);
  stream->HoldSelf();
  Call* call = stream->shared_call().get();
  server->Describe(*context, call);
  for (const auto& [key, value] : context->client_metadata()) {
    call->metadata.emplace_back(std::string(key.data(), key.size()),
                                std::string(value.data(), value.size()));
  }
  std::make_shared<Forwarding>(&server->fallback, stream)->Begin();
  return stream.get();
}

}  // namespace agentflow::rpc
