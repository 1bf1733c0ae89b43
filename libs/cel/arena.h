#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "libs/cel/value.h"

namespace agentflow::cel {

// The memory of one evaluation (or of one program's constants): handed out by moving a pointer,
// given back all at once. Nothing is allocated before the first request.
class Arena {
 public:
  explicit Arena(size_t limit) : limit_(limit) {}

  // 8-byte aligned; null when the limit would be passed.
  void* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > static_cast<size_t>(end_ - next_)) return AllocateBlock(bytes);
    void* out = next_;
    next_ += bytes;
    used_ += bytes;
    return out;
  }

  template <typename T>
  T* AllocateArray(size_t count) {
    if (count > SIZE_MAX / sizeof(T)) return nullptr;
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }

  size_t used() const { return used_; }
  size_t limit() const { return limit_; }

 private:
  void* AllocateBlock(size_t bytes);

  size_t limit_;
  size_t used_ = 0;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

// What lists and maps made by an expression are made of; they live in an arena.
class ListData {
 public:
  ListData(const Value* items, size_t size) : items_(items), size_(size) {}
  size_t size() const { return size_; }
  const Value& operator[](size_t i) const { return items_[i]; }

 private:
  const Value* items_;
  size_t size_;
};

struct MapEntry {
  Value key;
  Value value;
};

// Entries in the order they were written, with a hash index from nine entries on.
class MapData {
 public:
  MapData(const MapEntry* entries, size_t size, const uint32_t* index, size_t buckets)
      : entries_(entries), size_(size), index_(index), buckets_(buckets) {}
  size_t size() const { return size_; }
  const MapEntry& operator[](size_t i) const { return entries_[i]; }
  const Value* Find(const Value& key) const;  // null where there is none

 private:
  friend class MapBuilder;
  const MapEntry* entries_;
  size_t size_;
  const uint32_t* index_;  // entry + 1, 0 for none; open addressing
  size_t buckets_;         // a power of two
};

// Collects the entries of a map, at most as many as announced.
class MapBuilder {
 public:
  MapBuilder(Arena& arena, size_t capacity);
  bool ok() const { return entries_ != nullptr; }  // false: the arena is full
  // False where the key is there already.
  bool Add(const Value& key, const Value& value);
  Value Build();  // REQUIRES: ok()

 private:
  Arena& arena_;
  MapEntry* entries_;
  uint32_t* index_ = nullptr;
  size_t buckets_ = 0;
  size_t size_ = 0;
};

}  // namespace agentflow::cel
