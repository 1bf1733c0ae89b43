#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/http/message.h"

// A single-page application, served from memory.
namespace agentflow::http {

// What every page of ours forbids its browser. `connect-src 'self'` includes the WebSocket.
inline constexpr char kContentSecurityPolicy[] =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

// X-Content-Type-Options, Referrer-Policy and the like, for every answer.
void AddSecurityHeaders(Response& response);

// Files below one folder, read once. Immutable, safe from any thread.
class StaticFiles {
 public:
  // Errors: NOT_FOUND, reason STATIC_FILES_MISSING, when there is no index.html in `folder`.
  static absl::StatusOr<StaticFiles> Load(const std::string& folder);

  // The answer to a GET or HEAD. Files below /assets/ carry a hash in their name and may be
  // cached for ever; all others are asked for again each time (ETag, 304). A path that names no
  // file and has no extension is a page of the application: index.html. Otherwise nothing.
  // A file with a neighbour ".gz" is sent compressed to those who accept it.
  std::optional<Response> Find(const Request& request) const;

 private:
  struct File {
    std::string content;
    std::string gzip;
    std::string type;
    std::string etag;
    bool immutable = false;
  };
  std::map<std::string, File, std::less<>> files_;  // by path: "/assets/index-4fd1.js"
};

}  // namespace agentflow::http
