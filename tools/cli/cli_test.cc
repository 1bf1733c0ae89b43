#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/testing/temp_dir.h"
#include "tools/cli/commands.h"

namespace agentflow::cli {
namespace {

json::Value Json(std::string_view text) { return *json::Parse(text); }

TEST(Output, YamlReadsLikeYaml) {
  json::Value value = Json(R"({"a":{"b":[1,{"c":"x","d":[]}],"e":null},"f":"two\nlines\n",
                               "g":"yes","h":"","i":"a: b","j":[[1],[2]],"k":"1"})");
  EXPECT_EQ(ToYaml(value),
            "a:\n"
            "  b:\n"
            "    - 1\n"
            "    - c: x\n"
            "      d: []\n"
            "  e: null\n"
            "f: |\n"
            "  two\n"
            "  lines\n"
            "g: \"yes\"\n"
            "h: \"\"\n"
            "i: \"a: b\"\n"
            "j:\n"
            "  - - 1\n"
            "  - - 2\n"
            "k: \"1\"\n");
  EXPECT_EQ(ToYaml(Json("3")), "3\n");
}

TEST(Output, TablesAlignByCharacters) {
  json::Array rows = {Json(R"({"n":"ä","t":"2026-01-02T03:04:05.678Z"})"),
                      Json(R"({"n":"long","x":{"a":1}})")};
  EXPECT_EQ(ToTable(rows, {{"N", "/n"}, {"T", "/t"}, {"X", "/x"}}),
            "N     T                    X\n"
            "ä     2026-01-02 03:04:05\n"
            "long                       {\"a\":1}\n");
}

TEST(Output, CellsHaveListsOfTextsWithCommas) {
  json::Value list = Json(R"(["role:lead","user:ann"])");
  EXPECT_EQ(Cell(&list), "role:lead, user:ann");
  list = Json(R"([1,{"a":2}])");
  EXPECT_EQ(Cell(&list), R"([1,{"a":2}])");
  list = Json("[]");
  EXPECT_EQ(Cell(&list), "");
}

TEST(Output, EveryStateHasASign) {
  for (const char* state :
       {"QUEUED", "RUNNING", "WAITING", "PAUSED", "COMPENSATING", "COMPLETED", "FAILED", "CANCELED",
        "TIMED_OUT", "PENDING", "READY", "SKIPPED", "COMPENSATED"}) {
    EXPECT_FALSE(StateText(state).starts_with("?")) << state;
  }
}

TEST(Input, IsBuiltFromTextsFilesAndJson) {
  testing::TempDir folder;
  std::string file = folder.Write("note.md", "# Hi\n");
  auto input = BuildInput({"text=@" + file, "n:=3", "s=a=b"}, R"({"n":1,"k":true})");
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(*input, Json(R"({"k":true,"n":3,"s":"a=b","text":"# Hi\n"})"));
  EXPECT_EQ(*BuildInput({}, "[1]"), Json("[1]"));
}

TEST(Input, SaysWhatIsWrong) {
  EXPECT_EQ(ReasonOf(BuildInput({"text"}, "").status()), "INPUT_MALFORMED");
  EXPECT_EQ(ReasonOf(BuildInput({"=x"}, "").status()), "INPUT_MALFORMED");
  EXPECT_EQ(ReasonOf(BuildInput({"a:=nope"}, "").status()), "INPUT_MALFORMED");
  EXPECT_EQ(ReasonOf(BuildInput({"a=b"}, "[1]").status()), "INPUT_MALFORMED");
  EXPECT_EQ(ReasonOf(BuildInput({"a=@/does/not/exist"}, "").status()), "FILE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(BuildInput({}, "{").status()), "JSON_MALFORMED");
}

TEST(Decisions, AreBuiltFromTexts) {
  auto decisions = BuildDecisions({"pay=retry", R"(outer.inner#2=complete:{"a": "x=y"})"});
  ASSERT_TRUE(decisions.ok()) << decisions.status();
  EXPECT_EQ(*decisions, Json(R"({"pay":{"action":"RETRY"},
      "outer.inner#2":{"action":"COMPLETE","output":{"a":"x=y"}}})"));
  for (const char* wrong : {"pay", "=retry", "pay=again"}) {
    EXPECT_EQ(ReasonOf(BuildDecisions({wrong}).status()), "INPUT_MALFORMED") << wrong;
  }
  const absl::Status broken = BuildDecisions({"pay=complete:{"}).status();
  EXPECT_EQ(ReasonOf(broken), "JSON_MALFORMED");
  EXPECT_TRUE(MessageOf(broken).starts_with("--decide: ")) << MessageOf(broken);
}

TEST(Resources, HaveNamesAndPaths) {
  EXPECT_EQ(*PathOf("workflow", "a"), "/v1/workflows/a");
  EXPECT_EQ(*PathOf("executions", "executions/1"), "/v1/executions/1");
  EXPECT_EQ(ReasonOf(PathOf("things", "a").status()), "RESOURCE_UNKNOWN");
}

TEST(Settings, ComeFromFlagsThenEnvironment) {
  setenv("AGENTFLOW_URL", "http://env/", 1);
  setenv("AGENTFLOW_API_KEY", "key", 1);
  auto settings = FindSettings("", "flag");
  unsetenv("AGENTFLOW_URL");
  unsetenv("AGENTFLOW_API_KEY");
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->url, "http://env");
  EXPECT_EQ(settings->api_key, "flag");
}

TEST(Session, AnUnreachablePlatformIsNamed) {
  Session session({"http://127.0.0.1:1", "k"});
  EXPECT_EQ(ReasonOf(session.Get("/v1/workflows").status()), "UNREACHABLE");
}

}  // namespace
}  // namespace agentflow::cli
