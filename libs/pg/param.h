#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace agentflow::pg {

// A timestamptz parameter. (A bare int64_t is a bigint.)
struct Timestamp {
  UnixMicros micros = 0;
};

// A bytea parameter. (A bare string is text.)
struct Bytea {
  std::string_view bytes;
};

// One parameter of a statement of the request path, in PostgreSQL's text format.
class Param {
 public:
  Param(std::nullopt_t) {}                                    // NOLINT: arguments read as SQL
  Param(std::string_view text) : text_(std::string(text)) {}  // NOLINT
  Param(const std::string& text) : text_(text) {}             // NOLINT
  Param(const char* text) : text_(text) {}                    // NOLINT
  Param(bool value) : text_(value ? "t" : "f") {}             // NOLINT
  Param(int value) : text_(std::to_string(value)) {}          // NOLINT
  Param(int64_t value) : text_(std::to_string(value)) {}      // NOLINT
  Param(double value);                                        // NOLINT
  Param(Timestamp value);                                     // NOLINT
  Param(Bytea value);                                         // NOLINT
  Param(const Uuid& id) : text_(id.ToString()) {}             // NOLINT
  Param(std::span<const std::string> array);                  // NOLINT: text[]
  Param(const std::vector<std::string>& array)                // NOLINT
      : Param(std::span<const std::string>(array)) {}
  Param(const std::vector<int64_t>& array);  // NOLINT: bigint[]
  Param(const std::vector<Uuid>& array);     // NOLINT: uuid[]
  template <typename T>
  Param(const std::optional<T>& value) {  // NOLINT
    if (value) *this = Param(*value);
  }

  // Null is nullopt.
  const std::optional<std::string>& text() const { return text_; }

 private:
  std::optional<std::string> text_;
};

// "2026-11-22 16:49:21.000123+00", which PostgreSQL reads and, with TimeZone UTC, writes.
std::string FormatTimestamp(UnixMicros micros);
std::optional<UnixMicros> ParseTimestamp(std::string_view text);

}  // namespace agentflow::pg
