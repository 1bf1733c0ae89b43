#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/testing/postgres.h"

namespace agentflow::testing {

// A way to a test's database that can be broken: a Unix socket in front of the server's. For what
// happens when an answer is lost, which killing the server's side cannot show reliably.
class PostgresProxy {
 public:
  explicit PostgresProxy(const PostgresForTest& database);
  ~PostgresProxy();

  // As PostgresForTest::Url, through the proxy.
  std::string Url(std::string_view role) const;
  // From now on the server's answers vanish; what clients send still arrives.
  void SwallowAnswers();
  // Breaks all connections and lets answers of new ones through again.
  void Cut();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace agentflow::testing
