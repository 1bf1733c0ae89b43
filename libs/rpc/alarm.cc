#include "libs/rpc/alarm.h"

#include <grpcpp/alarm.h>

#include <utility>

#include "libs/rpc/callback_queue.h"

namespace agentflow::rpc {

void After(std::chrono::milliseconds delay, std::function<void()> action) {
  KeepCallbackQueue();
  // It belongs to its own callback, which comes exactly once.
  auto* alarm = new grpc::Alarm();
  alarm->Set(std::chrono::system_clock::now() + delay, [alarm, action = std::move(action)](bool) {
    action();
    delete alarm;
  });
}

}  // namespace agentflow::rpc
