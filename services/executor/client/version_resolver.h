#pragma once

#include <compare>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace agentflow::executor {

struct VersionQuestion {
  std::string tenant;
  std::string workflow;  // workflows/{id}
  int32_t version = 0;   // 0: the newest

  auto operator<=>(const VersionQuestion&) const = default;
};

struct ResolvedVersion {
  int32_t version = 0;
  std::string content_hash;
};

using VersionAnswer = absl::StatusOr<ResolvedVersion>;

// Asks the designer which version a start means. Questions that come while a call is under way
// wait and go together in the next one, so a version published before a start was sent is always
// seen, and a thousand starts cost a handful of calls. A numbered version never changes: its
// answer is kept. Thread-safe.
class VersionResolver {
 public:
  // Answers in the order of the questions; one error stands for all.
  using Ask = std::function<void(std::vector<VersionQuestion>,
                                 std::function<void(absl::StatusOr<std::vector<VersionAnswer>>)>)>;

  explicit VersionResolver(Ask ask) : ask_(std::move(ask)) {}

  // `done` may be called before this returns.
  void Resolve(const VersionQuestion& question, std::function<void(VersionAnswer)> done);
  // The same, waiting: on a thread that may block.
  VersionAnswer ResolveBlocking(const VersionQuestion& question);

 private:
  using Waiting = std::map<VersionQuestion, std::vector<std::function<void(VersionAnswer)>>>;
  void Send();

  const Ask ask_;
  std::mutex mutex_;
  std::map<VersionQuestion, ResolvedVersion> fixed_;
  Waiting waiting_;
  bool under_way_ = false;
};

}  // namespace agentflow::executor
