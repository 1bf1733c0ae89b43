#include "libs/crypto/secret.h"

#include <openssl/crypto.h>

#include "libs/crypto/digest.h"

namespace agentflow::crypto {

bool Secret::Equals(const Secret& other) const {
  return ConstantTimeEqual(text_, other.text_);
}

void Secret::Wipe() {
  if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
}

}  // namespace agentflow::crypto
