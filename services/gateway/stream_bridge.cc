#include "services/gateway/stream_bridge.h"

#include <atomic>

#include "agentflow/api/v1/stream.pb.h"
#include "libs/base/status.h"
#include "libs/http/static_files.h"
#include "libs/rpc/proto_json.h"

namespace agentflow::gateway {
namespace {

namespace pb = api::v1;

pb::ServerFrame FailedFrame(std::string_view id, const absl::Status& status) {
  pb::ServerFrame frame;
  frame.mutable_failed()->set_id(std::string(id));
  frame.mutable_failed()->set_reason(ReasonOf(status));
  frame.mutable_failed()->set_message(MessageOf(status));
  return frame;
}

std::string ToText(const pb::ServerFrame& frame) {
  absl::StatusOr<std::string> text = rpc::MessageToJsonText(frame);
  return text.ok() ? *std::move(text) : std::string("{}");
}

uint16_t CloseCodeOf(const absl::Status& status) {
  if (status.ok()) return 1000;
  if (absl::IsUnavailable(status) || absl::IsCancelled(status)) return 1012;  // come back
  return absl::IsResourceExhausted(status) ? 1013 : 1011;
}

// Both ends of one bridged WebSocket. Kept by the callbacks of both until they are over.
class SocketBridge final : public LiveStream, public std::enable_shared_from_this<SocketBridge> {
 public:
  SocketBridge(StreamCall call, std::shared_ptr<http::WebSocket> socket)
      : call_(std::move(call)), socket_(std::move(socket)) {}

  http::WebSocketEvents Start() {
    auto self = shared_from_this();
    stream_ = rpc::ClientStream<pb::ClientFrame, pb::ServerFrame>(
        call_.channel->BidiBytes(call_.method->path, call_.options));
    stream_.OnEnd([self](const absl::Status& status) {
      if (!status.ok()) self->socket_->Send(ToText(FailedFrame("", status)));
      self->socket_->Close(CloseCodeOf(status), ReasonOf(status));
    });
    stream_.Start([self](const pb::ServerFrame& frame) {
      if (!self->socket_->Send(ToText(frame))) self->stream_.Cancel();
    });
    call_.live->Add(self, call_.caller);
    return {[self](std::string text) { self->OnText(text); }, [self] { self->OnClose(); }};
  }

  void End(const absl::Status& why) override {
    socket_->Close(absl::IsUnauthenticated(why) ? kCloseCredentialEnded : CloseCodeOf(why),
                   ReasonOf(why));
    stream_.Cancel();
  }
  void Tick() override {}  // the socket pings by itself

 private:
  void OnText(const std::string& text) {
    pb::ClientFrame frame;
    absl::Status status = rpc::JsonTextToMessage(text, &frame);
    if (!status.ok()) {
      socket_->Send(ToText(FailedFrame("", status)));
    } else if (!stream_.Write(frame)) {
      socket_->Close(1012, "the stream is over");
    }
  }

  void OnClose() {
    call_.live->Remove(this);
    stream_.Cancel();
  }

  const StreamCall call_;
  const std::shared_ptr<http::WebSocket> socket_;
  rpc::ClientStream<pb::ClientFrame, pb::ServerFrame> stream_;
};

// The same for server-sent events.
class EventBridge final : public LiveStream, public std::enable_shared_from_this<EventBridge> {
 public:
  explicit EventBridge(StreamCall call) : call_(std::move(call)) {}

  void Start(const std::string& topic, const std::string& position,
             const std::shared_ptr<http::Reply>& reply) {
    auto self = shared_from_this();
    http::Response head{
        200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}, ""};
    http::AddSecurityHeaders(head);
    stream_ = rpc::ClientStream<pb::ClientFrame, pb::ServerFrame>(
        call_.channel->BidiBytes(call_.method->path, call_.options));
    writer_ = reply->Stream(std::move(head), [self] { self->OnClose(); });
    stream_.OnEnd([self](const absl::Status& status) {
      if (!status.ok()) self->Send(FailedFrame("", status));
      self->writer_->Finish();
    });
    stream_.Start([self](const pb::ServerFrame& frame) {
      if (!self->Send(frame)) self->stream_.Cancel();
    });
    pb::ClientFrame frame;
    frame.mutable_subscribe()->set_id("sse");
    frame.mutable_subscribe()->set_topic(topic);
    frame.mutable_subscribe()->set_position(position);
    stream_.Write(frame);
    call_.live->Add(self, call_.caller);
  }

  void End(const absl::Status& why) override {
    Send(FailedFrame("", why));
    stream_.Cancel();
  }
  void Tick() override {
    if (++ticks_ % 15 == 0) writer_->Write(": still here\n\n");
  }

 private:
  bool Send(const pb::ServerFrame& frame) {
    std::string position = frame.has_event()        ? frame.event().position()
                           : frame.has_subscribed() ? frame.subscribed().position()
                           : frame.has_reset()      ? frame.reset().position()
                                                    : "";
    std::string text = position.empty() ? "" : "id: " + position + "\n";
    return writer_->Write(text + "data: " + ToText(frame) + "\n\n");
  }

  void OnClose() {
    call_.live->Remove(this);
    stream_.Cancel();
  }

  const StreamCall call_;
  std::shared_ptr<http::BodyWriter> writer_;
  rpc::ClientStream<pb::ClientFrame, pb::ServerFrame> stream_;
  std::atomic<int> ticks_{0};
};

}  // namespace

std::string TokenOfSubprotocols(std::string_view subprotocols) {
  constexpr std::string_view kPrefix = "bearer.";
  while (!subprotocols.empty()) {
    size_t comma = std::min(subprotocols.find(','), subprotocols.size());
    std::string_view one = subprotocols.substr(0, comma);
    subprotocols.remove_prefix(std::min(comma + 1, subprotocols.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one.starts_with(kPrefix)) return std::string(one.substr(kPrefix.size()));
  }
  return "";
}

void OpenWebSocket(const StreamCall& call, std::string subprotocol,
                   const std::shared_ptr<http::Reply>& reply) {
  reply->Accept(std::move(subprotocol), [call](std::shared_ptr<http::WebSocket> socket) {
    return std::make_shared<SocketBridge>(call, std::move(socket))->Start();
  });
}

void OpenEventStream(const StreamCall& call, const std::string& topic, const std::string& position,
                     const std::shared_ptr<http::Reply>& reply) {
  std::make_shared<EventBridge>(call)->Start(topic, position, reply);
}

}  // namespace agentflow::gateway
