#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/http/message.h"

// An asynchronous HTTP/1.1 and WebSocket server.
namespace agentflow::http {

// A long answer, sent piece by piece (server-sent events). Thread-safe.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Queues a piece. False: the peer is gone, or has not read what was sent for too long (more
  // than ServerOptions::max_queued_bytes wait); the connection is closed then.
  virtual bool Write(std::string piece) = 0;
  // Ends the answer after what is queued.
  virtual void Finish() = 0;
};

// One open WebSocket. Thread-safe.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queues a text message. False: closed, or the peer reads too slowly (see BodyWriter::Write).
  virtual bool Send(std::string text) = 0;
  // Closes after what is queued. Codes: RFC 6455, 7.4. `reason` at most 123 bytes.
  virtual void Close(uint16_t code, std::string reason) = 0;
};

// Called one after another, never at the same time, from a thread of the server; must not block.
struct WebSocketEvents {
  std::function<void(std::string text)> on_text;
  // Once, last: the connection is over, for whatever cause.
  std::function<void()> on_close;
};

// Where the answer to one request goes. Call exactly one of the three, once, from any thread,
// now or later. Dropped without an answer: the client gets a 500.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual void Send(Response response) = 0;
  // Sends status and headers; the body follows through the writer. `on_close` is called once when
  // the connection is over.
  virtual std::shared_ptr<BodyWriter> Stream(Response head, std::function<void()> on_close) = 0;
  // REQUIRES: request.websocket. `open` is called when the handshake is done; it gives what to
  // call from then on. `subprotocol` is the one chosen, or empty.
  virtual void Accept(std::string subprotocol,
                      std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open) = 0;
};

// Runs on a thread of the server and must not block.
using Handler = std::function<void(Request request, std::shared_ptr<Reply> reply)>;

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // port 0: any free one
  int threads = 2;
  size_t max_header_bytes = 16 << 10;                // more: 431, reason HEADER_TOO_LARGE
  size_t max_body_bytes = 8 << 20;                   // more: 413, reason BODY_TOO_LARGE
  size_t max_message_bytes = 1 << 20;                // of a WebSocket message from the peer
  size_t max_queued_bytes = 4 << 20;                 // waiting to be read by a slow peer
  int max_connections = 10'000;                      // more are closed at once
  std::chrono::milliseconds header_timeout{10'000};  // first to last byte of the headers
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds write_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};    // between two requests
  std::chrono::milliseconds websocket_ping{30'000};  // a peer silent for twice this is closed
};

class Server {
 public:
  // Listens and serves until destroyed.
  // Errors: INVALID_ARGUMENT, reason LISTEN_INVALID; UNAVAILABLE, reason LISTEN_FAILED.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler);

  virtual ~Server() = default;
  virtual int port() const = 0;
  // Accepts no more connections, answers what is under way with "Connection: close", closes
  // WebSockets with 1001, and returns when all is closed or `grace` is over.
  virtual void Drain(std::chrono::milliseconds grace) = 0;
};

}  // namespace agentflow::http
