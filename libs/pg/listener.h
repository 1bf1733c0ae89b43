#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace agentflow::pg {

struct ListenerOptions {
  std::string url;
  std::string name = "agentflow";  // application_name
  std::string channel;             // of NOTIFY; an SQL identifier
  // Between looks while nothing is told, and while the server cannot be reached.
  std::chrono::milliseconds quiet{5'000};
  std::chrono::milliseconds away{200};
};

// Calls `look` on a thread of its own whenever another session may have news: after every NOTIFY on
// the channel, after connecting anew, and at times all the same, since a connection may be dead
// without a word. While nothing happens it costs the server no query.
class Listener {
 public:
  Listener(ListenerOptions options, std::function<void()> look);
  // Waits for a look under way.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentflow::pg
