#pragma once

namespace agentflow::runtime {

// Waits for SIGTERM or SIGINT. Make it first in main, before any thread, because it blocks these
// signals in the calling thread and in all that it starts. SIGPIPE is ignored from then on.
class ShutdownSignal {
 public:
  ShutdownSignal();
  // The signal's number, or 0 after Raise().
  int Wait();
  // Ends the wait from another thread.
  void Raise();
};

}  // namespace agentflow::runtime
