#include <endian.h>
#include <libpq-fe.h>

#include <cstring>

#include "libs/pg/pipeline.h"

// PostgreSQL's binary formats: big-endian numbers, timestamps as microseconds since 2000-01-01,
// arrays as in src/backend/utils/adt/arrayfuncs.c (array_recv).
namespace agentflow::pg {
namespace {

constexpr uint32_t kBoolOid = 16, kByteaOid = 17, kInt8Oid = 20, kInt2Oid = 21, kInt4Oid = 23,
                   kTextOid = 25, kTimestamptzOid = 1184, kUuidOid = 2950;
constexpr int64_t kMicrosTo2000 = 946'684'800'000'000;
constexpr size_t kArrayHeader = 20;

void Put32(char* at, uint32_t value) {
  value = htobe32(value);
  std::memcpy(at, &value, 4);
}

std::string Big16(int16_t value) {
  uint16_t big = htobe16(static_cast<uint16_t>(value));
  return {reinterpret_cast<const char*>(&big), 2};
}
std::string Big32(int32_t value) {
  uint32_t big = htobe32(static_cast<uint32_t>(value));
  return {reinterpret_cast<const char*>(&big), 4};
}
std::string Big64(int64_t value) {
  uint64_t big = htobe64(static_cast<uint64_t>(value));
  return {reinterpret_cast<const char*>(&big), 8};
}

int64_t ReadBig(const char* at, int size) {
  if (size == 8) {
    uint64_t value;
    std::memcpy(&value, at, 8);
    return static_cast<int64_t>(be64toh(value));
  }
  if (size == 4) {
    uint32_t value;
    std::memcpy(&value, at, 4);
    return static_cast<int32_t>(be32toh(value));
  }
  AF_CHECK(size == 2);
  uint16_t value;
  std::memcpy(&value, at, 2);
  return static_cast<int16_t>(be16toh(value));
}

const PGresult* Raw(const std::shared_ptr<const void>& result) {
  return static_cast<const PGresult*>(result.get());
}

}  // namespace

ArrayParam::ArrayParam(uint32_t element_oid) : element_oid_(element_oid) {
  Clear();
}

void ArrayParam::Clear() {
  encoded_.assign(kArrayHeader, '\0');
  size_ = 0;
  has_null_ = false;
}

void ArrayParam::AppendNull() {
  encoded_ += Big32(-1);
  has_null_ = true;
  ++size_;
}

void ArrayParam::AppendRaw(const void* bytes, size_t size) {
  encoded_ += Big32(static_cast<int32_t>(size));
  encoded_.append(static_cast<const char*>(bytes), size);
  ++size_;
}

const std::string& ArrayParam::Encoded() {
  Put32(&encoded_[4], has_null_ ? 1 : 0);
  Put32(&encoded_[8], element_oid_);
  // One dimension that counts from 1; array_recv takes one of size 0 as the empty array.
  Put32(&encoded_[0], 1);
  Put32(&encoded_[12], static_cast<uint32_t>(size_));
  Put32(&encoded_[16], 1);
  return encoded_;
}

BigintArray::BigintArray() : ArrayParam(kInt8Oid) {}
void BigintArray::Append(int64_t value) {
  AppendRaw(Big64(value).data(), 8);
}
IntArray::IntArray() : ArrayParam(kInt4Oid) {}
void IntArray::Append(int32_t value) {
  AppendRaw(Big32(value).data(), 4);
}
SmallintArray::SmallintArray() : ArrayParam(kInt2Oid) {}
void SmallintArray::Append(int16_t value) {
  AppendRaw(Big16(value).data(), 2);
}
BoolArray::BoolArray() : ArrayParam(kBoolOid) {}
void BoolArray::Append(bool value) {
  AppendRaw(value ? "\1" : "\0", 1);
}
TextArray::TextArray() : ArrayParam(kTextOid) {}
ByteaArray::ByteaArray() : ArrayParam(kByteaOid) {}
UuidArray::UuidArray() : ArrayParam(kUuidOid) {}
TimestampArray::TimestampArray() : ArrayParam(kTimestamptzOid) {}
void TimestampArray::Append(UnixMicros value) {
  AppendRaw(Big64(value - kMicrosTo2000).data(), 8);
}

BinaryParams& BinaryParams::Bigint(int64_t value) {
  return values_.push_back(Big64(value)), *this;
}
BinaryParams& BinaryParams::Int(int32_t value) {
  return values_.push_back(Big32(value)), *this;
}
BinaryParams& BinaryParams::Bool(bool value) {
  return values_.push_back(std::string(1, value ? '\1' : '\0')), *this;
}
BinaryParams& BinaryParams::Double(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, 8);
  return Bigint(bits);
}
BinaryParams& BinaryParams::Text(std::string_view value) {
  return values_.push_back(std::string(value)), *this;
}
BinaryParams& BinaryParams::Bytea(std::string_view value) {
  return Text(value);
}
BinaryParams& BinaryParams::Id(const Uuid& value) {
  return Text({reinterpret_cast<const char*>(value.bytes().data()), 16});
}
BinaryParams& BinaryParams::Time(UnixMicros value) {
  return Bigint(value - kMicrosTo2000);
}
BinaryParams& BinaryParams::Array(ArrayParam& array) {
  return Text(array.Encoded());
}
BinaryParams& BinaryParams::Null() {
  return values_.push_back(std::nullopt), *this;
}

BinaryResult::BinaryResult(std::shared_ptr<const void> result) : result_(std::move(result)) {}

size_t BinaryResult::size() const {
  return result_ ? static_cast<size_t>(PQntuples(Raw(result_))) : 0;
}

int64_t BinaryResult::affected() const {
  if (!result_) return 0;
  const char* text = PQcmdTuples(const_cast<PGresult*>(Raw(result_)));
  return *text == '\0' ? 0 : std::strtoll(text, nullptr, 10);
}

bool BinaryResult::IsNull(size_t row, int column) const {
  AF_CHECK(row < size() && column < PQnfields(Raw(result_)));
  return PQgetisnull(Raw(result_), static_cast<int>(row), column) != 0;
}

std::string_view BinaryResult::Bytes(size_t row, int column) const {
  AF_CHECK(!IsNull(row, column));
  int at = static_cast<int>(row);
  return {PQgetvalue(Raw(result_), at, column),
          static_cast<size_t>(PQgetlength(Raw(result_), at, column))};
}

int64_t BinaryResult::Int(size_t row, int column) const {
  std::string_view bytes = Bytes(row, column);
  return ReadBig(bytes.data(), static_cast<int>(bytes.size()));
}

bool BinaryResult::Bool(size_t row, int column) const {
  std::string_view bytes = Bytes(row, column);
  AF_CHECK(bytes.size() == 1);
  return bytes[0] != '\0';
}

double BinaryResult::Double(size_t row, int column) const {
  std::string_view bytes = Bytes(row, column);
  AF_CHECK(bytes.size() == 8);
  int64_t bits = ReadBig(bytes.data(), 8);
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

Uuid BinaryResult::Id(size_t row, int column) const {
  std::string_view bytes = Bytes(row, column);
  AF_CHECK(bytes.size() == 16);
  std::array<uint8_t, 16> raw;
  std::memcpy(raw.data(), bytes.data(), 16);
  return Uuid(raw);
}

UnixMicros BinaryResult::Time(size_t row, int column) const {
  return Int(row, column) + kMicrosTo2000;
}

}  // namespace agentflow::pg
