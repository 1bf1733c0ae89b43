#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace agentflow::sim {

// Virtual time: what is to happen, and when. Time passes only between events.
class Schedule {
 public:
  int64_t now() const { return now_; }  // microseconds
  uint64_t events() const { return ran_; }

  void At(int64_t time, std::function<void()> run) {
    heap_.push_back({std::max(time, now_), ++made_, std::move(run)});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  void After(int64_t micros, std::function<void()> run) { At(now_ + micros, std::move(run)); }

  // False: nothing is to happen any more.
  bool RunNext() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    ++ran_;
    event.run();
    return true;
  }

 private:
  struct Event {
    int64_t time = 0;
    uint64_t number = 0;  // what was planned first comes first
    std::function<void()> run;
  };
  static bool Later(const Event& a, const Event& b) {
    return a.time != b.time ? a.time > b.time : a.number > b.number;
  }

  int64_t now_ = 1'700'000'000'000'000;
  uint64_t made_ = 0;
  uint64_t ran_ = 0;
  std::vector<Event> heap_;
};

}  // namespace agentflow::sim
