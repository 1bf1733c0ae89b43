#include "libs/contract/route_table.h"

#include "google/protobuf/descriptor.h"
#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty() && path[0] == '/') {
    path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

}  // namespace

absl::Status RouteTable::Add(HttpBinding binding) {
  auto owned = std::make_unique<HttpBinding>(std::move(binding));
  Node* node = &root_;
  bool rest = false;
  for (const PathSegment& segment : owned->path.segments()) {
    if (segment.kind == PathSegment::Kind::kRest) {
      rest = true;
      break;
    }
    std::unique_ptr<Node>& next =
        segment.kind == PathSegment::Kind::kOne ? node->one : node->literals[segment.literal];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  auto& ends = (rest ? node->rest : node->ends)[owned->path.verb()];
  auto [it, added] = ends.emplace(owned->verb, owned.get());
  if (!added) {
    return Error(absl::StatusCode::kAlreadyExists, "ROUTE_CONFLICT",
                 owned->method->full_name() + " and " + it->second->method->full_name() +
                     " both answer " + owned->verb + " " + owned->path.Shape());
  }
  bindings_.push_back(std::move(owned));
  return absl::OkStatus();
}

// Depth first, literals before wildcards. Prefers a place that knows the HTTP verb; else any
// place that knows the path, so that the caller can answer "method not allowed".
const RouteTable::Node::Ends::mapped_type* RouteTable::Walk(
    const Node& node, const std::vector<std::string_view>& segments, size_t at,
    std::string_view custom_verb, std::string_view http_verb) {
  const Node::Ends::mapped_type* other = nullptr;
  auto consider = [&](const Node::Ends::mapped_type* found) {
    if (found == nullptr) return false;
    if (found->contains(http_verb)) {
      other = found;
      return true;
    }
    if (other == nullptr) other = found;
    return false;
  };
  auto ending = [&](const Node::Ends& ends) -> const Node::Ends::mapped_type* {
    auto it = ends.find(custom_verb);
    return it == ends.end() ? nullptr : &it->second;
  };
  if (at == segments.size()) {
    if (consider(ending(node.ends))) return other;
  } else {
    std::string_view segment = segments[at];
    auto literal = node.literals.find(segment);
    if (literal != node.literals.end() &&
        consider(Walk(*literal->second, segments, at + 1, custom_verb, http_verb))) {
      return other;
    }
    if (node.one != nullptr && !segment.empty() &&
        consider(Walk(*node.one, segments, at + 1, custom_verb, http_verb))) {
      return other;
    }
  }
  consider(ending(node.rest));
  return other;
}

absl::StatusOr<RouteTable::Match> RouteTable::Find(std::string_view verb,
                                                   std::string_view path) const {
  std::vector<std::string_view> segments = Split(path);
  const Node::Ends::mapped_type* found = nullptr;
  if (!segments.empty()) {
    std::string_view last = segments.back();
    size_t colon = last.rfind(':');
    if (colon != std::string_view::npos) {
      segments.back() = last.substr(0, colon);
      found = Walk(root_, segments, 0, last.substr(colon + 1), verb);
      if (found == nullptr) segments.back() = last;
    }
    if (found == nullptr) found = Walk(root_, segments, 0, "", verb);
  }
  if (found == nullptr) {
    return NotFound("ROUTE_UNKNOWN", "there is nothing at " + std::string(path) +
                                         "; see /openapi.json for what there is");
  }
  auto it = found->find(verb);
  if (it == found->end()) {
    std::string allow;
    for (const auto& [known, binding] : *found) allow += (allow.empty() ? "" : ", ") + known;
    return Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                 std::string(path) + " takes " + allow + ", not " + std::string(verb),
                 {{"allow", allow}});
  }
  Match match;
  match.binding = it->second;
  for (const BoundVariable& bound : match.binding->variables) {
    AF_ASSIGN_OR_RETURN(std::string value, match.binding->path.Extract(bound.variable, segments));
    match.values.push_back(std::move(value));
  }
  return match;
}

}  // namespace agentflow::contract
