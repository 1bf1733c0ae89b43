#include "libs/testing/temp_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "libs/base/status.h"

namespace agentflow::testing {

TempDir::TempDir() {
  char path[] = "/tmp/agentflow-test-XXXXXX";
  AF_CHECK(mkdtemp(path) != nullptr);
  path_ = path;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::Write(std::string_view name, std::string_view content) const {
  std::string path = path_ + "/" + std::string(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  AF_CHECK(fd >= 0);
  while (!content.empty()) {
    ssize_t written = write(fd, content.data(), content.size());
    AF_CHECK(written > 0);
    content.remove_prefix(static_cast<size_t>(written));
  }
  close(fd);
  return path;
}

}  // namespace agentflow::testing
