#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Redis as an index that may vanish at any moment: one blocking connection with pipelining.
namespace agentflow::redis {

// What the server answered to one command.
struct Reply {
  enum class Kind { kNil, kString, kInt, kArray, kError };
  Kind kind = Kind::kNil;
  int64_t number = 0;
  std::string text;  // kString (status answers too) and kError
  std::vector<Reply> items;

  bool is_nil() const { return kind == Kind::kNil; }
  bool is_error() const { return kind == Kind::kError; }
};

struct Options {
  // redis://[:password@]host:port[/db]
  std::string url;
  int connect_timeout_ms = 1000;
  // For each answer; blocking reads add their own block time.
  int timeout_ms = 2000;
};

// A connection that is made at the first call and again after it broke: a failed call is the
// caller's to repeat. Not thread-safe: one per thread.
//
// Errors: UNAVAILABLE reason REDIS_UNAVAILABLE (no connection, or it broke: what was sent may or
// may not have been done), INTERNAL reason REDIS_ERROR (the server refused the command).
class Client {
 public:
  explicit Client(Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using Arguments = std::vector<std::string_view>;

  // One command, one round trip. `extra_wait_ms` is added to the time-out (BLOCK).
  absl::StatusOr<Reply> Call(const Arguments& arguments, int extra_wait_ms = 0);

  // Adds a command to the pipeline; nothing is sent yet. Copies the arguments.
  void Queue(const Arguments& arguments);
  // Sends what was queued and waits for all answers, one for each command in order. A command
  // that the server refused is a Reply of kind kError in its place; the others stand.
  absl::StatusOr<std::vector<Reply>> Flush(int extra_wait_ms = 0);
  size_t queued() const { return queued_; }

  // Closes the connection; the next call makes a new one.
  void Disconnect();

  // Names the data set: changes when the server was restarted (its run_id) or emptied (a nonce kept
  // under `nonce_key`, made if missing). Whoever indexed something in Redis writes it again
  // when this is not what it was.
  absl::StatusOr<std::string> Incarnation(std::string_view nonce_key = "af:nonce");

 private:
  struct Connection;
  absl::Status Connect();
  absl::Status Broken(std::string_view doing);

  const Options options_;
  std::unique_ptr<Connection> connection_;
  std::string pipeline_;
  size_t queued_ = 0;
};

}  // namespace agentflow::redis
