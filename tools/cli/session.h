#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/http/client.h"
#include "libs/json/value.h"

namespace agentflow::cli {

// Where the platform is and how to sign in: flags, then AGENTFLOW_URL and AGENTFLOW_API_KEY, then
// the nearest .agentflow/credentials.json at or above the current folder.
struct Settings {
  std::string url;
  std::string api_key;
};

// FAILED_PRECONDITION, reason SETTINGS_MISSING, says how to give them.
absl::StatusOr<Settings> FindSettings(std::string url, std::string api_key);

// The public API over HTTP. Errors are those of the platform, from its problem details;
// UNAVAILABLE, reason UNREACHABLE, where nobody answers.
class Session {
 public:
  explicit Session(Settings settings);

  // `query` values are escaped here; empty ones are left out.
  using Query = std::map<std::string, std::string>;
  absl::StatusOr<json::Value> Get(const std::string& path, const Query& query = {});
  absl::StatusOr<json::Value> Post(const std::string& path, const json::Value& body);
  absl::StatusOr<json::Value> Send(const std::string& method, const std::string& path,
                                   const Query& query, const json::Value* body);
  // Every item of `collection` over all pages, at most `limit` (0: all).
  absl::StatusOr<json::Array> List(const std::string& path, const std::string& collection,
                                   Query query, size_t limit = 0);

  const std::string& url() const { return settings_.url; }

 private:
  Settings settings_;
  http::Client client_;
};

// The whole file; "-" is standard input.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace agentflow::cli
