#pragma once

namespace agentflow::rpc {

// Keeps the queue that all callbacks of gRPC share in a process alive until the process ends.
// gRPC 1.51 ends it with its last user, and now and then trips over it ("ref_counted.h: prior >
// 0") when servers and channels come and go, as they do in tests. Thread-safe; cheap after the
// first call.
void KeepCallbackQueue();

}  // namespace agentflow::rpc
