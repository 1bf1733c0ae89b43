#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/random.h"

namespace agentflow {

// A 128-bit identifier (RFC 9562). Ordered and compared byte by byte.
class Uuid {
 public:
  Uuid() = default;
  explicit Uuid(const std::array<uint8_t, 16>& bytes) : bytes_(bytes) {}

  // Version 4: random.
  static Uuid Make(Random& random);
  // Version 7: time first, so that rows made together lie together.
  static Uuid MakeOrdered(int64_t unix_ms, Random& random);
  // Version 5: the same name in the same namespace gives the same id.
  static Uuid MakeNamed(const Uuid& name_space, std::string_view name);
  // "8-4-4-4-12" hex digits, either case.
  static std::optional<Uuid> Parse(std::string_view text);

  // Lower case with dashes.
  std::string ToString() const;
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  int version() const { return bytes_[6] >> 4; }
  bool IsNil() const { return *this == Uuid(); }

  auto operator<=>(const Uuid&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Uuid& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, 16> bytes_{};
};

}  // namespace agentflow
