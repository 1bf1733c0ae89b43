#include "libs/engine/retry.h"

#include <algorithm>
#include <cmath>

namespace agentflow::engine {

workflow::Micros RetryDelay(const workflow::Retry& retry, uint32_t failures, uint64_t random) {
  double delay = static_cast<double>(retry.initial);
  if (retry.backoff == workflow::Backoff::kLinear) delay *= failures;
  if (retry.backoff == workflow::Backoff::kExponential) {
    delay *= std::pow(retry.factor, static_cast<double>(failures) - 1);
  }
  // Also catches infinity and NaN, which a large power may give.
  double cap = static_cast<double>(std::max<workflow::Micros>(retry.max, 0));
  if (!(delay < cap)) delay = cap;
  if (!(delay > 0)) delay = 0;
  if (retry.jitter == workflow::Jitter::kFull) {
    delay *= static_cast<double>(random >> 11) * 0x1.0p-53;  // [0, 1)
  }
  return static_cast<workflow::Micros>(std::llround(delay));
}

bool MayRetry(const workflow::Retry& retry, std::string_view reason, bool retryable) {
  if (workflow::MatchesReason(retry.except_on, reason)) return false;
  if (!retry.retry_on.empty()) return workflow::MatchesReason(retry.retry_on, reason);
  return retryable;
}

}  // namespace agentflow::engine
