#include "libs/cel/arena.h"

#include <algorithm>
#include <new>

#include "libs/cel/operators.h"

namespace agentflow::cel {
namespace {

constexpr size_t kFirstBlock = 1024;
constexpr size_t kLargestBlock = 256 * 1024;
constexpr size_t kIndexFrom = 9;

}  // namespace

void* Arena::AllocateBlock(size_t bytes) {
  if (bytes > limit_ || used_ > limit_ - bytes) return nullptr;
  size_t size = std::min(kFirstBlock << std::min<size_t>(blocks_.size(), 8), kLargestBlock);
  // No block is larger than what may still be used, so that none is handed out beyond the limit.
  size = std::max(std::min(size, limit_ - used_), bytes);
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
  next_ = blocks_.back().get();
  end_ = next_ + size;
  void* out = next_;
  next_ += bytes;
  used_ += bytes;
  return out;
}

const Value* MapData::Find(const Value& key) const {
  if (!index_) {
    for (size_t i = 0; i < size_; ++i) {
      if (KeysEqual(entries_[i].key, key)) return &entries_[i].value;
    }
    return nullptr;
  }
  for (size_t at = HashKey(key) & (buckets_ - 1); index_[at]; at = (at + 1) & (buckets_ - 1)) {
    const MapEntry& entry = entries_[index_[at] - 1];
    if (KeysEqual(entry.key, key)) return &entry.value;
  }
  return nullptr;
}

MapBuilder::MapBuilder(Arena& arena, size_t capacity)
    : arena_(arena), entries_(arena.AllocateArray<MapEntry>(std::max<size_t>(capacity, 1))) {
  if (capacity < kIndexFrom || !entries_) return;
  buckets_ = 16;
  while (buckets_ < capacity * 2) buckets_ *= 2;
  index_ = arena.AllocateArray<uint32_t>(buckets_);
  if (index_) {
    std::fill_n(index_, buckets_, 0u);
  } else {
    entries_ = nullptr;
  }
}

bool MapBuilder::Add(const Value& key, const Value& value) {
  if (index_) {
    size_t at = HashKey(key) & (buckets_ - 1);
    for (; index_[at]; at = (at + 1) & (buckets_ - 1)) {
      if (KeysEqual(entries_[index_[at] - 1].key, key)) return false;
    }
    index_[at] = static_cast<uint32_t>(size_ + 1);
  } else {
    for (size_t i = 0; i < size_; ++i) {
      if (KeysEqual(entries_[i].key, key)) return false;
    }
  }
  new (&entries_[size_++]) MapEntry{key, value};
  return true;
}

Value MapBuilder::Build() {
  void* memory = arena_.Allocate(sizeof(MapData));
  if (!memory) return Value();
  return Value::Map(new (memory) MapData(entries_, size_, index_, buckets_));
}

}  // namespace agentflow::cel
