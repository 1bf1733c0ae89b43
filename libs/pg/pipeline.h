#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/uuid.h"
#include "libs/pg/statement.h"

// One connection in libpq's pipeline mode with binary parameters: a whole transaction of many
// statements in one round trip. It is what the executor's committer and recovery stand on
// ("EngineTx"); everything else uses libs/pg/pool.h.
//
// A batch is BEGIN, its statements, COMMIT and a Sync, sent together. A statement that fails
// makes the server skip the rest, COMMIT included, so a batch commits whole or not at all.
namespace agentflow::pg {

// A PostgreSQL array in binary format, encoded as it is filled. Reusable after Clear.
// The statement says the type: `unnest($1::bigint[])`.
class ArrayParam {
 public:
  size_t size() const { return size_; }
  void Clear();
  void AppendNull();
  // The finished encoding; valid until the next change.
  const std::string& Encoded();

 protected:
  explicit ArrayParam(uint32_t element_oid);
  void AppendRaw(const void* bytes, size_t size);

 private:
  std::string encoded_;
  uint32_t element_oid_;
  int32_t size_ = 0;
  bool has_null_ = false;
};

class BigintArray final : public ArrayParam {
 public:
  BigintArray();
  void Append(int64_t value);
  void Append(std::optional<int64_t> value) { value ? Append(*value) : AppendNull(); }
};
class IntArray final : public ArrayParam {
 public:
  IntArray();
  void Append(int32_t value);
  void Append(std::optional<int32_t> value) { value ? Append(*value) : AppendNull(); }
};
class SmallintArray final : public ArrayParam {
 public:
  SmallintArray();
  void Append(int16_t value);
};
class BoolArray final : public ArrayParam {
 public:
  BoolArray();
  void Append(bool value);
};
class TextArray final : public ArrayParam {
 public:
  TextArray();
  void Append(std::string_view value) { AppendRaw(value.data(), value.size()); }
};
class ByteaArray final : public ArrayParam {
 public:
  ByteaArray();
  void Append(std::string_view value) { AppendRaw(value.data(), value.size()); }
};
class UuidArray final : public ArrayParam {
 public:
  UuidArray();
  void Append(const Uuid& value) { AppendRaw(value.bytes().data(), 16); }
};
class TimestampArray final : public ArrayParam {  // timestamptz[]
 public:
  TimestampArray();
  void Append(UnixMicros value);
  void Append(std::optional<UnixMicros> value) { value ? Append(*value) : AppendNull(); }
};

// The parameters of one statement, in the order of $1, $2, ... Copies what it is given.
// The statement must make each type plain to the server: `$1::bigint`, `$2::bytea[]`.
class BinaryParams {
 public:
  BinaryParams& Bigint(int64_t value);
  BinaryParams& Int(int32_t value);
  BinaryParams& Bool(bool value);
  BinaryParams& Double(double value);
  BinaryParams& Text(std::string_view value);
  BinaryParams& Bytea(std::string_view value);
  BinaryParams& Id(const Uuid& value);
  BinaryParams& Time(UnixMicros value);
  BinaryParams& Array(ArrayParam& array);
  BinaryParams& Null();
  size_t size() const { return values_.size(); }

 private:
  friend class Pipeline;
  std::vector<std::optional<std::string>> values_;
};

// The rows of one statement, in binary format. Reading a null or another type ends the process.
class BinaryResult {
 public:
  BinaryResult() = default;
  explicit BinaryResult(std::shared_ptr<const void> result);

  size_t size() const;
  bool empty() const { return size() == 0; }
  int64_t affected() const;

  bool IsNull(size_t row, int column) const;
  int64_t Int(size_t row, int column) const;  // bigint, int and smallint
  bool Bool(size_t row, int column) const;
  double Double(size_t row, int column) const;
  // text, bytea and every other type's raw bytes; valid while this result lives.
  std::string_view Bytes(size_t row, int column) const;
  Uuid Id(size_t row, int column) const;
  UnixMicros Time(size_t row, int column) const;  // timestamptz

 private:
  std::shared_ptr<const void> result_;
};

// How a batch ended.
struct BatchOutcome {
  enum class Kind {
    kCommitted,
    kRolledBack,  // a statement failed: `status`, `sqlstate`, `failed` say which and why
    kUnknown,     // the connection was lost before COMMIT's answer: it may have landed
  };
  Kind kind = Kind::kUnknown;
  absl::Status status;                // OK exactly when committed
  std::string sqlstate;               // of the failed statement; empty on a lost connection
  std::optional<size_t> failed;       // index of the failed statement; size() for COMMIT itself
  std::vector<BinaryResult> results;  // of the statements that ran, in order
};

struct PipelineOptions {
  std::string url;
  std::string name = "agentflow";
  // Prepared at once when connecting. Referred to by index.
  std::vector<Statement> statements;
  int connect_timeout_ms = 3'000;
  // Longest silence of the peer while an answer is due, before the connection counts as lost
  // (tcp_user_timeout, and the limit of Wait when none is given).
  int answer_timeout_ms = 15'000;
};

// Not thread-safe: one owner. Once lost, a pipeline stays lost; connect a new one.
class Pipeline {
 public:
  static absl::StatusOr<std::unique_ptr<Pipeline>> Connect(PipelineOptions options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Adds a statement to the batch being formed. Gives its index within the batch.
  size_t Add(size_t statement, BinaryParams params);
  // Statements in the batch being formed.
  size_t pending() const;
  // Forgets the batch being formed.
  void Discard();

  // Sends the batch being formed as one transaction and returns at once; what the socket does
  // not take now goes out in Poll or Wait. Batches may be sent while earlier ones are under way;
  // they end in order, and if one fails those sent after it and before its failure was seen fail
  // with it (SQLSTATE 25P02). Fails only when the connection is lost.
  absl::Status Send();

  // Batches sent whose outcome was not taken yet.
  size_t in_flight() const;

  // For an event loop: wait for `fd` to be readable (and writable while wants_write), then Poll.
  int fd() const;
  bool wants_write() const;
  // Moves bytes without blocking and gives the next finished batch, if any. A lost connection
  // ends all batches under way with kUnknown, unless their failure was already known.
  std::optional<BatchOutcome> Poll();
  // The same, blocking until the oldest batch ends. REQUIRES: in_flight() > 0.
  BatchOutcome Wait();

  // Runs one statement outside any batch and waits: for reads. REQUIRES: in_flight() == 0.
  absl::StatusOr<BinaryResult> Query(size_t statement, const BinaryParams& params = {});

  bool lost() const;
  // The server's process for this connection, for pg_terminate_backend by a successor.
  int32_t backend_pid() const;

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentflow::pg
