#pragma once

#include <string>

namespace agentflow::testing {

// A private, empty Redis on loopback without persistence, ended with this object; or, when
// AGENTFLOW_TEST_REDIS is set, a database number of that server that no other instance of this
// process uses, flushed first. What goes wrong here ends the process with a message.
class RedisForTest {
 public:
  RedisForTest();
  ~RedisForTest();
  RedisForTest(const RedisForTest&) = delete;
  RedisForTest& operator=(const RedisForTest&) = delete;

  // redis://127.0.0.1:PORT/0
  const std::string& url() const { return url_; }
  // Kills and starts it again, empty, on the same port. Only of a private one.
  void Restart();

 private:
  void Launch();
  std::string url_;
  int port_ = 0;
  int pid_ = 0;
};

}  // namespace agentflow::testing
