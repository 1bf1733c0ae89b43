#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace agentflow {

// Whose turn it is among those who want the same thing: surplus round robin (deficit round robin
// after Shreedhar and Varghese, 1995, for costs that are known only afterwards; Adiseshu, Parulkar
// and Varghese, 1996). Each round gives everybody who waits `quantum` times the own weight; a turn
// lasts until what was used exceeds it. Over time everybody who keeps waiting gets a share by
// weight, whatever single things cost, and nobody gains by having waited for nothing before.
//
// Weights are asked for at every round, so a changed one acts on what waits already. A plain
// object, not thread-safe; an operation looks at each name once at most.
class FairTurns {
 public:
  // `weight` gives at least 1. `quantum` is in the unit of Charge.
  FairTurns(int64_t quantum, std::function<int64_t(const std::string&)> weight)
      : quantum_(quantum), weight_(std::move(weight)) {}

  // Wants turns from now on; nothing where it does already.
  void Enter(std::string_view name);
  // Wants none any more. What it owes is remembered while it has charges to come (see Charge).
  void Leave(std::string_view name);

  bool empty() const { return ring_.empty(); }
  size_t size() const { return ring_.size(); }
  // Whose turn it is. REQUIRES: !empty().
  const std::string& Next();
  // What a turn has cost; may come long after it, and more than once. Negative gives back.
  void Charge(std::string_view name, int64_t cost);

 private:
  struct Entry {
    int64_t surplus = 0;
    bool waiting = false;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  void Rotate();
  void SkipRounds();
  int64_t GainOf(const std::string& name) const;

  const int64_t quantum_;
  const std::function<int64_t(const std::string&)> weight_;
  Entries entries_;
  std::deque<Entries::iterator> ring_;
};

}  // namespace agentflow
