#include "libs/cel/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "libs/tz/time_zones.h"

// Runs the cases of libs/cel/testdata, and those of the language's own suite where it lies beside
// the checkout (AGENTFLOW_CONFORMANCE_DIR, or ../shared/conformance).
namespace agentflow::cel {
namespace {

namespace fs = std::filesystem;

constexpr int kMayFail = 15;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct Tally {
  int passed = 0;
  std::vector<std::string> failed;
};

void RunFolder(const fs::path& folder, Tally& tally) {
  tz::SystemTimeZones time_zones;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    auto results = RunCases(ReadFile(file), &time_zones);
    ASSERT_TRUE(results.ok()) << file << ": " << results.status();
    for (const CaseResult& result : *results) {
      if (result.passed) {
        ++tally.passed;
      } else {
        tally.failed.push_back(file.stem().string() + ": " + result.name + ": " + result.detail);
      }
    }
  }
}

TEST(ConformanceTest, OwnCasesPass) {
  Tally tally;
  RunFolder("libs/cel/testdata", tally);
  for (const std::string& failure : tally.failed) ADD_FAILURE() << failure;
  EXPECT_GT(tally.passed, 100);
}

TEST(ConformanceTest, TheLanguagesOwnSuitePasses) {
  const char* set = std::getenv("AGENTFLOW_CONFORMANCE_DIR");
  fs::path folder = fs::path(set ? set : "../shared/conformance") / "cel";
  if (!fs::exists(folder)) {
    std::cout << "conformance: " << folder << " is not there\nSKIPPED CASES: 1312\n";
    return;
  }
  Tally tally;
  RunFolder(folder, tally);
  for (const std::string& failure : tally.failed) std::cout << "failed: " << failure << "\n";
  std::cout << "conformance: " << tally.passed << " passed, " << tally.failed.size() << " failed\n";
  EXPECT_LE(tally.failed.size(), static_cast<size_t>(kMayFail));
  EXPECT_GE(tally.passed, 1297);
}

}  // namespace
}  // namespace agentflow::cel
