#include "libs/crypto/random.h"

#include <openssl/rand.h>

#include "libs/base/status.h"

namespace agentflow::crypto {

std::string RandomBytes(size_t count) {
  std::string out(count, '\0');
  AF_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1);
  return out;
}

std::string RandomToken(size_t length) {
  constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  out.reserve(length);
  while (out.size() < length) {
    for (unsigned char byte : RandomBytes(length - out.size() + 8)) {
      // 248 = 4 * 62: bytes above would favour the first characters.
      if (byte < 248 && out.size() < length) out += kDigits[byte % 62];
    }
  }
  return out;
}

uint64_t SecureRandom::Next() {
  uint64_t number = 0;
  AF_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  return number;
}

}  // namespace agentflow::crypto
