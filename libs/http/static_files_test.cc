#include "libs/http/static_files.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::http {
namespace {

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = testing::TempDir() + "static-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("index.html", "<html>");
    Write("assets/app-4fd1.js", "js");
    Write("assets/app-4fd1.js.gz", "zipped");
    Write("favicon.svg", "<svg>");
    files_ = *StaticFiles::Load(folder_);
  }
  ~StaticFilesTest() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::optional<Response> Get(const std::string& path, Headers headers = {}) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.headers = std::move(headers);
    return files_.Find(request);
  }

  std::string folder_;
  StaticFiles files_;
};

TEST_F(StaticFilesTest, HashedAssetsAreKeptForEverAndPagesAskedForAgain) {
  EXPECT_EQ(Get("/assets/app-4fd1.js")->headers.Get("cache-control"),
            "public, max-age=31536000, immutable");
  EXPECT_EQ(Get("/assets/app-4fd1.js")->headers.Get("content-type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(Get("/")->headers.Get("cache-control"), "no-cache");
  std::string etag(Get("/")->headers.Get("etag"));
  EXPECT_EQ(Get("/", {{"If-None-Match", etag}})->status, 304);
}

TEST_F(StaticFilesTest, PagesOfTheApplicationAreTheIndex) {
  EXPECT_EQ(Get("/workflows/a")->body, "<html>");
  EXPECT_FALSE(Get("/assets/old-1111.js").has_value());
  EXPECT_FALSE(Get("/../../etc/passwd.txt").has_value());
  Request post;
  post.method = "POST";
  post.path = "/";
  EXPECT_FALSE(files_.Find(post).has_value());
}

TEST_F(StaticFilesTest, SendsCompressedFilesToThoseWhoAcceptThem) {
  auto response = Get("/assets/app-4fd1.js", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(response->body, "zipped");
  EXPECT_EQ(response->headers.Get("content-encoding"), "gzip");
  EXPECT_EQ(Get("/assets/app-4fd1.js")->body, "js");
}

TEST_F(StaticFilesTest, EveryAnswerHasTheSecurityHeaders) {
  auto response = Get("/");
  EXPECT_EQ(response->headers.Get("content-security-policy"), kContentSecurityPolicy);
  EXPECT_EQ(response->headers.Get("x-content-type-options"), "nosniff");
  EXPECT_EQ(response->headers.Get("x-frame-options"), "DENY");
}

TEST(StaticFiles, AFolderWithoutAnIndexIsAnError) {
  EXPECT_EQ(ReasonOf(StaticFiles::Load("/nonexistent").status()), "STATIC_FILES_MISSING");
}

}  // namespace
}  // namespace agentflow::http
