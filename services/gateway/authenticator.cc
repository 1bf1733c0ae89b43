#include "services/gateway/authenticator.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/crypto/digest.h"

namespace agentflow::gateway {
namespace {

constexpr size_t kLongestCredential = 4096;

bool LooksLikeCredential(std::string_view text) {
  return !text.empty() && text.size() <= kLongestCredential &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

Authenticator::Authenticator(IdentitySource* source, const auth::ContextMinter* minter,
                             const Clock* clock, AuthenticatorOptions options)
    : source_(source), minter_(minter), clock_(clock), options_(options) {}

void Authenticator::Authenticate(std::string_view credential, Done done) {
  if (!LooksLikeCredential(credential)) {
    return done(agentflow::Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID",
                                 "this is no access token and no API key"));
  }
  const crypto::Sha256Bytes digest = crypto::Sha256(credential);
  std::string key(crypto::AsText(digest));
  uint64_t generation;
  {
    std::unique_lock lock(mutex_);
    Entry& entry = entries_[key];
    if (entry.pending) {
      entry.waiting.push_back(std::move(done));
      return;
    }
    if (entry.until > clock_->Monotonic()) {
      absl::StatusOr<CallerPtr> answer = entry.caller;
      if (entry.caller == nullptr) answer = entry.refusal;
      lock.unlock();
      return done(std::move(answer));
    }
    entry.pending = true;
    entry.waiting.push_back(std::move(done));
    generation = generation_;
    if (entries_.size() > options_.max_entries) MakeRoom(clock_->Monotonic());
  }
  bool is_key = credential.starts_with("af_");
  source_->Authenticate(std::string(credential), [this, key = std::move(key), is_key,
                                                  generation](absl::StatusOr<Identity> identity) {
    Answered(key, is_key, generation, std::move(identity));
  });
}

void Authenticator::Answered(const std::string& key, bool is_key, uint64_t generation,
                             absl::StatusOr<Identity> identity) {
  absl::StatusOr<CallerPtr> answer;
  int64_t keep = 0;
  if (identity.ok()) {
    auto caller = std::make_shared<Caller>();
    caller->principal = identity->principal;
    caller->context = minter_->Mint(*identity->principal);
    caller->rate = identity->rate;
    caller->expires = identity->expires;
    keep = std::min(identity->cache_micros,
                    is_key ? options_.key_cache_micros : options_.token_cache_micros);
    if (identity->expires != 0) keep = std::min(keep, identity->expires - clock_->Now());
    answer = CallerPtr(std::move(caller));
  } else {
    answer = identity.status();
    if (absl::IsUnauthenticated(identity.status())) keep = options_.refusal_cache_micros;
  }
  std::vector<Done> waiting;
  {
    std::lock_guard lock(mutex_);
    auto it = entries_.find(key);
    if (it == entries_.end()) return;
    waiting.swap(it->second.waiting);
    // A revocation came meanwhile: the answer may be from before it.
    if (generation != generation_) keep = 0;
    if (keep <= 0) {
      entries_.erase(it);
    } else {
      Entry& entry = it->second;
      entry.pending = false;
      entry.until = clock_->Monotonic() + keep;
      entry.caller = answer.ok() ? *answer : nullptr;
      entry.refusal = answer.status();
    }
  }
  for (Done& done : waiting) done(answer);
}

void Authenticator::Forget(std::string_view tenant, std::string_view principal) {
  std::lock_guard lock(mutex_);
  ++generation_;
  std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = item.second;
    return !entry.pending && entry.caller != nullptr && entry.caller->principal->tenant == tenant &&
           (principal.empty() || entry.caller->principal->name == principal);
  });
}

void Authenticator::ForgetAll() {
  std::lock_guard lock(mutex_);
  ++generation_;
  std::erase_if(entries_, [](const auto& item) { return !item.second.pending; });
}

// What has ended goes first; if that is not enough, all that is not being asked for.
void Authenticator::MakeRoom(int64_t now) {
  std::erase_if(entries_,
                [&](const auto& item) { return !item.second.pending && item.second.until <= now; });
  if (entries_.size() > options_.max_entries) {
    std::erase_if(entries_, [](const auto& item) { return !item.second.pending; });
  }
}

}  // namespace agentflow::gateway
