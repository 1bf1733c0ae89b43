#pragma once

// Inside libs/http only: what connections and WebSockets have in common.

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "libs/http/server.h"

namespace agentflow::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Strand = asio::any_io_executor;  // one thread per context: no strand needed
using BeastRequest = beast::http::request<beast::http::string_body>;

// An open connection, as the server sees it.
class Session {
 public:
  virtual ~Session() = default;
  // On the session's thread: end soon, politely.
  virtual void Drain() = 0;
  // After the threads have ended: nobody outside may reach the session any more.
  virtual void Cut() = 0;
  virtual Strand executor() = 0;
};

// How threads outside reach a session: they may hold a link for longer than the server lives.
template <typename T>
class Link {
 public:
  explicit Link(std::shared_ptr<T> target) : target_(std::move(target)) {}

  // Runs f(session) on the session's thread. False when the session is gone.
  template <typename F>
  bool Run(F f) {
    std::lock_guard lock(mutex_);
    if (target_ == nullptr) return false;
    asio::dispatch(target_->executor(),
                   [target = target_, f = std::move(f)]() mutable { f(*target); });
    return true;
  }
  void Cut() {
    std::shared_ptr<T> target;
    std::lock_guard lock(mutex_);
    target.swap(target_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<T> target_;
};

// What all sessions of one server share.
struct ServerState {
  ServerOptions options;
  Handler handler;
  std::atomic<bool> draining{false};

  std::mutex mutex;
  std::map<Session*, std::weak_ptr<Session>> sessions;

  void Add(const std::shared_ptr<Session>& session) {
    std::lock_guard lock(mutex);
    sessions[session.get()] = session;
  }
  void Remove(Session* session) {
    std::lock_guard lock(mutex);
    sessions.erase(session);
  }
  std::vector<std::shared_ptr<Session>> All() {
    std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<Session>> all;
    for (auto& [key, weak] : sessions) {
      if (auto session = weak.lock()) all.push_back(std::move(session));
    }
    return all;
  }
  size_t Count() {
    std::lock_guard lock(mutex);
    return sessions.size();
  }
};

// Takes over a connection whose request asked for it (websocket.cc).
void RunWebSocket(std::shared_ptr<ServerState> state, beast::tcp_stream stream,
                  BeastRequest request, std::string subprotocol,
                  std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> open);

// Serves a new connection (connection.cc).
void RunConnection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket);

}  // namespace agentflow::http
