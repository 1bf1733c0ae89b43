#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "absl/strings/escaping.h"
#include "libs/cel/functions.h"
#include "libs/cel/fuzz/targets.h"
#include "libs/cel/macros.h"

// The fuzz targets without a fuzzer: the corpus as it is, and the same random changes of it every
// time. `tools/dev test --only fuzz` searches on.
namespace agentflow::cel {
namespace {

constexpr int kChanged = 20'000;

std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// One input a line, with the escapes of C.
std::vector<std::string> Corpus(const std::string& name) {
  std::vector<std::string> inputs;
  std::istringstream lines(ReadFile("libs/cel/fuzz/corpus/" + name + ".txt"));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(absl::CUnescape(line, &inputs.emplace_back())) << line;
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

// The fuzzer puts these words into its inputs: dictionary lines are "..." with \ and " escaped.
std::string Dictionary() {
  std::set<std::string> words = {
      " in ", "&&", "||", "==", "!=", "<=", ">=", "true", "false", "null", " ? 1 : 2", "[?", "{?",
      ".?", "//", "r'", "b'", "'''", R"(\u00e9)", R"(\x41)", R"(\101)", "0x1f", "1u", "1e3", "-1",
      ".5", "9223372036854775807", "18446744073709551615u", "'%s %d %.3f %e %x %b %o'",
      "'^(a|b)*$'", "'2024-02-29T12:00:00.5Z'", "'1h30m1.5s'", "'+02:00'", "[1, 2u, 3.5]",
      "{'a': 1, 2: 'b'}", "(x, ", "(i, x, ", "a", "b", "h", "l", "n", "o", "s", "t", "x"};
  for (const Function* function : Functions::Standard().all()) words.insert(function->name + "(");
  for (const MacroDoc& macro : MacroDocs()) words.insert(std::string(macro.name) + "(");
  std::string lines;
  for (const std::string& word : words) {
    lines += '"';
    for (char c : word) {
      if (c == '"' || c == '\\') lines += '\\';
      lines += c;
    }
    lines += "\"\n";
  }
  return lines;
}

TEST(CorpusTest, TheDictionaryHasEveryFunction) {
  constexpr char kFile[] = "libs/cel/fuzz/dictionary.txt";
  if (std::getenv("AGENTFLOW_REWRITE")) std::ofstream(kFile) << Dictionary();
  EXPECT_EQ(ReadFile(kFile), Dictionary()) << "run with AGENTFLOW_REWRITE=1";
}

TEST(CorpusTest, Parse) { RunTarget("parse", FuzzParse); }
TEST(CorpusTest, Check) { RunTarget("check", FuzzCheck); }
TEST(CorpusTest, Evaluate) { RunTarget("evaluate", FuzzEvaluate); }

}  // namespace
}  // namespace agentflow::cel
