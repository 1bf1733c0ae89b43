#pragma once

#include <cstdint>
#include <string_view>

#include "libs/workflow/plan.h"

// When a failed attempt is tried again.
namespace agentflow::engine {

// The wait before the next attempt after `failures` (>= 1) counted failures:
//   fixed        initial
//   linear       initial * failures
//   exponential  initial * factor^(failures - 1)
// never over `max`; full jitter then draws evenly from [0, that], by `random` (the source:
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
workflow::Micros RetryDelay(const workflow::Retry& retry, uint32_t failures, uint64_t random);

// Whether a failure for `reason` may be tried again, attempts left or not. exceptWhen wins over
// retryOn; a reason named in retryOn is retried even if the worker called it final.
bool MayRetry(const workflow::Retry& retry, std::string_view reason, bool retryable);

}  // namespace agentflow::engine
