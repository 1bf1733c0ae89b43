#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// Structured logs. The message is a constant text to search for; what varies is in fields:
//
//   obs::Info("execution started", {{"execution", id}, {"steps", 3}});
//
// Keys with a meaning everywhere: "trace", "tenant", "execution", "step", "principal", "method",
// "reason". Never give a secret, a token or a user's data as a field.
// All functions are thread-safe. Before InitLogging, text goes to stderr.
namespace agentflow::obs {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

// A value by reference: good for the duration of the call only.
class Field {
 public:
  enum class Kind { kText, kInt, kDouble, kBool };

  Field(std::string_view key, std::string_view value) : key(key), kind(Kind::kText), text(value) {}
  Field(std::string_view key, const char* value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, const std::string& value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, bool value) : key(key), kind(Kind::kBool), integer(value) {}
  Field(std::string_view key, double value) : key(key), kind(Kind::kDouble), number(value) {}
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) Field(std::string_view key, T value)
      : key(key), kind(Kind::kInt), integer(static_cast<int64_t>(value)) {}

  std::string_view key;
  Kind kind;
  std::string_view text;
  int64_t integer = 0;
  double number = 0;
};

using Fields = std::initializer_list<Field>;

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warn(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});
// Whether lines of this level are written at all.
bool Enabled(Level level);

struct LogOptions {
  // Written as "service" on every line.
  std::string service;
  Level level = Level::kInfo;
  // One JSON object a line; otherwise text for people.
  bool json = false;
  // Where whole lines go (without newline). Default: stderr.
  std::function<void(std::string_view line)> sink;
};
void InitLogging(LogOptions options);

// "debug", "info", "warn", "error", "off"; kInfo for anything else.
Level LevelFromName(std::string_view name);

// Adds fields to every line this thread writes while it lives; nests. Texts are copied.
class ScopedFields {
 public:
  explicit ScopedFields(Fields fields);
  ~ScopedFields();
  ScopedFields(const ScopedFields&) = delete;
  ScopedFields& operator=(const ScopedFields&) = delete;

 private:
  size_t before_;
};

}  // namespace agentflow::obs
