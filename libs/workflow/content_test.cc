#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "libs/workflow/analyze.h"
#include "libs/workflow/document_schema.h"
#include "libs/workflow/variables.h"

namespace agentflow::workflow {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

json::Value Parsed(std::string_view text) {
  auto parsed = ParseText(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
  return parsed.ok() ? parsed->value : json::Value();
}

TEST(Content, IsTheSameHoweverTheDocumentIsWritten) {
  std::string one = CanonicalContent(
      Parsed("apiVersion: agentflow/v1\nkind: Workflow\nmetadata: {name: x, title: One}\n"
             "nodes:\n  a: {type: t.t@1, title: First, with: {value: 1.0, title: kept}}\n"
             "edges: [start -> a]\nui: {layout: {a: [0, 0]}}\n"));
  std::string other = CanonicalContent(Parsed(
      R"({"kind": "Workflow", "edges": ["start -> a"], "apiVersion": "agentflow/v1",
          "nodes": {"a": {"with": {"title": "kept", "value": 1e0}, "type": "t.t@1",
                          "title": "Another"}},
          "metadata": {"title": "Two", "name": "x"}, "ui": {}})"));
  EXPECT_EQ(one, other);
  EXPECT_EQ(one, R"({"apiVersion":"agentflow/v1","edges":["start -> a"],"kind":"Workflow",)"
                 R"("metadata":{"name":"x"},"nodes":{"a":{"type":"t.t@1",)"
                 R"("with":{"title":"kept","value":1}}}})");
}

TEST(Content, ChangesWithEverythingThatRuns) {
  auto content = [](const char* body) { return CanonicalContent(Parsed(body)); };
  EXPECT_NE(content("nodes: {a: {type: x.y@1}}"), content("nodes: {a: {type: x.y@2}}"));
  EXPECT_NE(content("edges: [a -> b, b -> c]"), content("edges: [b -> c, a -> b]"));
  EXPECT_NE(content("x-note: 1"), content("x-note: 2"));
  // Titles of children are left out too.
  EXPECT_EQ(content("nodes: {m: {nodes: {a: {title: x}}}}"),
            content("nodes: {m: {nodes: {a: {}}}}"));
}

TEST(FormatYaml, IsReadableAndStable) {
  json::Value document = Parsed(Read("libs/workflow/testdata/review.yaml"));
  std::string text = FormatYaml(document);
  EXPECT_EQ(Parsed(text), document) << text;
  EXPECT_EQ(FormatYaml(Parsed(text)), text);
  // Known fields first, nodes as edges reach them.
  EXPECT_EQ(text.substr(0, 41), "apiVersion: agentflow/v1\nkind: Workflow\nm");
  EXPECT_LT(text.find("\n  summarise:"), text.find("\n  findings:"));
  EXPECT_LT(text.find("\n  vote:"), text.find("\n  route:"));
  EXPECT_NE(text.find("\n  - route.revise -> pause\n"), std::string::npos) << text;
}

TEST(FormatYaml, KeepsEveryValue) {
  const char* texts[] = {"no",         "yes",
                         "null",       "~",
                         "1",          "1.5",
                         "1e3",        "0x1f",
                         "0o7",        ".5",
                         "-1",         "+1",
                         "true",       "12:30",
                         "2026-01-01", "a: b",
                         "a #b",       "#a",
                         " a",         "a ",
                         "",           "=inputs.x",
                         "==x",        "- a",
                         "a\nb",       "a\nb\n",
                         "a\n\nb",     "a\n\n",
                         "\n",         "\na",
                         "  a\nb",     "a\n  b\n",
                         "a \nb",      "tab\there",
                         "quote\"s",   "it's",
                         "[a]",        "{a}",
                         "a, b",       "*a",
                         "&a",         "!a",
                         "|",          ">",
                         "%",          "@",
                         "`",          "<<",
                         "ü",          "\u2028",
                         "\x01",       "a:",
                         "?",          "? a",
                         "key: [",     "1_000",
                         "0b1",        "1h30m",
                         "5e",         "e5",
                         "00:00",      "\xF0\x9F\x98\x80"};
  for (const char* text : texts) {
    json::Value document =
        json::Object{{text, json::Object{{"in", text},
                                         {"list", json::Array{text, json::Object{{text, text}}}}}}};
    std::string yaml = FormatYaml(document);
    auto parsed = ParseText(yaml);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << yaml;
    EXPECT_EQ(parsed->value, document) << yaml;
  }
}

json::Value RandomValue(std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int64_t>(random()) - 2'000'000'000;
    case 3:
      return json::Value::Number(static_cast<double>(random()) / 1000.0);
    case 4:
    case 5: {
      constexpr std::string_view kAlphabet = "ab01 .:-#\n'\"[]{}=,&*!|>%@\\\t~<";
      std::string text;
      for (size_t n = random() % 12; n > 0; --n) text += kAlphabet[random() % kAlphabet.size()];
      return text;
    }
    case 6: {
      json::Array items;
      for (size_t n = random() % 4; n > 0; --n) items.push_back(RandomValue(random, depth - 1));
      return items;
    }
    default: {
      json::Object object;
      for (size_t n = random() % 4; n > 0; --n) {
        json::Value key = RandomValue(random, 0);
        object.Set(key.is_string() ? key.as_string() : json::Dump(key),
                   RandomValue(random, depth - 1));
      }
      return object;
    }
  }
}

TEST(FormatYaml, RoundTripsRandomValues) {
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    json::Value document = json::Object{{"v", RandomValue(random, 4)}};
    std::string yaml = FormatYaml(document);
    auto parsed = ParseText(yaml);
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << yaml << json::Dump(document);
    ASSERT_EQ(parsed->value, document) << yaml;
  }
}

