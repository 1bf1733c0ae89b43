#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/contract/binding.h"

// Names and sentences of the API description.
namespace agentflow::openapi {

// "workflows" -> "workflow", "policies" -> "policy".
std::string Singular(std::string_view collection);

// "CreateWorkflow" -> "createWorkflow".
std::string LowerFirst(std::string_view name);

// "display_name" -> "displayName", per segment of a dotted path.
std::string CamelPath(std::string_view field_path);

struct PathParameter {
  std::string name;     // in the path: "workflow"
  std::string field;    // of the request: "name"
  std::string pattern;  // of the whole field: "workflows/*"; "*" where it stands alone
};

struct OpenApiPath {
  std::string path;  // "/v1/workflows/{workflow}:publish"
  std::vector<PathParameter> parameters;
};

// One parameter for each wildcard of the template, named after the collection before it.
OpenApiPath PathOf(const contract::HttpBinding& binding);

// Leading comment of a descriptor as one paragraph per blank line, without markers.
template <typename D>
std::string CommentOf(const D& descriptor);

// Up to the first full stop that ends a sentence.
std::string FirstSentence(std::string_view comment);

// What to say about a method without a comment: standard methods (Get, List, Create, Update,
// Delete) have a sentence of their own; for others it is empty.
std::string StandardSentence(const google::protobuf::MethodDescriptor& method);

// The same for fields that mean the same everywhere (page_size, etag, ...).
std::string StandardFieldSentence(std::string_view field);

}  // namespace agentflow::openapi
