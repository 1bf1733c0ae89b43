#pragma once

// What documents can say and the engine decides, while the executor does not do its part yet. A
// document that uses it is refused with FEATURE_UNAVAILABLE.
namespace agentflow::workflow {

inline constexpr bool kApprovalsRun = true;   // flow.approval, policy.approval
inline constexpr bool kChildrenRun = true;    // flow.workflow, custom.*
inline constexpr bool kKeysRun = false;       // flow.critical, concurrency

}  // namespace agentflow::workflow
