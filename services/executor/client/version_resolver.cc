#include "services/executor/client/version_resolver.h"

#include <future>
#include <memory>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::executor {
namespace {

constexpr size_t kFixedKept = 20'000;

}  // namespace

void VersionResolver::Resolve(const VersionQuestion& question,
                              std::function<void(VersionAnswer)> done) {
  {
    std::unique_lock lock(mutex_);
    if (auto it = fixed_.find(question); it != fixed_.end()) {
      const ResolvedVersion answer = it->second;
      lock.unlock();
      return done(answer);
    }
    waiting_[question].push_back(std::move(done));
    if (under_way_) return;
    under_way_ = true;
  }
  Send();
}

VersionAnswer VersionResolver::ResolveBlocking(const VersionQuestion& question) {
  auto promise = std::make_shared<std::promise<VersionAnswer>>();
  std::future<VersionAnswer> answer = promise->get_future();
  Resolve(question, [promise](VersionAnswer got) { promise->set_value(std::move(got)); });
  return answer.get();
}

void VersionResolver::Send() {
  Waiting asked;
  {
    std::lock_guard lock(mutex_);
    asked.swap(waiting_);
    if (asked.empty()) {
      under_way_ = false;
      return;
    }
  }
  std::vector<VersionQuestion> questions;
  for (const auto& [question, waiting] : asked) questions.push_back(question);
  ask_(std::move(questions), [this, asked = std::move(asked)](
                                 absl::StatusOr<std::vector<VersionAnswer>> answers) {
    if (answers.ok() && answers->size() != asked.size()) {
      answers = Internal("DESIGNER_ANSWER", "The designer answered another number of questions.");
    }
    size_t i = 0;
    for (const auto& [question, waiting] : asked) {
      const VersionAnswer answer = answers.ok() ? (*answers)[i] : VersionAnswer(answers.status());
      ++i;
      if (answer.ok() && question.version > 0) {
        std::lock_guard lock(mutex_);
        if (fixed_.size() >= kFixedKept) fixed_.clear();
        fixed_[question] = *answer;
      }
      for (const auto& done : waiting) done(answer);
    }
    Send();
  });
}

}  // namespace agentflow::executor
