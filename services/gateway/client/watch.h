#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "libs/rpc/channel.h"
#include "libs/runtime/periodic.h"

namespace agentflow::gateway {

// Keeps a server stream open for as long as it lives: opens it again a second after it ended.
// Callbacks come one at a time and never after the destructor.
template <class Request, class Response>
class Watch {
 public:
  // `broken` is called each time the stream ended: what was said meanwhile is lost.
  Watch(rpc::ChannelPtr channel, std::string method, std::function<void(const Response&)> message,
        std::function<void()> broken)
      : state_(std::make_shared<State>()),
        channel_(std::move(channel)),
        method_(std::move(method)) {
    state_->message = std::move(message);
    state_->broken = std::move(broken);
    task_ = std::make_unique<runtime::PeriodicTask>("watch", std::chrono::seconds(1),
                                                    [this] { OpenUnlessOpen(); });
  }
  ~Watch() {
    task_->Stop();
    {
      std::lock_guard lock(state_->mutex);
      state_->over = true;
    }
    if (stream_) stream_.Cancel();
  }

 private:
  struct State {
    std::mutex mutex;  // held over callbacks, so that the destructor waits for them
    bool over = false;
    std::atomic<bool> open{false};
    std::function<void(const Response&)> message;
    std::function<void()> broken;
  };

  void OpenUnlessOpen() {
    if (state_->open.exchange(true)) return;
    rpc::CallOptions options;
    options.wait_for_ready = true;
    stream_ = channel_->template ServerStreaming<Request, Response>(method_, Request(), options);
    stream_.OnEnd([state = state_](const absl::Status&) {
      std::lock_guard lock(state->mutex);
      if (!state->over) state->broken();
      state->open = false;
    });
    stream_.Start([state = state_](Response message) {
      std::lock_guard lock(state->mutex);
      if (!state->over) state->message(message);
    });
  }

  std::shared_ptr<State> state_;
  rpc::ChannelPtr channel_;
  std::string method_;
  rpc::ClientStream<Request, Response> stream_;
  std::unique_ptr<runtime::PeriodicTask> task_;
};

}  // namespace agentflow::gateway
