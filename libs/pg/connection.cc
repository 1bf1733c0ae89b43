#include "libs/pg/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <pqxx/pqxx>
#include <unordered_map>
#include <vector>

#include "libs/obs/log.h"
#include "libs/pg/error.h"

namespace agentflow::pg {
namespace {

class PqxxResult final : public Result::Impl {
 public:
  explicit PqxxResult(pqxx::result result) : result_(std::move(result)) {}
  size_t rows() const override { return result_.size(); }
  int64_t affected() const override { return static_cast<int64_t>(result_.affected_rows()); }
  std::optional<std::string_view> Cell(int row, int column) const override {
    const pqxx::field field = result_[static_cast<pqxx::result::size_type>(row)]
                                     [static_cast<pqxx::row::size_type>(column)];
    if (field.is_null()) return std::nullopt;
    return std::string_view(field.c_str(), field.size());
  }

 private:
  pqxx::result result_;
};

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.') {
      out += static_cast<char>(c);
    } else {
      char buffer[4];
      std::snprintf(buffer, sizeof(buffer), "%%%02X", c);
      out += buffer;
    }
  }
  return out;
}

// libpqxx 6.4 forgets the SQLSTATE of the errors it has a type for.
std::string SqlStateOfError(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error)) return "42501";
  if (dynamic_cast<const pqxx::undefined_table*>(&error)) return "42P01";
  if (dynamic_cast<const pqxx::undefined_column*>(&error)) return "42703";
  if (dynamic_cast<const pqxx::syntax_error*>(&error)) return "42601";
  if (dynamic_cast<const pqxx::unique_violation*>(&error)) return "23505";
  if (dynamic_cast<const pqxx::foreign_key_violation*>(&error)) return "23503";
  if (dynamic_cast<const pqxx::not_null_violation*>(&error)) return "23502";
  if (dynamic_cast<const pqxx::check_violation*>(&error)) return "23514";
  if (dynamic_cast<const pqxx::integrity_constraint_violation*>(&error)) return "23000";
  if (dynamic_cast<const pqxx::data_exception*>(&error)) return "22000";
  if (dynamic_cast<const pqxx::insufficient_resources*>(&error)) return "53000";
  if (dynamic_cast<const pqxx::feature_not_supported*>(&error)) return "0A000";
  return "";
}

// Addresses and the like are for the log, not for whoever made the request.
absl::Status LostConnection(std::string_view what) {
  obs::Warn("database connection lost", {{"error", what}});
  return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
               "the connection to the database was lost; try again",
               {{kErrorRetryAfterMs, "500"}});
}

}  // namespace

struct Connection::Impl {
  explicit Impl(const std::string& url)
      : connection(url), quiet(connection), tx(connection), socket(dup(connection.sock())) {}
  ~Impl() { close(socket); }
  pqxx::connection connection;
  pqxx::quiet_errorhandler quiet;
  // Passes commands on as they are; BEGIN and COMMIT are ours.
  pqxx::nontransaction tx;
  std::unordered_map<std::string, std::string> prepared;  // name to SQL
  const int socket;  // a copy of our own: the number cannot mean another one in Break
};

std::string WithSetting(const std::string& url, std::string_view key, std::string_view value) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return url + (url.find('?') == std::string::npos ? "?" : "&") + std::string(key) + "=" +
           PercentEncode(value);
  }
  std::string quoted = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return url + " " + std::string(key) + "=" + quoted + "'";
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  std::string settings = "-c TimeZone=UTC -c DateStyle=ISO";
  if (options.statement_timeout_ms > 0) {
    settings += " -c statement_timeout=" + std::to_string(options.statement_timeout_ms);
  }
  int timeout_s = std::max(2, (options.connect_timeout_ms + 999) / 1000);
  std::string url = WithSetting(options.url, "connect_timeout", std::to_string(timeout_s));
  url = WithSetting(url, "application_name", options.name);
  url = WithSetting(url, "options", settings);
  // Half of a connection, whose other end is gone without a word.
  url = WithSetting(url, "tcp_user_timeout", std::to_string(options.connect_timeout_ms));
  try {
    return std::unique_ptr<Connection>(new Connection(std::make_unique<Impl>(url)));
  } catch (const std::exception& error) {
    obs::Warn("database not reached", {{"name", options.name}, {"error", error.what()}});
    return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                 "the database cannot be reached; try again", {{kErrorRetryAfterMs, "500"}});
  }
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

bool Connection::lost() const {
  return !impl_->connection.is_open();
}

void Connection::Break() {
  shutdown(impl_->socket, SHUT_RDWR);
}

std::string Connection::Quote(std::string_view text) const {
  return impl_->connection.quote(std::string(text));
}

namespace {

// Runs `body`, which gives a pqxx::result, and turns what it throws into a status.
template <typename Body>
absl::StatusOr<Result> Guarded(const pqxx::connection& connection, std::string_view name,
                               const Body& body) {
  try {
    return Result(std::make_shared<PqxxResult>(body()));
  } catch (const pqxx::sql_error& error) {
    if (!connection.is_open()) return LostConnection(error.what());
    return FromSqlState(SqlStateOfError(error), error.what(), name);
  } catch (const pqxx::broken_connection& error) {
    return LostConnection(error.what());
  } catch (const std::exception& error) {
    if (!connection.is_open()) return LostConnection(error.what());
    return Internal("DATABASE_STATEMENT",
                    "database statement " + std::string(name) + " failed: " + error.what());
  }
}

}  // namespace

absl::StatusOr<Result> Connection::Script(std::string_view sql, std::string_view name) {
  if (lost()) return LostConnection("earlier");
  return Guarded(impl_->connection, name, [&] { return impl_->tx.exec(std::string(sql)); });
}

absl::StatusOr<Result> Connection::Prepared(const Statement& statement,
                                            std::span<const Param> params) {
  if (lost()) return LostConnection("earlier");
  for (const Param& param : params) {
    // It would be cut off there.
    if (param.text() && param.text()->find('\0') != std::string::npos) {
      return FromSqlState("22021", "a text must not hold a NUL character", statement.name);
    }
  }
  return Guarded(impl_->connection, statement.name, [&] {
    auto [known, first] = impl_->prepared.try_emplace(statement.name, statement.sql);
    if (first) {
      impl_->connection.prepare(statement.name, statement.sql);
    } else {
      // Two statements under one name: the second would run as the first.
      AF_CHECK(known->second == statement.sql);
    }
    std::vector<const char*> texts;
    texts.reserve(params.size());
    for (const Param& param : params)
      texts.push_back(param.text() ? param.text()->c_str() : nullptr);
    return impl_->tx.exec_prepared(statement.name, pqxx::prepare::make_dynamic_params(texts));
  });
}

}  // namespace agentflow::pg
