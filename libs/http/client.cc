#include "libs/http/client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>

#include "libs/base/status.h"

namespace agentflow::http {
namespace {

// Any address as 16 bytes; IPv4 as ::ffff:a.b.c.d, so that one comparison serves both.
using Address = std::array<uint8_t, 16>;

struct Network {
  Address base;
  int bits;
};

Address FromV4(const uint8_t* bytes) {
  Address address{};
  address[10] = address[11] = 0xff;
  std::memcpy(&address[12], bytes, 4);
  return address;
}

std::optional<Address> ParseAddress(const std::string& text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return FromV4(bytes);
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return std::nullopt;
  Address address;
  std::memcpy(address.data(), bytes, 16);
  return address;
}

std::optional<Network> ParseNetwork(const std::string& text) {
  size_t slash = text.find('/');
  auto base = ParseAddress(text.substr(0, slash));
  if (!base) return std::nullopt;
  bool v4 = text.find(':') == std::string::npos;
  int bits = 128;
  if (slash != std::string::npos) bits = std::atoi(text.c_str() + slash + 1) + (v4 ? 96 : 0);
  if (bits < 0 || bits > 128) return std::nullopt;
  return Network{*base, bits};
}

bool Contains(const Network& network, const Address& address) {
  for (int i = 0; i < 16; ++i) {
    int bits = std::min(8, network.bits - i * 8);
    if (bits <= 0) return true;
    uint8_t mask = static_cast<uint8_t>(0xff << (8 - bits));
    if ((network.base[i] & mask) != (address[i] & mask)) return false;
  }
  return true;
}

// The special-purpose registries (RFC 6890 and its successors), multicast included.
const std::vector<Network>& SpecialNetworks() {
  static const std::vector<Network>* networks = [] {
    auto* list = new std::vector<Network>;
    for (const char* text :
         {"0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
          "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
          "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
          "::/96",         "64:ff9b::/96",    "64:ff9b:1::/48", "100::/64",       "2001::/23",
          "2001:db8::/32", "2002::/16",       "fc00::/7",       "fe80::/10",      "fec0::/10",
          "ff00::/8"}) {
      list->push_back(*ParseNetwork(text));
    }
    return list;
  }();
  return *networks;
}

bool IsAllowedAddress(const AddressPolicy& policy, const Address& address) {
  for (const std::string& text : policy.allowed_networks) {
    auto network = ParseNetwork(text);
    if (network && Contains(*network, address)) return true;
  }
  if (policy.allow_private) return true;
  for (const Network& network : SpecialNetworks()) {
    if (Contains(network, address)) return false;
  }
  return true;
}

// One call under way.
struct Transfer {
  const AddressPolicy* policy;
  const OutboundRequest* request;
  Response response;
  bool denied = false;
  bool too_large = false;
};

curl_socket_t OpenSocket(void* data, curlsocktype purpose, curl_sockaddr* where) {
  auto* transfer = static_cast<Transfer*>(data);
  Address address{};
  if (where->family == AF_INET) {
    address = FromV4(reinterpret_cast<const uint8_t*>(
        &reinterpret_cast<const sockaddr_in*>(&where->addr)->sin_addr));
  } else if (where->family == AF_INET6) {
    std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in6*>(&where->addr)->sin6_addr,
                16);
  } else {
    transfer->denied = true;
    return CURL_SOCKET_BAD;
  }
  if (purpose != CURLSOCKTYPE_IPCXN || !IsAllowedAddress(*transfer->policy, address)) {
    transfer->denied = true;
    return CURL_SOCKET_BAD;
  }
  return socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  size_t bytes = size * count;
  if (transfer->response.body.size() + bytes > transfer->request->max_response_bytes) {
    transfer->too_large = true;
    return 0;
  }
  transfer->response.body.append(data, bytes);
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    transfer->response.headers = {};  // of a redirect, or of 100 Continue
    transfer->response.body.clear();
  } else if (size_t colon = line.find(':'); colon != std::string_view::npos) {
    size_t value = line.find_first_not_of(' ', colon + 1);
    transfer->response.headers.Add(
        std::string(line.substr(0, colon)),
        std::string(value == std::string_view::npos ? "" : line.substr(value)));
  }
  return size * count;
}

absl::Status StatusOf(CURLcode code, const Transfer& transfer, const char* detail) {
  const std::string& url = transfer.request->url;
  std::string text = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (transfer.denied) {
    return Error(absl::StatusCode::kPermissionDenied, "ADDRESS_DENIED",
                 url + " leads to an address that may not be called from here");
  }
  if (transfer.too_large) {
    return Error(absl::StatusCode::kResourceExhausted, "RESPONSE_TOO_LARGE",
                 url + " answered more than " +
                     std::to_string(transfer.request->max_response_bytes) + " bytes");
  }
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return InvalidArgument("URL_INVALID", "url", url + ": " + text);
    case CURLE_OPERATION_TIMEDOUT:
      return Error(absl::StatusCode::kDeadlineExceeded, "OUTBOUND_TIMEOUT", url + ": " + text);
    case CURLE_TOO_MANY_REDIRECTS:
      return FailedPrecondition("TOO_MANY_REDIRECTS", url + ": " + text);
    default:
      return Unavailable("CONNECT_FAILED", url + ": " + text);
  }
}

}  // namespace

bool IsAllowed(const AddressPolicy& policy, std::string_view address) {
  auto parsed = ParseAddress(std::string(address));
  return parsed && IsAllowedAddress(policy, *parsed);
}

struct Client::Impl {
  explicit Impl(AddressPolicy p) : policy(std::move(p)) {
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    AF_CHECK(initialised == CURLE_OK);
  }
  ~Impl() {
    for (CURL* handle : idle) curl_easy_cleanup(handle);
  }
  CURL* Take() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return curl_easy_init();
    CURL* handle = idle.back();
    idle.pop_back();
    return handle;
  }
  void Give(CURL* handle) {
    curl_easy_reset(handle);  // keeps the connections
    std::lock_guard lock(mutex);
    idle.push_back(handle);
  }

  const AddressPolicy policy;
  std::mutex mutex;
  std::vector<CURL*> idle;
};

Client::Client(AddressPolicy policy) : impl_(std::make_unique<Impl>(std::move(policy))) {}
Client::~Client() = default;

absl::StatusOr<Response> Client::Send(const OutboundRequest& request) {
  CURL* curl = impl_->Take();
  if (curl == nullptr) return Internal("OUT_OF_MEMORY", "no memory for an outbound call");
  Transfer transfer{&impl_->policy, &request, {}, false, false};
  char detail[CURL_ERROR_SIZE] = "";
  curl_slist* headers = nullptr;
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    has_type |= EqualIgnoringCase(name, "content-type");
    headers =
        curl_slist_append(headers, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  headers = curl_slist_append(headers, "Expect:");
  if (!has_type) headers = curl_slist_append(headers, "Content-Type:");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // a proxy would dial what we did not check
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!request.body.empty() || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  impl_->Give(curl);
  if (code != CURLE_OK) return StatusOf(code, transfer, detail);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace agentflow::http