TEST(RoundTrip, NothingOfADocumentIsLost) {
  // Fields of one's own and unknown node types included.
  const char* yaml =
      "apiVersion: agentflow/v1\nkind: Workflow\nx-owner: {team: a}\n"
      "nodes:\n  later: {type: ai.vote@3, x-color: red, with: {anything: [1, {deep: true}]}}\n"
      "edges: [start -> later]\n";
  json::Value document = Parsed(yaml);
  EXPECT_EQ(Parsed(FormatYaml(document)), document);
  EXPECT_EQ(Parsed(json::DumpPretty(document)), document);
}

TEST(PublishedSchema, IsTheFileInDocs) {
  std::string wanted = json::DumpPretty(PublishedSchema(NodeTypes::Builtin())) + "\n";
  if (Read("docs/workflow.schema.json") == wanted) return;
  std::string path = ::testing::TempDir() + "workflow.schema.json";
  std::ofstream(path) << wanted;
  ADD_FAILURE() << "The schema or a node type has changed: cp " << path
                << " docs/workflow.schema.json";
}

TEST(PublishedSchema, AcceptsWhatTheAnalyzerAccepts) {
  auto schema = schema::Schema::Compile(PublishedSchema(NodeTypes::Builtin()));
  ASSERT_TRUE(schema.ok()) << schema.status();
  for (const char* path :
       {"libs/workflow/testdata/review.yaml", "libs/workflow/testdata/refund-triage.yaml"}) {
    for (const schema::Violation& v : schema->Validate(Parsed(Read(path)))) {
      ADD_FAILURE() << path << " " << v.pointer << " " << v.message;
    }
  }
  EXPECT_FALSE(schema
                   ->Validate(Parsed("apiVersion: agentflow/v1\nkind: Workflow\nedges: []\n"
                                     "nodes: {a: {type: flow.if@1, with: {wen: 'true'}}}"))
                   .empty());
}

TEST(NodeTypes, ExamplesAreValid) {
  for (const NodeType& type : NodeTypes::Builtin().all()) {
    std::string text = "apiVersion: agentflow/v1\nkind: Workflow\nnodes:\n";
    std::string edges;
    std::istringstream lines(type.example);
    for (std::string line; std::getline(lines, line);) {
      text += "  " + line + "\n";
      if (line[0] == ' ') continue;
      edges += (edges.empty() ? "start -> " : ", start -> ") + line.substr(0, line.find(':'));
    }
    text += "edges: [" + edges + "]\n";
    auto parsed = ParseText(text);
    ASSERT_TRUE(parsed.ok()) << type.type << " " << parsed.status() << "\n" << text;
    for (const Problem& problem : Analyze(*parsed, NodeTypes::Builtin()).problems) {
      ADD_FAILURE() << type.type << " " << problem.message << "\n" << text;
    }
  }
}

TEST(Variables, AreTheTableInTheDocumentation) {
  std::string page = Read("docs/workflow-document.md");
  std::string expressions = Read("docs/expressions.md");
  for (const VariableInfo& info : Variables()) {
    std::string places;
    bool everywhere = true;
    for (Place place : {Place::kNode, Place::kOutputs, Place::kMapBody, Place::kLoopBody,
                        Place::kCompensation, Place::kSignalFilter, Place::kRetry}) {
      if (info.In(place))
        places += (places.empty() ? "" : ", ") + std::string(PlaceName(place));
      else
        everywhere = false;
    }
    std::string row = "| `" + std::string(info.name) + "` | " + std::string(info.type) + " | " +
                      (everywhere ? "everywhere" : places) + " | " + std::string(info.about) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << "missing in docs/workflow-document.md:\n"
                                                 << row;
    EXPECT_NE(expressions.find(row), std::string::npos) << "missing in docs/expressions.md:\n"
                                                        << row;
  }
}

}  // namespace
}  // namespace agentflow::workflow
