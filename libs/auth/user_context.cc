#include "libs/auth/user_context.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"
#include "libs/json/value.h"

namespace agentflow::auth {
namespace {

constexpr char kIssuer[] = "agentflow-gateway";
constexpr char kAudience[] = "agentflow";
// Clocks of two machines may differ by this much.
constexpr int64_t kLeewaySeconds = 5;
constexpr size_t kMaxContextSize = 16384;

json::Array ToArray(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

std::vector<std::string> TextsOf(const json::Value& claims, std::string_view key) {
  std::vector<std::string> out;
  const json::Value* list = claims.Find(key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::Value& item : list->as_array()) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

absl::Status Invalid(std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, "CONTEXT_INVALID", message);
}

absl::Status Expired() {
  return Error(absl::StatusCode::kUnauthenticated, "CONTEXT_EXPIRED",
               "the user context has expired; call again through the gateway");
}

}  // namespace

std::string ContextMinter::Mint(const Principal& principal, std::chrono::seconds life) const {
  int64_t now = clock_->Now() / 1'000'000;
  json::Value claims(json::Object{
      {"iss", kIssuer},
      {"aud", kAudience},
      {"ten", principal.tenant},
      {"sub", principal.name},
      {"eml", principal.email},
      {"nam", principal.display_name},
      {"rol", ToArray(principal.roles)},
      {"per", ToArray(principal.permissions)},
      {"iat", now},
      {"exp", now + std::min(life, kContextLife).count()},
  });
  return key_.Sign(json::Dump(claims));
}

// Bounded by emptying: at the limit everything is checked anew, which costs little and rarely
// happens.
struct ContextVerifier::Cache {
  struct Entry {
    PrincipalPtr principal;
    UnixMicros ends = 0;
  };
  struct HashOfHash {
    size_t operator()(const crypto::Sha256Bytes& hash) const {
      size_t out;
      std::copy_n(hash.begin(), sizeof out, reinterpret_cast<uint8_t*>(&out));
      return out;
    }
  };

  size_t limit;
  std::mutex mutex;
  std::unordered_map<crypto::Sha256Bytes, Entry, HashOfHash> entries;
};

ContextVerifier::ContextVerifier(std::vector<crypto::VerifyingKey> keys, const Clock* clock,
                                 size_t cache_limit)
    : keys_(std::move(keys)), clock_(clock), cache_(std::make_unique<Cache>()) {
  cache_->limit = cache_limit;
}

ContextVerifier::~ContextVerifier() = default;

absl::StatusOr<PrincipalPtr> ContextVerifier::Verify(std::string_view context) {
  if (context.size() > kMaxContextSize) return Invalid("the user context is too large");
  crypto::Sha256Bytes hash = crypto::Sha256(context);
  {
    std::lock_guard lock(cache_->mutex);
    auto found = cache_->entries.find(hash);
    if (found != cache_->entries.end()) {
      if (clock_->Now() < found->second.ends) return found->second.principal;
      cache_->entries.erase(found);
      return Expired();
    }
  }
  UnixMicros ends = 0;
  AF_ASSIGN_OR_RETURN(PrincipalPtr principal, VerifyAnew(context, &ends));
  std::lock_guard lock(cache_->mutex);
  if (cache_->entries.size() >= cache_->limit) cache_->entries.clear();
  cache_->entries[hash] = {principal, ends};
  return principal;
}

absl::StatusOr<PrincipalPtr> ContextVerifier::VerifyAnew(std::string_view context,
                                                         UnixMicros* ends) const {
  std::string key_id = crypto::KeyIdOf(context);
  auto key = std::find_if(keys_.begin(), keys_.end(),
                          [&](const auto& candidate) { return candidate.key_id() == key_id; });
  if (key == keys_.end()) return Invalid("the user context is not signed by a known gateway key");
  absl::StatusOr<std::string> payload = key->Verify(context);
  if (!payload.ok()) return Invalid("the user context's signature does not hold");
  absl::StatusOr<json::Value> claims = json::Parse(*payload);
  if (!claims.ok() || !claims->is_object()) return Invalid("the user context holds no claims");
  if (claims->StringOr("iss") != kIssuer || claims->StringOr("aud") != kAudience) {
    return Invalid("the user context was made for something else");
  }
  int64_t now = clock_->Now() / 1'000'000;
  int64_t issued = claims->IntOr("iat", 0);
  int64_t expires = claims->IntOr("exp", 0);
  if (expires - issued > kContextLife.count() || issued > now + kLeewaySeconds) {
    return Invalid("the user context's times are not those of a gateway");
  }
  if (now >= expires + kLeewaySeconds) return Expired();
  auto principal = std::make_shared<Principal>();
  principal->tenant = claims->StringOr("ten");
  principal->name = claims->StringOr("sub");
  principal->email = claims->StringOr("eml");
  principal->display_name = claims->StringOr("nam");
  principal->roles = TextsOf(*claims, "rol");
  principal->permissions = TextsOf(*claims, "per");
  if (principal->name.empty()) return Invalid("the user context names nobody");
  *ends = (expires + kLeewaySeconds) * 1'000'000;
  return principal;
}

}  // namespace agentflow::auth
