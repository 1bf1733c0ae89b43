#include "libs/contract/path_template.h"

#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

TEST(PathTemplate, ShapesOfTheGrammar) {
  struct Case {
    const char* text;
    const char* shape;
    size_t variables;
  } cases[] = {
      {"/v1/messages/{message_id}", "/v1/messages/*", 1},
      {"/v1/{name=messages/*}", "/v1/messages/*", 1},
      {"/v1/{name=workflows/*/versions/*}", "/v1/workflows/*/versions/*", 1},
      {"/v1/messages/{message_id}/{sub.subfield}", "/v1/messages/*/*", 2},
      {"/v1/workflows:validate", "/v1/workflows:validate", 0},
      {"/v1/{name=workflows/*}:publish", "/v1/workflows/*:publish", 1},
      {"/v1/files/{path=**}", "/v1/files/**", 1},
      {"/v1/{path=files/**}:copy", "/v1/files/**:copy", 1},
      {"/*/b", "/*/b", 0},
  };
  for (const Case& c : cases) {
    auto parsed = PathTemplate::Parse(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text << parsed.status();
    EXPECT_EQ(parsed->Shape(), c.shape);
    EXPECT_EQ(parsed->variables().size(), c.variables) << c.text;
  }
}

TEST(PathTemplate, RefusesWhatTheGrammarDoesNotKnow) {
  for (const char* text : {"",          "v1/a",  "/",      "/a//b", "/a/",  "/{",       "/{a",
                           "/{a=}",     "/{=b}", "/{a.}",  "/{1a}", "/a}b", "/{a={b}}", "/**/a",
                           "/{a=**}/b", "/a:",   "/a:b:c", "/a:*",  "/a*",  "/{a}/{a}", "/a b"}) {
    auto parsed = PathTemplate::Parse(text);
    EXPECT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(ReasonOf(parsed.status()), "PATH_TEMPLATE_INVALID") << text;
  }
}

TEST(PathTemplate, OneSegmentIsDecodedWholeAndSeveralKeepTheSlash) {
  PathTemplate one = *PathTemplate::Parse("/v1/{id}");
  EXPECT_EQ(*one.Extract(one.variables()[0], {"v1", "a%2Fb%20c"}), "a/b c");
  PathTemplate several = *PathTemplate::Parse("/v1/{name=workflows/*}");
  EXPECT_EQ(*several.Extract(several.variables()[0], {"v1", "workflows", "a%2fb%20c"}),
            "workflows/a%2fb c");
  PathTemplate rest = *PathTemplate::Parse("/v1/{path=files/**}");
  EXPECT_EQ(*rest.Extract(rest.variables()[0], {"v1", "files", "a", "b"}), "files/a/b");
  EXPECT_EQ(*rest.Extract(rest.variables()[0], {"v1", "files"}), "files");
}

TEST(PercentDecode, RefusesBrokenEscapes) {
  for (const char* text : {"%", "a%2", "%zz", "%2x"}) {
    EXPECT_EQ(ReasonOf(PercentDecode(text, false).status()), "PATH_INVALID") << text;
  }
  EXPECT_EQ(*PercentDecode("%41", false), "A");
}

TEST(ParseQuery, SplitsAndDecodes) {
  auto query = ParseQuery("a=1&b=x%20y&c=p+q&&d&e==");
  ASSERT_TRUE(query.ok());
  std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {"b", "x y"}, {"c", "p q"}, {"d", ""}, {"e", "="}};
  EXPECT_EQ(*query, expected);
  EXPECT_FALSE(ParseQuery("a=%").ok());
}

}  // namespace
}  // namespace agentflow::contract
