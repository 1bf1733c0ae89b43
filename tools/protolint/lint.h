#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

// The rules of the contract that a compiler does not know.
namespace agentflow::protolint {

struct Finding {
  std::string file;
  int line = 0;  // from 1; 0 without source info
  std::string message;
};

// Everything wrong in `files` of `pool`, in order of file and line. The rules:
//
// services    end in "Service", have a comment and a known `backend`
// methods     declare exactly one of permission, public, authenticated, callers; public ones
//             (package agentflow.api.*) also audit, and have an HTTP rule unless they stream;
//             internal ones name their callers and have no HTTP rule; a comment, unless they are
//             a standard method (Get, List, Create, Update, Delete)
// routes      fit the request, begin with /v1/, and no two match the same requests
// messages    PascalCase; fields lower_snake_case; page_size comes with page_token and
//             next_page_token; a password or secret is marked `secret`
// enums       the zero value ends in _UNSPECIFIED; UPPER_SNAKE_CASE
// tenants     no field of a public request names a tenant, save TenantService's and Login's
// files       lie in the folder of their package; public ones import no internal ones
std::vector<Finding> Lint(const google::protobuf::DescriptorPool& pool,
                          const std::vector<std::string>& files);

}  // namespace agentflow::protolint
