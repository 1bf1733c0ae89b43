#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/uuid.h"

namespace agentflow::pg {

// One row of a Result; a light view that must not outlive it. Columns are counted from 0.
// Reading a column that is null or of another type is a broken invariant of the statement's
// author and ends the process; ask IsNull or use the Optional readers where null can be.
class Row {
 public:
  bool IsNull(int column) const;
  std::string_view Text(int column) const;
  int64_t Int(int column) const;
  double Double(int column) const;
  bool Bool(int column) const;
  std::string Bytes(int column) const;                   // bytea
  UnixMicros Time(int column) const;                     // timestamptz
  Uuid Id(int column) const;                             // uuid
  std::vector<std::string> TextArray(int column) const;  // text[]

  std::optional<std::string> OptionalText(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::optional<UnixMicros> OptionalTime(int column) const;

 private:
  friend class Result;
  Row(const class Result* result, int row) : result_(result), row_(row) {}
  const class Result* result_;
  int row_;
};

// What a statement answered. Cheap to copy; readable from any thread.
class Result {
 public:
  struct Impl;
  Result();
  explicit Result(std::shared_ptr<const Impl> impl);

  size_t size() const;  // rows
  bool empty() const { return size() == 0; }
  // Rows that an INSERT, UPDATE or DELETE touched.
  int64_t affected() const;
  Row operator[](size_t row) const;

  class Iterator {
   public:
    Iterator(const Result* result, size_t row) : result_(result), row_(row) {}
    Row operator*() const { return (*result_)[row_]; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return row_ != other.row_; }

   private:
    const Result* result_;
    size_t row_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  friend class Row;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace agentflow::pg
