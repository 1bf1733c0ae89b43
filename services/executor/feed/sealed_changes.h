#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/uuid.h"

// A feed row's body as it is stored: the changes of all tenants' executions, each one sealed under
// its own tenant's key.
namespace agentflow::executor {

struct SealedChange {
  std::string_view tenant;
  Uuid execution;
  std::string_view sealed;
};

void AppendSealedChange(const SealedChange& change, std::string* body);

// Whether it is such a body, and not one of a version that did not seal.
bool HoldsSealedChanges(std::string_view body);
// As long as `body` lives. nullopt: it is damaged.
std::optional<std::vector<SealedChange>> SplitSealedChanges(std::string_view body);

}  // namespace agentflow::executor
