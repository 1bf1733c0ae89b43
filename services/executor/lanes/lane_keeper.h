#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "services/executor/lanes/committer.h"

namespace agentflow::executor {

// The other executors, as the keeper of the lanes sees them.
class Peers {
 public:
  virtual ~Peers() = default;
  // Who lives besides this executor: name and address.
  virtual void Follow(const std::map<std::string, std::string>& others) = 0;
  // Silent: whose connection broke a short time ago, or who do not answer. Slow: who say so.
  virtual Suspects Suspected() = 0;
  // Tells the executor at `address` that these lanes are its own now, and waits until it takes
  // commands for them; not for ever, since it will find out by itself.
  virtual void Tell(const std::string& address, const std::vector<int>& lanes) = 0;
};

// Gets lanes for the committers of this process and keeps the map of everybody's: joins, takes
// free lanes and those of dead owners, gives away what is more than its share, and begins anew
// after it was fenced out. Step blocks on the lane table, so it has a thread of its own, or a
// simulation's turn.
class LaneKeeper {
 public:
  struct Parts {
    std::string owner;  // this executor's name
    LaneTable& table;
    std::vector<Committer*> committers;
    // Called when the committers must begin anew: abandons those that are not lost and resets
    // all, none of them being in the middle of a step.
    std::function<void(const std::vector<int64_t>& epochs)> restart;
    // This executor is to have so many lanes; called before commands for them are taken. May be
    // null, like the next one.
    std::function<void(size_t lanes)> owning;
    // Tells the map, by lane, whenever it may have changed; null: nobody wants to know.
    std::function<void(const std::vector<std::string>& addresses, UnixMicros time)> publish;
    Peers* peers = nullptr;  // null: the table alone
    // How long (microseconds) nobody has had a stream to this executor, after somebody had; 0:
    // somebody has. While others live, its lanes are theirs then. May be null.
    std::function<int64_t()> unreachable_for;
    // While others live they want to see leases renewed this often.
    int64_t renew_within = std::numeric_limits<int64_t>::max();
    int64_t look_every = 5'000'000;
    // The same while others live: the connection must be good when it is needed.
    int64_t look_with_others = 5'000'000;
    // An executor is given lanes once it has lived for so long: by then everybody has a connection.
    int64_t settle = 0;
  };

  explicit LaneKeeper(Parts parts) : parts_(std::move(parts)) {}

  // Gives the microseconds after which it wants to be called again; sooner when a lane was lost or
  // handed over, or a peer has come or gone.
  absl::StatusOr<int64_t> Step();
  // From now on Step takes no lane any more and gives all away while others live. Thread-safe.
  void Drain() { draining_ = true; }
  // Whether Step has seen another living executor. Thread-safe.
  bool has_others() const { return has_others_; }
  // Address of each lane's owner, as of the last Step; empty where none lives. Thread-safe.
  std::vector<std::string> Addresses() const;
  // Gives everything back. Step does nothing from then on.
  absl::Status Release();

 private:
  Committer& CommitterOf(int lane) const {
    return *parts_.committers[static_cast<size_t>(lane) % parts_.committers.size()];
  }
  void NoteReachable();
  void Own(const LaneView& view);
  void Leave(const LaneView& view, const std::vector<bool>& gave);
  void Note(const LaneView& view);
  bool Settled(const LaneView& view, const std::string& owner) const {
    return view.time - seen_since_.at(owner) >= parts_.settle;
  }
  void GiveAway(const LaneView& view, const Suspects& suspects);
  int64_t NextLook(const LaneView& view, const Suspects& suspects) const;
  bool leaving() const { return draining_ || unreachable_; }

  const Parts parts_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> has_others_{false};
  bool released_ = false;
  bool unreachable_ = false;
  bool maybe_unreachable_ = false;
  size_t owned_ = 0;
  std::map<std::string, UnixMicros> seen_since_;  // the living owners

  mutable std::mutex mutex_;
  std::vector<std::string> addresses_ = std::vector<std::string>(kLaneCount);
};

}  // namespace agentflow::executor
