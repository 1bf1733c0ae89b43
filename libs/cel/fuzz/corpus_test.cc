#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "libs/cel/fuzz/targets.h"

// The fuzz targets without a fuzzer: the corpus as it is, and the same random changes of it every
// time. `cmake --preset fuzz` searches on.
namespace agentflow::cel {
namespace {

constexpr int kChanged = 20'000;

std::vector<std::string> Corpus(const std::string& name) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("libs/cel/fuzz/corpus/" + name)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    inputs.push_back(text.str());
  }
  return inputs;
}

class Changer {
 public:
  explicit Changer(const std::vector<std::string>& inputs) : inputs_(inputs) {}

  // One input with a few bytes changed, parts dropped or parts of another one put in.
  std::string Next() {
    std::string text = Pick();
    for (size_t changes = 1 + random_() % 4; changes > 0; --changes) {
      size_t at = random_() % (text.size() + 1);
      std::string other = Pick();
      switch (random_() % 4) {
        case 0: text.insert(at, 1, static_cast<char>(random_() % 256)); break;
        case 1: text.insert(at, 1, kLetters[random_() % kLetters.size()]); break;
        case 2: text.erase(at, 1 + random_() % 8); break;
        default: text.insert(at, other.substr(random_() % (other.size() + 1), random_() % 24));
      }
    }
    return text;
  }

 private:
  static constexpr std::string_view kLetters = "()[]{}.,:?!&|<>=+-*/%'\"`\\0123456789axe ";
  const std::string& Pick() { return inputs_[random_() % inputs_.size()]; }

  const std::vector<std::string>& inputs_;
  std::mt19937 random_{17};
};

void RunTarget(const std::string& name, void (*target)(std::string_view)) {
  std::vector<std::string> inputs = Corpus(name);
  ASSERT_GT(inputs.size(), 20u);
  for (const std::string& input : inputs) target(input);
  Changer changer(inputs);
  for (int i = 0; i < kChanged; ++i) target(changer.Next());
}

TEST(CorpusTest, Parse) { RunTarget("parse", FuzzParse); }
TEST(CorpusTest, Check) { RunTarget("check", FuzzCheck); }
TEST(CorpusTest, Evaluate) { RunTarget("evaluate", FuzzEvaluate); }

}  // namespace
}  // namespace agentflow::cel
