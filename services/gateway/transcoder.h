#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/contract/route_table.h"
#include "libs/http/message.h"
#include "services/gateway/method_table.h"

// Between HTTP requests with JSON and protobuf messages, by the rules of google/api/http.proto.
namespace agentflow::gateway {

// The request message: path variables over the body over the query. All in INVALID_ARGUMENT:
// JSON_MALFORMED, JSON_TOO_DEEP, FIELD_UNKNOWN, FIELD_INVALID, FIELD_DUPLICATE (libs/rpc,
// proto_json.h) with the field's path; QUERY_INVALID for a query where the body is everything;
// MEDIA_TYPE_UNSUPPORTED; BODY_UNEXPECTED.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ToMessage(
    const http::Request& request, const contract::RouteTable::Match& match, const Method& method);

// The answer's JSON text. INTERNAL, reason ANSWER_MALFORMED, when the bytes are no such message.
absl::StatusOr<std::string> ToJsonText(const std::string& bytes,
                                       const contract::HttpBinding& binding, const Method& method);

}  // namespace agentflow::gateway
