#include <ctime>
#include <deque>
#include <optional>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "libs/base/status.h"
#include "libs/http/problem.h"
#include "libs/http/session_internal.h"

namespace agentflow::http {
namespace {

using beast::error_code;

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string HttpDate() {
  thread_local std::time_t last = 0;
  thread_local std::string text;
  std::time_t now = std::time(nullptr);
  if (now != last) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    char buffer[64];
    text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    last = now;
  }
  return text;
}

// A header field cannot hold line breaks: whoever tried would write fields of their own.
void AppendField(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (char c : value) head += (c == '\r' || c == '\n' || c == '\0') ? ' ' : c;
  head += "\r\n";
}

std::string HeadOf(const Response& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += std::string_view(
      beast::http::obsolete_reason(static_cast<beast::http::status>(response.status)));
  head += "\r\n";
  for (const auto& [name, value] : response.headers) AppendField(head, name, value);
  AppendField(head, "Date", HttpDate());
  return head;
}

// One connection: reads a request, waits for its answer, writes it, and again.
class Connection final : public Session, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket)
      : state_(std::move(state)), executor_(socket.get_executor()), stream_(std::move(socket)) {
    error_code ignored;
    auto endpoint = stream_.socket().remote_endpoint(ignored);
    remote_address_ = endpoint.address().to_string(ignored);
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  ~Connection() override {
    StreamOver();
    state_->Remove(this);
  }

  void Start() {
    state_->Add(shared_from_this());
    WaitForRequest();
  }

  // --- answers; on the connection's thread ---

  void Send(Response response) {
    bool head_only = head_request_;
    bool bodyless = response.status == 304 || response.status == 204;
    keep_alive_ = keep_alive_ && !state_->draining;
    out_ = HeadOf(response);
    if (!bodyless) AppendField(out_, "Content-Length", std::to_string(response.body.size()));
    if (!keep_alive_) AppendField(out_, "Connection", "close");
    out_ += "\r\n";
    out_body_ = head_only || bodyless ? "" : std::move(response.body);
    stream_.expires_after(state_->options.write_timeout);
    std::array<asio::const_buffer, 2> buffers = {asio::buffer(out_), asio::buffer(out_body_)};
    asio::async_write(stream_, buffers, [self = shared_from_this()](error_code error, size_t) {
      if (error) return;
      self->keep_alive_ ? self->WaitForRequest() : self->Linger();
    });
  }

  void StartStream(Response head, std::function<void()> on_close,
                   std::shared_ptr<std::atomic<size_t>> queued) {
    on_close_ = std::move(on_close);
    queued_ = std::move(queued);
    streaming_ = true;
    keep_alive_ = false;
    out_ = HeadOf(head);
    if (chunked_) AppendField(out_, "Transfer-Encoding", "chunked");
    AppendField(out_, "Connection", "close");
    out_ += "\r\n";
    // A read that waits for nothing notices when the peer goes.
    stream_.expires_never();
    WatchPeer();
    WriteStream();
  }

  void WritePiece(std::string piece) {
    pieces_.push_back(std::move(piece));
    if (!writing_) WriteStream();
  }

  void FinishStream() {
    finishing_ = true;
    if (!writing_) WriteStream();
  }

  void Abort() {
    error_code ignored;
    stream_.socket().close(ignored);  // the read that waits ends with it
  }

  void Accept(std::string subprotocol,
              std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) {
    RunWebSocket(state_, std::move(stream_), parser_->release(), std::move(subprotocol),
                 std::move(open));
  }

  // --- Session ---

  void Drain() override {
    if (idle_) {
      error_code ignored;
      stream_.socket().close(ignored);
    } else if (streaming_) {
      FinishStream();
    }
  }
  void Cut() override {
    if (auto link = link_.lock()) link->Cut();
  }
  Strand executor() override { return executor_; }

 private:
  class ReplyHandle;
  class Writer;

  void WaitForRequest() {
    if (state_->draining) return;
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(state_->options.max_header_bytes));
    parser_->body_limit(state_->options.max_body_bytes);
    if (buffer_.size() > 0) return ReadHeader();
    idle_ = true;
    stream_.expires_after(state_->options.idle_timeout);
    stream_.async_read_some(buffer_.prepare(8192),
                            [self = shared_from_this()](error_code error, size_t bytes) {
                              self->idle_ = false;
                              if (error) return;
                              self->buffer_.commit(bytes);
                              self->ReadHeader();
                            });
  }

  void ReadHeader() {
    stream_.expires_after(state_->options.header_timeout);
    beast::http::async_read_header(stream_, buffer_, *parser_,
                                   [self = shared_from_this()](error_code error, size_t) {
                                     if (error) return self->Refuse(error);
                                     self->OnHeader();
                                   });
  }

  void OnHeader() {
    stream_.expires_after(state_->options.body_timeout);
    if (parser_->is_done()) return Dispatch();
    if (EqualIgnoringCase(std::string_view(parser_->get()[beast::http::field::expect]),
                          "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kContinue),
                        [self = shared_from_this()](error_code error, size_t) {
                          if (!error) self->ReadBody();
                        });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    beast::http::async_read(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, size_t) {
                              if (error) return self->Refuse(error);
                              self->Dispatch();
                            });
  }

  // Answers what could not be read as a request, where there is somebody to answer.
  void Refuse(error_code error) {
    absl::Status status;
    if (error == beast::http::error::body_limit) {
      status = Error(
          absl::StatusCode::kInvalidArgument, "BODY_TOO_LARGE",
          "the body is larger than " + std::to_string(state_->options.max_body_bytes) + " bytes",
          {{kErrorLimit, "max_body_bytes"}});
    } else if (error == beast::http::error::header_limit) {
      status = Error(absl::StatusCode::kInvalidArgument, "HEADER_TOO_LARGE",
                     "the header fields are larger than " +
                         std::to_string(state_->options.max_header_bytes) + " bytes",
                     {{kErrorLimit, "max_header_bytes"}});
    } else if (error == beast::http::error::end_of_stream ||
               error == beast::http::error::partial_message ||
               error.category() !=
                   beast::http::make_error_code(beast::http::error::bad_version).category()) {
      return;  // gone, or too slow
    } else {
      status = InvalidArgument("HTTP_MALFORMED", "", "this is no HTTP request: " + error.message());
    }
    keep_alive_ = false;
    head_request_ = false;
    Response response = ProblemResponse(status, "", "");
    Send(std::move(response));
  }

  void Dispatch();

  // Closes so that the answer arrives: a socket closed with unread input resets the connection,
  // which can take the answer with it.
  void Linger() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds(2));
    Swallow(4 * state_->options.max_body_bytes);
  }

  void Swallow(size_t most) {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(65536),
                            [self = shared_from_this(), most](error_code error, size_t bytes) {
                              if (!error && bytes < most) self->Swallow(most - bytes);
                            });
  }

  void WatchPeer() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(512),
                            [self = shared_from_this()](error_code error, size_t) {
                              if (error) return self->StreamOver();
                              self->WatchPeer();
                            });
  }

  // Everything that waits goes out in one write.
  void WriteStream() {
    size_t bytes = 0;
    for (std::string& piece : pieces_) {
      bytes += piece.size();
      if (!chunked_) {
        out_ += piece;
      } else if (!piece.empty()) {
        char size[20];
        out_.append(size, std::snprintf(size, sizeof size, "%zx\r\n", piece.size()));
        out_ += piece;
        out_ += "\r\n";
      }
    }
    pieces_.clear();
    if (finishing_ && !finished_) {
      finished_ = true;
      if (chunked_) out_ += "0\r\n\r\n";
    }
    if (out_.empty()) {
      // Whatever the peer sent was read all the time, so a plain close loses nothing.
      if (finished_) stream_.close();
      return;
    }
    writing_ = true;
    sending_.swap(out_);
    out_.clear();
    stream_.expires_after(state_->options.write_timeout);
    asio::async_write(stream_, asio::buffer(sending_),
                      [self = shared_from_this(), bytes](error_code error, size_t) {
                        self->writing_ = false;
                        self->queued_->fetch_sub(bytes);
                        if (error) return self->StreamOver();
                        self->WriteStream();
                      });
  }

  void StreamOver() {
    if (auto link = link_.lock()) link->Cut();
    if (auto on_close = std::exchange(on_close_, nullptr)) on_close();
  }

  std::shared_ptr<ServerState> state_;
  Strand executor_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::string remote_address_;
  std::weak_ptr<Link<Connection>> link_;
  bool keep_alive_ = false;
  bool head_request_ = false;
  bool chunked_ = true;
  bool idle_ = false;

  std::string out_;
  std::string out_body_;

  // Of a streamed answer.
  bool streaming_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool finished_ = false;
  std::string sending_;
  std::deque<std::string> pieces_;
  std::shared_ptr<std::atomic<size_t>> queued_;
  std::function<void()> on_close_;
};

