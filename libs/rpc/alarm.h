#pragma once

#include <chrono>
#include <functional>

namespace agentflow::rpc {

// Calls `action` once after `delay`, on one of the library's threads; it must not block. There is
// no way back: what may have ended by then asks first.
void After(std::chrono::milliseconds delay, std::function<void()> action);

}  // namespace agentflow::rpc
