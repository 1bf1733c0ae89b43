#include "libs/redis/client.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdlib>
#include <random>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::redis {
namespace {

struct Address {
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string password;
  std::string database;
};

absl::StatusOr<Address> ParseUrl(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.substr(0, kScheme.size()) != kScheme) {
    return InvalidArgument("REDIS_URL_INVALID", "redis.url",
                           "A Redis address looks like redis://:password@host:6379/0");
  }
  url.remove_prefix(kScheme.size());
  Address address;
  if (size_t at = url.rfind('@'); at != url.npos) {
    std::string_view user = url.substr(0, at);
    if (size_t colon = user.find(':'); colon != user.npos) user.remove_prefix(colon + 1);
    address.password = std::string(user);
    url.remove_prefix(at + 1);
  }
  if (size_t slash = url.find('/'); slash != url.npos) {
    address.database = std::string(url.substr(slash + 1));
    url = url.substr(0, slash);
  }
  if (size_t colon = url.rfind(':'); colon != url.npos) {
    address.port = std::atoi(std::string(url.substr(colon + 1)).c_str());
    url = url.substr(0, colon);
  }
  if (!url.empty()) address.host = std::string(url);
  return address;
}

Reply Convert(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::kString;
      reply.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::kInt;
      reply.number = raw.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::kArray;
      reply.items.reserve(raw.elements);
      for (size_t i = 0; i < raw.elements; ++i) reply.items.push_back(Convert(*raw.element[i]));
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = Reply::Kind::kError;
      reply.text.assign(raw.str, raw.len);
      break;
    default:
      break;
  }
  return reply;
}

timeval Milliseconds(int ms) {
  return {ms / 1000, (ms % 1000) * 1000};
}

// The wire form of a command (RESP).
void AppendCommand(const Client::Arguments& arguments, std::string& out) {
  out += '*';
  out += std::to_string(arguments.size());
  out += "\r\n";
  for (std::string_view argument : arguments) {
    out += '$';
    out += std::to_string(argument.size());
    out += "\r\n";
    out += argument;
    out += "\r\n";
  }
}

std::string NewNonce() {
  std::random_device device;
  std::string nonce;
  for (int i = 0; i < 4; ++i) nonce += std::to_string(device()) + "-";
  return nonce;
}

}  // namespace

struct Client::Connection {
  redisContext* context = nullptr;
  ~Connection() {
    if (context != nullptr) redisFree(context);
  }
};

Client::Client(Options options) : options_(std::move(options)) {}
Client::~Client() = default;

void Client::Disconnect() {
  connection_.reset();
}

absl::Status Client::Broken(std::string_view doing) {
  std::string why = "no answer";
  if (connection_ != nullptr && connection_->context != nullptr && connection_->context->err != 0) {
    why = connection_->context->errstr;
  }
  Disconnect();
  return Unavailable("REDIS_UNAVAILABLE", "Redis failed while " + std::string(doing) + ": " + why);
}

absl::Status Client::Connect() {
  if (connection_ != nullptr) return absl::OkStatus();
  AF_ASSIGN_OR_RETURN(const Address address, ParseUrl(options_.url));
  connection_ = std::make_unique<Connection>();
  connection_->context = redisConnectWithTimeout(address.host.c_str(), address.port,
                                                 Milliseconds(options_.connect_timeout_ms));
  redisContext* context = connection_->context;
  if (context == nullptr || context->err != 0) return Broken("connecting");
  redisSetTimeout(context, Milliseconds(options_.timeout_ms));
  redisEnableKeepAlive(context);
  std::vector<Arguments> hello;
  if (!address.password.empty()) hello.push_back({"AUTH", address.password});
  if (!address.database.empty() && address.database != "0") {
    hello.push_back({"SELECT", address.database});
  }
  for (const Arguments& command : hello) {
    std::string wire;
    AppendCommand(command, wire);
    void* raw = nullptr;
    if (redisAppendFormattedCommand(context, wire.data(), wire.size()) != REDIS_OK ||
        redisGetReply(context, &raw) != REDIS_OK) {
      return Broken("signing in");
    }
    const Reply reply = Convert(*static_cast<redisReply*>(raw));
    freeReplyObject(raw);
    if (reply.is_error()) {
      Disconnect();
      return Unavailable("REDIS_UNAVAILABLE", "Redis refused the sign-in: " + reply.text);
    }
  }
  return absl::OkStatus();
}

void Client::Queue(const Arguments& arguments) {
  AppendCommand(arguments, pipeline_);
  ++queued_;
}

absl::StatusOr<std::vector<Reply>> Client::Flush(int extra_wait_ms) {
  const std::string wire = std::exchange(pipeline_, std::string());
  const size_t count = std::exchange(queued_, 0);
  std::vector<Reply> replies;
  if (count == 0) return replies;
  AF_RETURN_IF_ERROR(Connect());
  redisContext* context = connection_->context;
  if (extra_wait_ms > 0)
    redisSetTimeout(context, Milliseconds(options_.timeout_ms + extra_wait_ms));
  if (redisAppendFormattedCommand(context, wire.data(), wire.size()) != REDIS_OK) {
    return Broken("sending");
  }
  replies.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    void* raw = nullptr;
    if (redisGetReply(context, &raw) != REDIS_OK || raw == nullptr) return Broken("waiting");
    replies.push_back(Convert(*static_cast<redisReply*>(raw)));
    freeReplyObject(raw);
  }
  if (extra_wait_ms > 0) redisSetTimeout(context, Milliseconds(options_.timeout_ms));
  return replies;
}

absl::StatusOr<Reply> Client::Call(const Arguments& arguments, int extra_wait_ms) {
  // What others queued goes first and keeps its answers out of ours.
  std::string waiting = std::exchange(pipeline_, std::string());
  const size_t waiting_count = std::exchange(queued_, 0);
  Queue(arguments);
  absl::StatusOr<std::vector<Reply>> replies = Flush(extra_wait_ms);
  pipeline_ = std::move(waiting);
  queued_ = waiting_count;
  AF_RETURN_IF_ERROR(replies.status());
  Reply reply = std::move(replies->front());
  if (reply.is_error()) return Internal("REDIS_ERROR", "Redis refused a command: " + reply.text);
  return reply;
}

absl::StatusOr<std::string> Client::Incarnation(std::string_view nonce_key) {
  AF_ASSIGN_OR_RETURN(const Reply info, Call({"INFO", "server"}));
  std::string run_id;
  if (size_t at = info.text.find("run_id:"); at != std::string::npos) {
    run_id = info.text.substr(at + 7, info.text.find_first_of("\r\n", at) - at - 7);
  }
  const std::string nonce = NewNonce();
  AF_RETURN_IF_ERROR(Call({"SET", nonce_key, nonce, "NX"}).status());
  AF_ASSIGN_OR_RETURN(const Reply kept, Call({"GET", nonce_key}));
  return run_id + "/" + kept.text;
}

}  // namespace agentflow::redis
