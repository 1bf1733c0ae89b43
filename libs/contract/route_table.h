#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/contract/binding.h"

namespace agentflow::contract {

// Finds the binding for an HTTP request. A literal segment wins over "*", "*" over "**"; a path
// that ends in ":verb" is first tried as a custom verb. Built once, then safe from any thread.
class RouteTable {
 public:
  // Errors: ALREADY_EXISTS, reason ROUTE_CONFLICT, when a binding of the same verb and shape is
  // in the table.
  absl::Status Add(HttpBinding binding);

  struct Match {
    const HttpBinding* binding = nullptr;
    // Values of binding->variables, in their order, decoded.
    std::vector<std::string> values;
  };
  // `path` is the request target without its query.
  // Errors: NOT_FOUND, reason ROUTE_UNKNOWN; UNIMPLEMENTED, reason METHOD_NOT_ALLOWED, with the
  // metadata "allow" ("GET, PATCH") when only the verb is wrong; INVALID_ARGUMENT, PATH_INVALID.
  absl::StatusOr<Match> Find(std::string_view verb, std::string_view path) const;

  size_t size() const { return bindings_.size(); }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> one;
    // What ends here: custom verb -> HTTP verb -> binding. `rest` ends in "**".
    using Ends =
        std::map<std::string, std::map<std::string, const HttpBinding*, std::less<>>, std::less<>>;
    Ends ends;
    Ends rest;
  };

  static const Node::Ends::mapped_type* Walk(const Node& node,
                                             const std::vector<std::string_view>& segments,
                                             size_t at, std::string_view custom_verb,
                                             std::string_view http_verb);

  Node root_;
  std::vector<std::unique_ptr<HttpBinding>> bindings_;
};

}  // namespace agentflow::contract
