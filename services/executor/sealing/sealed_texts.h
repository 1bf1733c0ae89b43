#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/executor/sealing/tenant_seal.h"

namespace agentflow::executor {

// Several texts of one row, sealed as one body: a JSON object without the empty ones. Empty where
// all of them are.
std::string SealTexts(const TenantSeal& seal, const Place& place,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> texts);

// Takes them out again; one that is not there is left as it is. An empty `stored` has none.
// Errors as of OpenStored.
absl::Status OpenTexts(const absl::StatusOr<TenantSealPtr>& seal, const Place& place,
                       std::string_view stored,
                       std::initializer_list<std::pair<std::string_view, std::string*>> texts);

}  // namespace agentflow::executor
