#include <cstring>

#include "libs/base/status.h"
#include "libs/engine/codec.h"
#include "libs/engine/wire.h"

// JSON values as bytes: one kind byte, then the content. Lengths and ints are varints, a double
// is its eight bytes, little-endian. The numbers are stored: append only.
namespace agentflow::engine {
namespace {

enum class Kind : uint8_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInt = 3,
  kDouble = 4,
  kString = 5,
  kArray = 6,
  kObject = 7,
};

constexpr int kMaxDepth = 256;

void WriteKind(Kind kind, std::string* out) {
  out->push_back(static_cast<char>(kind));
}

void WriteText(std::string_view text, std::string* out) {
  WriteVarint(text.size(), out);
  out->append(text);
}

void WriteDouble(double number, std::string* out) {
  uint64_t bits;
  std::memcpy(&bits, &number, sizeof(bits));
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(bits >> shift));
}

// Reads one value; after a malformed byte the reader is not ok.
class ValueReader {
 public:
  explicit ValueReader(WireReader& in) : in_(in) {}

  json::Value Read(int depth = 0) {
    std::string_view kind = in_.Take(1);
    if (!in_.ok() || depth > kMaxDepth) return Broken();
    switch (static_cast<Kind>(kind[0])) {
      case Kind::kNull:
        return {};
      case Kind::kFalse:
        return false;
      case Kind::kTrue:
        return true;
      case Kind::kInt:
        return UnZigZag(in_.Varint());
      case Kind::kDouble:
        return ReadDouble();
      case Kind::kString:
        return std::string(in_.Bytes());
      case Kind::kArray:
        return ReadArray(depth);
      case Kind::kObject:
        return ReadObject(depth);
    }
    return Broken();
  }

  bool ok() const { return in_.ok() && !broken_; }

 private:
  json::Value Broken() {
    broken_ = true;
    return {};
  }

  json::Value ReadDouble() {
    std::string_view bytes = in_.Take(8);
    if (!in_.ok()) return Broken();
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    double number;
    std::memcpy(&number, &bits, sizeof(number));
    return number;
  }

  json::Value ReadArray(int depth) {
    json::Array items;
    for (uint64_t left = in_.Varint(); left > 0 && ok(); --left) items.push_back(Read(depth + 1));
    return items;
  }

  json::Value ReadObject(int depth) {
    std::vector<json::Object::Member> members;
    for (uint64_t left = in_.Varint(); left > 0 && ok(); --left) {
      std::string key(in_.Bytes());
      members.emplace_back(std::move(key), Read(depth + 1));
    }
    return json::Object(std::move(members));
  }

  WireReader& in_;
  bool broken_ = false;
};

}  // namespace

void EncodeValue(const json::Value& value, std::string* bytes) {
  switch (value.kind()) {
    case json::Value::Kind::kNull:
      return WriteKind(Kind::kNull, bytes);
    case json::Value::Kind::kBool:
      return WriteKind(value.as_bool() ? Kind::kTrue : Kind::kFalse, bytes);
    case json::Value::Kind::kInt:
      WriteKind(Kind::kInt, bytes);
      return WriteVarint(ZigZag(value.as_int()), bytes);
    case json::Value::Kind::kDouble:
      WriteKind(Kind::kDouble, bytes);
      return WriteDouble(value.as_double(), bytes);
    case json::Value::Kind::kString:
      WriteKind(Kind::kString, bytes);
      return WriteText(value.as_string(), bytes);
    case json::Value::Kind::kArray:
      WriteKind(Kind::kArray, bytes);
      WriteVarint(value.as_array().size(), bytes);
      for (const json::Value& item : value.as_array()) EncodeValue(item, bytes);
      return;
    case json::Value::Kind::kObject:
      WriteKind(Kind::kObject, bytes);
      WriteVarint(value.as_object().size(), bytes);
      for (const auto& [key, member] : value.as_object()) {
        WriteText(key, bytes);
        EncodeValue(member, bytes);
      }
      return;
  }
}

absl::StatusOr<json::Value> DecodeValue(std::string_view bytes) {
  WireReader in(bytes);
  ValueReader reader(in);
  json::Value value = reader.Read();
  if (!reader.ok() || !in.at_end()) {
    return agentflow::Error(absl::StatusCode::kDataLoss, "RECORD_CORRUPT",
                            "A stored value is broken.");
  }
  return value;
}

}  // namespace agentflow::engine
