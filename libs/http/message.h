#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP requests and answers as plain values.
namespace agentflow::http {

// Header fields in order. Names are compared without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  // The first field of that name; empty where there is none.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every field of that name.
  void Set(std::string_view name, std::string value);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  bool empty() const { return fields_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

bool EqualIgnoringCase(std::string_view a, std::string_view b);

struct Request {
  std::string method;  // upper case: "GET"
  std::string path;    // as sent, still percent-encoded: "/v1/workflows/a"
  std::string query;   // as sent, without "?"
  Headers headers;
  std::string body;
  std::string remote_address;  // IP address of the peer
  bool websocket = false;      // asks to become a WebSocket
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

Response JsonResponse(int status, std::string json);
Response TextResponse(int status, std::string text);

}  // namespace agentflow::http
