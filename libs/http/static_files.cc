#include "libs/http/static_files.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "libs/base/status.h"

namespace agentflow::http {
namespace {

namespace fs = std::filesystem;

std::string TypeOf(const std::string& extension) {
  static const std::map<std::string, std::string> types = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".txt", "text/plain; charset=utf-8"},
  };
  auto it = types.find(extension);
  return it == types.end() ? "application/octet-stream" : it->second;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool HasExtension(std::string_view path) {
  size_t slash = path.rfind('/');
  return path.find('.', slash == std::string_view::npos ? 0 : slash) != std::string_view::npos;
}

}  // namespace

void AddSecurityHeaders(Response& response) {
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("Referrer-Policy", "no-referrer");
  response.headers.Set("X-Frame-Options", "DENY");
  response.headers.Set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.Set("Cross-Origin-Resource-Policy", "same-origin");
}

absl::StatusOr<StaticFiles> StaticFiles::Load(const std::string& folder) {
  StaticFiles result;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (!it->is_regular_file() || it->path().extension() == ".gz") continue;
    File file;
    file.content = ReadFile(it->path());
    if (fs::path gzip = it->path().string() + ".gz"; fs::exists(gzip)) file.gzip = ReadFile(gzip);
    file.type = TypeOf(it->path().extension().string());
    std::string name = "/" + fs::relative(it->path(), folder).generic_string();
    file.immutable = name.starts_with("/assets/");
    file.etag = "\"" + std::to_string(std::hash<std::string>()(file.content)) + "-" +
                std::to_string(file.content.size()) + "\"";
    result.files_[std::move(name)] = std::move(file);
  }
  if (!result.files_.contains("/index.html")) {
    return NotFound("STATIC_FILES_MISSING",
                    "no index.html in " + folder + ": build the canvas, or leave canvas.dir empty");
  }
  return result;
}

std::optional<Response> StaticFiles::Find(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  auto it = files_.find(request.path == "/" ? "/index.html" : std::string_view(request.path));
  if (it == files_.end()) {
    if (HasExtension(request.path)) return std::nullopt;
    it = files_.find("/index.html");
  }
  const File& file = it->second;
  Response response;
  AddSecurityHeaders(response);
  response.headers.Add("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.Add("ETag", file.etag);
  response.headers.Add("Cache-Control",
                       file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.headers.Get("if-none-match") == file.etag) {
    response.status = 304;
    return response;
  }
  response.headers.Add("Content-Type", file.type);
  bool gzip = !file.gzip.empty() &&
              request.headers.Get("accept-encoding").find("gzip") != std::string_view::npos;
  if (!file.gzip.empty()) response.headers.Add("Vary", "Accept-Encoding");
  if (gzip) response.headers.Add("Content-Encoding", "gzip");
  response.body = gzip ? file.gzip : file.content;
  return response;
}

}  // namespace agentflow::http
