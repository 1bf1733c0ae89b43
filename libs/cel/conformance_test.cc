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
  int unescaped = 0;
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
        tally.unescaped += result.unescaped;
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
  EXPECT_EQ(tally.unescaped, 0);
  EXPECT_GT(tally.passed, 100);
}

struct MalformedCase {
  const char* line;
  const char* detail;
};
class MalformedTest : public testing::TestWithParam<MalformedCase> {};
TEST_P(MalformedTest, FailsInsteadOfPassingByAccident) {
  auto results = RunCases(GetParam().line, nullptr);
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 1u);
  EXPECT_FALSE(results->front().passed);
  EXPECT_EQ(results->front().detail, GetParam().detail);
}
INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedTest,
    testing::Values(
        MalformedCase{R"({"expr": "null", "value": {"enum_value": 1}})",
                      R"(the case is not understood: value {"enum_value":1})"},
        MalformedCase{R"({"expr": "1", "value": {"int64_value": 1.5}})",
                      R"(the case is not understood: value {"int64_value":1.5})"},
        MalformedCase{R"({"expr": "1", "value": 1})", "the case is not understood: value 1"},
        MalformedCase{R"({"expr": "null", "value": {"object_value": {"@type": "x"}}})",
                      R"(the case is not understood: value {"object_value":{"@type":"x"}})"},
        MalformedCase{R"({"expr": "x", "bindings": {"x": 1}})",
                      "the case is not understood: value 1"},
        MalformedCase{R"({"expr": "x", "bindings": [1]})",
                      "the case is not understood: bindings [1]"},
        MalformedCase{R"({"expr": "x", "type_env": [{"name": "x", "ident": {"type": "INT"}}]})",
                      R"(the case is not understood: type "INT")"},
        MalformedCase{R"({"expr": "1", "any_eval_errors": {}})",
                      "the case is not understood: any_eval_errors {}"},
        MalformedCase{R"({"expr": "{1: 2}", "value": {"map_value": {"entries": [)"
                      R"({"key": {"uint64_value": "1"}, "value": {"int64_value": "2"}}]}}})",
                      R"(expected {"1":2}, got {"1":2})"},
        MalformedCase{R"({"expr": "1.0", "value": {"int64_value": "1"}})",
                      "expected 1, got 1 (double)"},
        MalformedCase{R"({"expr": "1", "eval_error": {}})", "expected an error, got 1"}));

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
  std::cout << "conformance: " << tally.passed << " passed (" << tally.unescaped
            << " after reading escapes in what is expected), " << tally.failed.size()
            << " failed\n";
  EXPECT_LE(tally.failed.size(), static_cast<size_t>(kMayFail));
  EXPECT_GE(tally.passed, 1297);
}

}  // namespace
}  // namespace agentflow::cel
