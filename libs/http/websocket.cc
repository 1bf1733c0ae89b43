#include <deque>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "libs/http/session_internal.h"

namespace agentflow::http {
namespace {

namespace websocket = beast::websocket;
using beast::error_code;

class WebSocketSession final : public Session,
                               public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(std::shared_ptr<ServerState> state, beast::tcp_stream stream)
      : state_(std::move(state)), executor_(stream.get_executor()), stream_(std::move(stream)) {}

  ~WebSocketSession() override {
    Closed();
    state_->Remove(this);
  }

  void Accept(BeastRequest request, std::string subprotocol,
              std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) {
    state_->Add(shared_from_this());
    request_ = std::move(request);
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = state_->options.header_timeout;
    timeout.idle_timeout = 2 * state_->options.websocket_ping;
    timeout.keep_alive_pings = true;  // at half the idle time
    stream_.set_option(timeout);
    stream_.read_message_max(state_->options.max_message_bytes);
    stream_.set_option(websocket::stream_base::decorator(
        [subprotocol = std::move(subprotocol)](websocket::response_type& response) {
          response.set(beast::http::field::server, "agentflow");
          if (!subprotocol.empty()) {
            response.set(beast::http::field::sec_websocket_protocol, subprotocol);
          }
        }));
    stream_.async_accept(
        request_, [self = shared_from_this(), open = std::move(open)](error_code error) mutable {
          if (error) return;
          self->Opened(std::move(open));
        });
  }

  void Send(std::string text) {
    if (closing_) {
      queued_->fetch_sub(text.size());
      return;
    }
    queue_.push_back(std::move(text));
    if (!writing_) WriteNext();
  }

  void Close(uint16_t code, std::string reason) {
    if (closing_) return;
    closing_ = true;
    close_reason_.code = code;
    close_reason_.reason.assign(reason.data(), std::min<size_t>(reason.size(), 123));
    if (!writing_) WriteNext();
  }

  void Drain() override { Close(websocket::close_code::going_away, "the server is restarting"); }
  void Cut() override {
    if (auto link = link_.lock()) link->Cut();
  }
  Strand executor() override { return executor_; }

 private:
  // What users hold.
  class Handle final : public WebSocket {
   public:
    Handle(std::shared_ptr<Link<WebSocketSession>> link,
           std::shared_ptr<std::atomic<size_t>> queued, size_t limit)
        : link_(std::move(link)), queued_(std::move(queued)), limit_(limit) {}
    bool Send(std::string text) override {
      size_t size = text.size();
      if (queued_->fetch_add(size) + size > limit_) {
        link_->Run([](WebSocketSession& session) { session.Abort(); });
        return false;
      }
      return link_->Run([text = std::move(text)](WebSocketSession& session) mutable {
        session.Send(std::move(text));
      });
    }
    void Close(uint16_t code, std::string reason) override {
      link_->Run([code, reason = std::move(reason)](WebSocketSession& session) mutable {
        session.Close(code, std::move(reason));
      });
    }

   private:
    std::shared_ptr<Link<WebSocketSession>> link_;
    std::shared_ptr<std::atomic<size_t>> queued_;
    size_t limit_;
  };

  void Opened(std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) {
    auto link = std::make_shared<Link<WebSocketSession>>(shared_from_this());
    link_ = link;
    events_ = open(std::make_shared<Handle>(link, queued_, state_->options.max_queued_bytes));
    stream_.text(true);
    Read();
  }

  void Read() {
    stream_.async_read(buffer_, [self = shared_from_this()](error_code error, size_t) {
      if (error) return self->Closed();
      if (!self->stream_.got_text()) {
        self->Close(websocket::close_code::unknown_data, "text frames only");
        return self->Read();
      }
      std::string text = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      if (!self->closing_ && self->events_.on_text) self->events_.on_text(std::move(text));
      self->Read();
    });
  }

  void WriteNext() {
    if (!queue_.empty()) {
      writing_ = true;
      stream_.async_write(asio::buffer(queue_.front()),
                          [self = shared_from_this()](error_code error, size_t) {
                            self->writing_ = false;
                            self->queued_->fetch_sub(self->queue_.front().size());
                            self->queue_.pop_front();
                            if (error) return self->Closed();
                            self->WriteNext();
                          });
    } else if (closing_ && !close_sent_) {
      close_sent_ = true;
      stream_.async_close(close_reason_,
                          [self = shared_from_this()](error_code) { self->Closed(); });
    }
  }

  // The peer does not read: no farewell can reach it either.
  void Abort() {
    closing_ = close_sent_ = true;
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

  void Closed() {
    closing_ = close_sent_ = true;
    // The users' handle must not keep a dead session.
    if (auto link = link_.lock()) link->Cut();
    if (auto on_close = std::exchange(events_.on_close, nullptr)) on_close();
    events_ = {};
  }

  std::shared_ptr<ServerState> state_;
  Strand executor_;
  websocket::stream<beast::tcp_stream, /*deflateSupported=*/false> stream_;
  BeastRequest request_;
  beast::flat_buffer buffer_;
  WebSocketEvents events_;
  std::weak_ptr<Link<WebSocketSession>> link_;
  std::deque<std::string> queue_;
  std::shared_ptr<std::atomic<size_t>> queued_ = std::make_shared<std::atomic<size_t>>(0);
  bool writing_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  websocket::close_reason close_reason_;
};

}  // namespace

void RunWebSocket(std::shared_ptr<ServerState> state, beast::tcp_stream stream,
                  BeastRequest request, std::string subprotocol,
                  std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) {
  stream.expires_never();
  auto session = std::make_shared<WebSocketSession>(std::move(state), std::move(stream));
  session->Accept(std::move(request), std::move(subprotocol), std::move(open));
}

}  // namespace agentflow::http
