#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/status.h"
#include "libs/json/value.h"

namespace agentflow::json {
namespace {

using Event = nlohmann::json;

// Builds our values straight from the parser's events; nlohmann's own tree is never made.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return Add(Value()); }
  bool boolean(bool value) override { return Add(Value(value)); }
  bool number_integer(number_integer_t value) override {
    if (value < -kMaxExactInt) return Add(Value(static_cast<double>(value)));
    return Add(Value(static_cast<int64_t>(value)));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(kMaxExactInt)) {
      return Add(Value(static_cast<double>(value)));
    }
    return Add(Value(static_cast<int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override {
    return Add(Value::Number(value));
  }
  bool string(string_t& value) override { return Add(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }

  bool start_object(size_t) override { return Open(true); }
  bool start_array(size_t) override { return Open(false); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool end_object() override {
    Level level = std::move(open_.back());
    open_.pop_back();
    size_t members = level.members.size();
    Object object(std::move(level.members));
    if (object.size() != members) {
      return Fail("JSON_DUPLICATE_KEY", "an object has the same key twice; remove one of them");
    }
    return Add(Value(std::move(object)));
  }
  bool end_array() override {
    Level level = std::move(open_.back());
    open_.pop_back();
    return Add(Value(std::move(level.elements)));
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." -> from "at line".
    std::string_view text = error.what();
    size_t at = text.find("line ");
    return Fail("JSON_MALFORMED",
                "not valid JSON: " + std::string(at == text.npos ? text : text.substr(at)));
  }

  absl::Status error() const { return error_; }
  Value TakeRoot() { return std::move(root_); }

 private:
  struct Level {
    bool is_object;
    std::string key;
    std::vector<Object::Member> members;
    Array elements;
  };

  bool Open(bool is_object) {
    if (static_cast<int>(open_.size()) >= max_depth_) {
      return Fail("JSON_TOO_DEEP",
                  "nested deeper than " + std::to_string(max_depth_) + " levels; flatten it");
    }
    open_.push_back(Level{.is_object = is_object});
    return true;
  }

  bool Add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.emplace_back(std::move(open_.back().key), std::move(value));
    } else {
      open_.back().elements.push_back(std::move(value));
    }
    return true;
  }

  bool Fail(std::string_view reason, std::string_view message) {
    error_ = Error(absl::StatusCode::kInvalidArgument, reason, message);
    return false;
  }

  const int max_depth_;
  std::vector<Level> open_;
  Value root_;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<Value> Parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error(absl::StatusCode::kInvalidArgument, "JSON_TOO_LARGE",
                 "the text has " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(limits.bytes) + " are allowed");
  }
  Builder builder(limits.depth);
  bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (!builder.error().ok()) return builder.error();
  if (!parsed) {
    return Error(absl::StatusCode::kInvalidArgument, "JSON_MALFORMED", "not valid JSON");
  }
  return builder.TakeRoot();
}

}  // namespace agentflow::json
