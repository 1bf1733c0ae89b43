#include "tools/cli/session.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "libs/base/status.h"

namespace agentflow::cli {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

std::string EscapeQuery(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

json::Value StoredCredentials() {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::current_path(error);
  while (!folder.empty()) {
    auto text = ReadFile((folder / ".agentflow" / "credentials.json").string());
    if (text.ok()) {
      auto stored = json::Parse(*text);
      if (stored.ok()) return *stored;
    }
    if (folder == folder.root_path()) break;
    folder = folder.parent_path();
  }
  return json::Object();
}

absl::StatusCode CodeOf(const json::Value& problem, int status) {
  static const std::map<int, absl::StatusCode> kByHttp = {
      {400, absl::StatusCode::kInvalidArgument},  {401, absl::StatusCode::kUnauthenticated},
      {403, absl::StatusCode::kPermissionDenied}, {404, absl::StatusCode::kNotFound},
      {409, absl::StatusCode::kAborted},          {412, absl::StatusCode::kFailedPrecondition},
      {413, absl::StatusCode::kInvalidArgument},  {429, absl::StatusCode::kResourceExhausted},
      {503, absl::StatusCode::kUnavailable},      {504, absl::StatusCode::kDeadlineExceeded}};
  auto it = kByHttp.find(status);
  return it == kByHttp.end() ? absl::StatusCode::kInternal : it->second;
}

absl::Status ProblemOf(const http::Response& response) {
  auto problem = json::Parse(response.body);
  if (!problem.ok() || !problem->is_object()) {
    return Error(absl::StatusCode::kUnavailable, "UNREACHABLE",
                 "the server answered " + std::to_string(response.status) + " without a reason");
  }
  ErrorMetadata metadata;
  for (const auto& [key, value] : problem->as_object()) {
    if (value.is_string()) metadata[key] = value.as_string();
  }
  std::string message = problem->StringOr("detail", problem->StringOr("title"));
  return Error(CodeOf(*problem, response.status), problem->StringOr("reason", "UNKNOWN"), message,
               std::move(metadata));
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    return NotFound("FILE_NOT_FOUND", "cannot read " + path);
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<Settings> FindSettings(std::string url, std::string api_key) {
  Settings settings{std::move(url), std::move(api_key)};
  if (settings.url.empty()) settings.url = Variable("AGENTFLOW_URL");
  if (settings.api_key.empty()) settings.api_key = Variable("AGENTFLOW_API_KEY");
  if (settings.url.empty() || settings.api_key.empty()) {
    json::Value stored = StoredCredentials();
    if (settings.url.empty()) settings.url = stored.StringOr("url");
    if (settings.api_key.empty()) settings.api_key = stored.StringOr("api_key");
  }
  if (settings.url.empty() || settings.api_key.empty()) {
    return FailedPrecondition(
        "SETTINGS_MISSING",
        "where is AgentFlow? Set AGENTFLOW_URL and AGENTFLOW_API_KEY, or give "
        "--url and --api-key, or run below a folder with "
        ".agentflow/credentials.json");
  }
  while (settings.url.ends_with('/')) settings.url.pop_back();
  return settings;
}

// The platform is where the user says; no address is out of bounds here.
Session::Session(Settings settings)
    : settings_(std::move(settings)), client_(http::AddressPolicy{.allow_private = true}) {}

absl::StatusOr<json::Value> Session::Get(const std::string& path, const Query& query) {
  return Send("GET", path, query, nullptr);
}

absl::StatusOr<json::Value> Session::Post(const std::string& path, const json::Value& body) {
  return Send("POST", path, {}, &body);
}

absl::StatusOr<json::Value> Session::Send(const std::string& method, const std::string& path,
                                          const Query& query, const json::Value* body) {
  http::OutboundRequest request{.method = method, .url = settings_.url + path};
  char separator = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [key, value] : query) {
    if (value.empty()) continue;
    request.url += separator + key + "=" + EscapeQuery(value);
    separator = '&';
  }
  request.max_response_bytes = 16 << 20;  // a payload of 8 MiB, in base64
  request.headers.Add("Authorization", "Bearer " + settings_.api_key);
  request.headers.Add("User-Agent", "agentflow-cli/0.1.0");
  if (body) {
    request.headers.Add("Content-Type", "application/json");
    request.body = json::Dump(*body);
  }
  auto response = client_.Send(request);
  if (!response.ok()) {
    return Error(absl::StatusCode::kUnavailable, "UNREACHABLE",
                 settings_.url + " does not answer: " + MessageOf(response.status()));
  }
  if (response->status >= 400) return ProblemOf(*response);
  if (response->body.empty()) return json::Value(json::Object());
  return json::Parse(response->body, {.depth = 64, .bytes = 64u << 20});
}

absl::StatusOr<json::Array> Session::List(const std::string& path, const std::string& collection,
                                          Query query, size_t limit) {
  json::Array items;
  query["pageSize"] = limit > 0 && limit < 200 ? std::to_string(limit) : "200";
  while (true) {
    AF_ASSIGN_OR_RETURN(json::Value page, Get(path, query));
    if (const json::Value* part = page.Find(collection); part && part->is_array()) {
      items.insert(items.end(), part->as_array().begin(), part->as_array().end());
    }
    if (limit > 0 && items.size() >= limit) {
      items.resize(limit);
      return items;
    }
    query["pageToken"] = page.StringOr("nextPageToken");
    if (query["pageToken"].empty()) return items;
  }
}

}  // namespace agentflow::cli
