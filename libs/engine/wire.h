#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The bytes under codec.h: varints (LEB128) and tagged fields in protobuf's wire format, of
// which the kinds varint (0) and bytes (2) are used.
namespace agentflow::engine {

inline void WriteVarint(uint64_t number, std::string* out) {
  while (number >= 0x80) {
    out->push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out->push_back(static_cast<char>(number));
}

constexpr uint64_t ZigZag(int64_t number) {
  return (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63);
}
constexpr int64_t UnZigZag(uint64_t number) {
  return static_cast<int64_t>(number >> 1) ^ -static_cast<int64_t>(number & 1);
}

// Fields with their default (0, empty) are not written.
class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(out) {}

  void Number(uint32_t tag, uint64_t number) {
    if (number != 0) AlwaysNumber(tag, number);
  }
  void AlwaysNumber(uint32_t tag, uint64_t number) {
    WriteVarint(uint64_t{tag} << 3, out_);
    WriteVarint(number, out_);
  }
  void Signed(uint32_t tag, int64_t number) { Number(tag, ZigZag(number)); }
  void Bytes(uint32_t tag, std::string_view bytes) {
    if (!bytes.empty()) AlwaysBytes(tag, bytes);
  }
  void AlwaysBytes(uint32_t tag, std::string_view bytes) {
    WriteVarint(uint64_t{tag} << 3 | 2, out_);
    WriteVarint(bytes.size(), out_);
    out_->append(bytes);
  }
  // A field made of fields, written by `write(WireWriter&)`.
  template <typename Write>
  void Message(uint32_t tag, Write write) {
    WriteVarint(uint64_t{tag} << 3 | 2, out_);
    size_t at = out_->size();
    write(*this);
    std::string length;
    WriteVarint(out_->size() - at, &length);
    out_->insert(at, length);
  }

  std::string* out() { return out_; }

 private:
  std::string* out_;
};

// Reads what WireWriter wrote. After a malformed byte `ok` is false and everything is 0.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Varint() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail();
      auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      number |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return number;
    }
    return Fail();
  }
  uint32_t Varint32() {
    uint64_t number = Varint();
    return number <= UINT32_MAX ? static_cast<uint32_t>(number) : static_cast<uint32_t>(Fail());
  }
  std::string_view Take(uint64_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view Bytes() { return Take(Varint()); }

  // The next field: false at the end or after a malformed byte. Exactly one of `number` and
  // `bytes` is set; unknown tags are skipped by not looking at them.
  bool Next() {
    if (!ok_ || rest_.empty()) return false;
    uint64_t key = Varint();
    tag = static_cast<uint32_t>(key >> 3);
    number = 0;
    bytes = {};
    switch (key & 7) {
      case 0:
        number = Varint();
        break;
      case 1:
        bytes = Take(8);
        break;
      case 2:
        bytes = Bytes();
        break;
      case 5:
        bytes = Take(4);
        break;
      default:
        Fail();
    }
    return ok_;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  uint32_t tag = 0;
  uint64_t number = 0;
  std::string_view bytes;

 private:
  uint64_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace agentflow::engine
