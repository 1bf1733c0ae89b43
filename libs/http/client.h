#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/http/message.h"

// Calls to the outside that cannot be talked into calling the inside.
namespace agentflow::http {

// Which addresses may be dialled. Every address that a name resolves to is checked at the moment
// it is dialled, after each redirect too, so a name that changes its mind gains nothing.
struct AddressPolicy {
  // Loopback, private, link-local, shared and reserved ranges (RFC 6890), IPv4 and IPv6.
  bool allow_private = false;
  // Networks that are allowed all the same: "10.1.0.0/16", "fd00::/8", "127.0.0.1".
  std::vector<std::string> allowed_networks;
};

// Whether `address` (text, either family) may be dialled. Malformed: no.
bool IsAllowed(const AddressPolicy& policy, std::string_view address);

struct OutboundRequest {
  std::string method = "GET";
  std::string url;  // http or https
  Headers headers;
  std::string body;
  std::chrono::milliseconds timeout{30'000};
  size_t max_response_bytes = 8 << 20;
  int max_redirects = 0;
};

// A client with its own connections, which are never shared with another policy. Thread-safe;
// each call blocks its thread.
class Client {
 public:
  explicit Client(AddressPolicy policy);
  ~Client();

  // Any HTTP status is a success here.
  // Errors: INVALID_ARGUMENT, reason URL_INVALID; PERMISSION_DENIED, reason ADDRESS_DENIED;
  // UNAVAILABLE, reason CONNECT_FAILED; DEADLINE_EXCEEDED, reason OUTBOUND_TIMEOUT;
  // RESOURCE_EXHAUSTED, reason RESPONSE_TOO_LARGE; FAILED_PRECONDITION, reason
  // TOO_MANY_REDIRECTS.
  absl::StatusOr<Response> Send(const OutboundRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentflow::http
