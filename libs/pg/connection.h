#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/pg/param.h"
#include "libs/pg/result.h"
#include "libs/pg/statement.h"

// Private to libs/pg: one connection of the request path. The only user of libpqxx.
namespace agentflow::pg {

// What a Result holds on to.
struct Result::Impl {
  virtual ~Impl() = default;
  virtual size_t rows() const = 0;
  virtual int64_t affected() const = 0;
  // Nullopt is null.
  virtual std::optional<std::string_view> Cell(int row, int column) const = 0;
};

struct ConnectionOptions {
  std::string url;
  std::string name;
  int connect_timeout_ms = 3'000;
  int statement_timeout_ms = 0;  // 0: none
};

// The URL with more settings in it, e.g. {"connect_timeout", "3"}; both URI and key=value forms.
std::string WithSetting(const std::string& url, std::string_view key, std::string_view value);

// Not thread-safe.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();

  // Plain SQL, possibly several statements.
  absl::StatusOr<Result> Script(std::string_view sql, std::string_view name);
  // A prepared statement, prepared here at its first use.
  absl::StatusOr<Result> Prepared(const Statement& statement, std::span<const Param> params);
  // The text as an SQL literal, quotes included.
  std::string Quote(std::string_view text) const;
  // Once true, nothing works any more.
  bool lost() const;
  // From any thread: whatever waits for the server's answer gets none, and the connection is lost.
  void Break();

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentflow::pg
