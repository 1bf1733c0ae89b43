#include "libs/http/server.h"

#include <charconv>
#include <optional>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "libs/base/status.h"
#include "libs/http/session_internal.h"

namespace agentflow::http {
namespace {

using asio::ip::tcp;

// One thread with everything its connections need.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Handler handler) : state_(std::make_shared<ServerState>()) {
    state_->options = std::move(options);
    state_->handler = std::move(handler);
    for (int i = 0; i < std::max(1, state_->options.threads); ++i) {
      loops_.push_back(std::make_unique<Loop>());
    }
  }

  ~AsioServer() override {
    for (auto& loop : loops_) loop->context.stop();
    for (auto& loop : loops_) {
      if (loop->thread.joinable()) loop->thread.join();
    }
    for (auto& session : state_->All()) session->Cut();
    acceptor_.reset();
    loops_.clear();
  }

  absl::Status Listen() {
    const std::string& listen = state_->options.listen;
    size_t colon = listen.rfind(':');
    boost::system::error_code error;
    std::string host = listen.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    auto address = asio::ip::make_address(host.empty() ? "0.0.0.0" : host, error);
    int port = -1;
    if (colon != std::string::npos) {
      const char* end = listen.data() + listen.size();
      auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
      if (parsed.ec != std::errc() || parsed.ptr != end) port = -1;
    }
    if (error || port < 0 || port > 65535) {
      return InvalidArgument("LISTEN_INVALID", "listen",
                             "\"" + listen + "\" is no address: write 127.0.0.1:8080");
    }
    acceptor_.emplace(loops_[0]->context);
    tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(1024, error);
    if (error)
      return Unavailable("LISTEN_FAILED", "cannot listen on " + listen + ": " + error.message());
    port_ = acceptor_->local_endpoint().port();
    Accept();
    for (auto& loop : loops_) {
      loop->thread = std::thread([context = &loop->context] { context->run(); });
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void Drain(std::chrono::milliseconds grace) override {
    state_->draining = true;
    asio::post(loops_[0]->context, [this] {
      boost::system::error_code ignored;
      acceptor_->close(ignored);
    });
    for (auto& session : state_->All()) {
      asio::post(session->executor(), [session] { session->Drain(); });
    }
    auto end = std::chrono::steady_clock::now() + grace;
    while (state_->Count() > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  void Accept() {
    Loop& loop = *loops_[next_++ % loops_.size()];
    acceptor_->async_accept(
        loop.context, [this, &loop](boost::system::error_code error, tcp::socket socket) {
          if (error == asio::error::operation_aborted || !acceptor_->is_open()) return;
          if (error) return RetryAccept();
          if (state_->Count() < static_cast<size_t>(state_->options.max_connections)) {
            asio::post(loop.context, [state = state_, socket = std::move(socket)]() mutable {
              RunConnection(std::move(state), std::move(socket));
            });
          }
          Accept();
        });
  }

  // Out of file descriptors, say: others will close theirs.
  void RetryAccept() {
    auto timer =
        std::make_shared<asio::steady_timer>(loops_[0]->context, std::chrono::milliseconds(100));
    timer->async_wait([this, timer](boost::system::error_code error) {
      if (!error) Accept();
    });
  }

  std::shared_ptr<ServerState> state_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  size_t next_ = 0;
  int port_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler) {
  auto server = std::make_unique<AsioServer>(std::move(options), std::move(handler));
  AF_RETURN_IF_ERROR(server->Listen());
  return server;
}

}  // namespace agentflow::http
