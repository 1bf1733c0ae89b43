#include "services/tenant/sessions/passwords.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/crypto/random.h"

namespace agentflow::tenant {
namespace {

constexpr size_t kShortest = 12;
constexpr size_t kLongest = 256;

absl::Status Busy() {
  return Error(absl::StatusCode::kResourceExhausted, "LOGIN_BUSY",
               "too many sign-ins at once; try again in a second", {{kErrorRetryAfterMs, "1000"}});
}

}  // namespace

// One of the places to work in, held while this lives.
class Passwords::Turn {
 public:
  explicit Turn(Passwords& passwords) : passwords_(passwords) {
    std::unique_lock lock(passwords_.mutex_);
    const Options& options = passwords_.options_;
    if (passwords_.running_ >= options.concurrent) {
      if (passwords_.waiting_ >= options.waiting) return;
      ++passwords_.waiting_;
      passwords_.free_.wait(lock, [&] { return passwords_.running_ < options.concurrent; });
      --passwords_.waiting_;
    }
    ++passwords_.running_;
    granted_ = true;
  }
  ~Turn() {
    if (!granted_) return;
    std::lock_guard lock(passwords_.mutex_);
    --passwords_.running_;
    passwords_.free_.notify_one();
  }
  bool granted() const { return granted_; }

 private:
  Passwords& passwords_;
  bool granted_ = false;
};

Passwords::Passwords(Options options) : options_(options) {
  absl::StatusOr<std::string> hash = crypto::HashPassword(crypto::RandomToken(40), options_.cost);
  AF_CHECK(hash.ok());
  of_nobody_ = *std::move(hash);
}

absl::Status Passwords::Check(std::string_view password, const char* field) {
  bool control = std::any_of(password.begin(), password.end(),
                             [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (password.size() >= kShortest && password.size() <= kLongest && !control) {
    return absl::OkStatus();
  }
  return InvalidArgument("PASSWORD_INVALID", field,
                         "a password needs 12 to 256 characters and no control characters");
}

absl::StatusOr<std::string> Passwords::Hash(std::string_view password) {
  Turn turn(*this);
  if (!turn.granted()) return Busy();
  return crypto::HashPassword(password, options_.cost);
}

absl::StatusOr<bool> Passwords::Verify(std::string_view password, std::string_view encoded) {
  Turn turn(*this);
  if (!turn.granted()) return Busy();
  bool known = !encoded.empty();
  bool fits = crypto::VerifyPassword(password.substr(0, kLongest + 1),
                                     known ? encoded : std::string_view(of_nobody_));
  return known && fits;
}

}  // namespace agentflow::tenant