class Connection::Writer final : public BodyWriter {
 public:
  Writer(std::shared_ptr<Link<Connection>> link, std::shared_ptr<std::atomic<size_t>> queued,
         size_t limit)
      : link_(std::move(link)), queued_(std::move(queued)), limit_(limit) {}
  ~Writer() override { Finish(); }

  bool Write(std::string piece) override {
    size_t size = piece.size();
    if (queued_->fetch_add(size) + size > limit_) {
      link_->Run([](Connection& connection) { connection.Abort(); });
      return false;
    }
    return link_->Run([piece = std::move(piece)](Connection& connection) mutable {
      connection.WritePiece(std::move(piece));
    });
  }
  void Finish() override {
    link_->Run([](Connection& connection) { connection.FinishStream(); });
  }

 private:
  std::shared_ptr<Link<Connection>> link_;
  std::shared_ptr<std::atomic<size_t>> queued_;
  size_t limit_;
};

class Connection::ReplyHandle final : public Reply {
 public:
  ReplyHandle(std::shared_ptr<Link<Connection>> link, size_t queue_limit)
      : link_(std::move(link)), queue_limit_(queue_limit) {}
  ~ReplyHandle() override {
    if (!answered_.exchange(true)) {
      Response response =
          ProblemResponse(Internal("NO_ANSWER", "the request was dropped; try again"), "", "");
      Deliver(
          [response = std::move(response)](Connection& c) mutable { c.Send(std::move(response)); });
    }
  }
  void Send(Response response) override {
    AF_CHECK(!answered_.exchange(true));
    Deliver(
        [response = std::move(response)](Connection& c) mutable { c.Send(std::move(response)); });
  }
  std::shared_ptr<BodyWriter> Stream(Response head, std::function<void()> on_close) override {
    AF_CHECK(!answered_.exchange(true));
    auto queued = std::make_shared<std::atomic<size_t>>(0);
    auto writer = std::make_shared<Writer>(link_, queued, queue_limit_);
    link_->Run(
        [head = std::move(head), on_close = std::move(on_close), queued](Connection& c) mutable {
          c.StartStream(std::move(head), std::move(on_close), std::move(queued));
        });
    return writer;
  }
  void Accept(std::string subprotocol,
              std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) override {
    AF_CHECK(!answered_.exchange(true));
    Deliver([subprotocol = std::move(subprotocol), open = std::move(open)](Connection& c) mutable {
      c.Accept(std::move(subprotocol), std::move(open));
    });
  }

