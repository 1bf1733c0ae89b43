#include "services/gateway/client/redis_tokens.h"

#include <algorithm>

#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

// KEYS[1] the bucket; ARGV rate per second, burst, tokens wished for.
// Gives {tokens granted, milliseconds until there is another one}.
constexpr char kScript[] = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rate, burst, wish = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = burst
if held[1] then tokens = math.min(burst, held[1] + math.max(0, now - held[2]) * rate / 1000) end
local grant = math.min(wish, math.floor(tokens))
tokens = tokens - grant
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return {grant, math.ceil((1 - tokens) * 1000 / rate)}
)";

}  // namespace

RedisTokenStore::RedisTokenStore(std::string url) : client_({std::move(url), 500, 500}) {}

absl::StatusOr<std::vector<TokenStore::Grant>> RedisTokenStore::Take(
    const std::vector<Wish>& wishes) {
  for (const Wish& wish : wishes) {
    std::string key = "af:rate:{" + wish.key + "}";
    int rate = std::max(1, wish.rate.per_second);
    int burst = std::max(rate, wish.rate.burst);
    client_.Queue({"EVAL", kScript, "1", key, std::to_string(rate), std::to_string(burst),
                   std::to_string(wish.tokens)});
  }
  AF_ASSIGN_OR_RETURN(std::vector<redis::Reply> replies, client_.Flush());
  std::vector<Grant> grants;
  for (const redis::Reply& reply : replies) {
    if (reply.is_error() || reply.items.size() != 2) {
      return Internal("REDIS_ERROR", "rate limit: " + reply.text);
    }
    grants.push_back({reply.items[0].number, std::max<int64_t>(1, reply.items[1].number)});
  }
  return grants;
}

}  // namespace agentflow::gateway
