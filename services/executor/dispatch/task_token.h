#pragma once

#include <string>
#include <string_view>

#include "libs/crypto/digest.h"
#include "libs/crypto/secret.h"
#include "services/executor/lanes/commands.h"

namespace agentflow::executor {

// Proves that an attempt was handed out by us: HMAC-SHA-256 of (tenant, execution, step, attempt).
class TaskTokens {
 public:
  explicit TaskTokens(crypto::Secret key) : key_(std::move(key)) {}

  std::string Make(const AttemptName& attempt) const {
    // No part but the last can hold a newline.
    const std::string text = attempt.tenant + "\n" + attempt.execution.ToString() + "\n" +
                             std::to_string(attempt.attempt) + "\n" + attempt.step;
    return std::string(crypto::AsText(crypto::HmacSha256(key_.Reveal(), text)));
  }
  bool Check(const AttemptName& attempt, std::string_view token) const {
    return crypto::ConstantTimeEqual(Make(attempt), token);
  }

 private:
  const crypto::Secret key_;
};

}  // namespace agentflow::executor