 private:
  template <typename F>
  void Deliver(F f) {
    link_->Run(std::move(f));
    link_->Cut();  // the connection lives on by its own reads and writes
  }

  std::shared_ptr<Link<Connection>> link_;
  size_t queue_limit_;
  std::atomic<bool> answered_{false};
};

void Connection::Dispatch() {
  BeastRequest& message = parser_->get();
  Request request;
  request.method = std::string(message.method_string());
  std::string_view target(message.target().data(), message.target().size());
  size_t question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) request.query = std::string(target.substr(question + 1));
  for (const auto& field : message) {
    request.headers.Add(std::string(field.name_string()), std::string(field.value()));
  }
  request.remote_address = remote_address_;
  request.websocket = beast::websocket::is_upgrade(message);
  request.body = std::move(message.body());
  keep_alive_ = message.keep_alive();
  head_request_ = message.method() == beast::http::verb::head;
  chunked_ = message.version() >= 11;
  stream_.expires_never();
  auto link = std::make_shared<Link<Connection>>(shared_from_this());
  link_ = link;
  state_->handler(std::move(request),
                  std::make_shared<ReplyHandle>(std::move(link), state_->options.max_queued_bytes));
}

}  // namespace

void RunConnection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket) {
  std::make_shared<Connection>(std::move(state), std::move(socket))->Start();
}

}  // namespace agentflow::http
