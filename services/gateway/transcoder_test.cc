#include "services/gateway/transcoder.h"

#include "agentflow/api/v1/execution.pb.h"
#include "agentflow/api/v1/workflow.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::gateway {
namespace {

class TranscoderTest : public testing::Test {
 protected:
  // The request message as short text, or the error as "REASON field".
  std::string Transcode(const std::string& verb, const std::string& target,
                        const std::string& body = "", http::Headers headers = {}) {
    http::Request request;
    request.method = verb;
    size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    request.body = body;
    request.headers = std::move(headers);
    auto match = methods_->routes().Find(verb, request.path);
    if (!match.ok()) return ReasonOf(match.status());
    auto message = ToMessage(request, *match, methods_->Of(*match->binding));
    if (!message.ok()) {
      EXPECT_EQ(message.status().code(), absl::StatusCode::kInvalidArgument);
      std::string field = MetadataOf(message.status())[kErrorField];
      return ReasonOf(message.status()) + (field.empty() ? "" : " " + field);
    }
    return (*message)->ShortDebugString();
  }

  std::unique_ptr<MethodTable> methods_ =
      *MethodTable::Build({"tenant", "designer", "executor", "monitor"});
};

TEST_F(TranscoderTest, FillsTheRequest) {
  struct Case {
    const char* verb;
    const char* target;
    const char* body;
    const char* expected;
  } cases[] = {
      {"GET", "/v1/workflows/a", "", R"(name: "workflows/a")"},
      {"GET", "/v1/workflows/a?view=FULL", "", R"(name: "workflows/a" view: FULL)"},
      {"GET", "/v1/workflows/a?view=2", "", R"(name: "workflows/a" view: FULL)"},
      {"GET", "/v1/workflows?pageSize=5&page_token=x%20y&orderBy=name", "",
       R"(page_size: 5 page_token: "x y" order_by: "name")"},
      {"GET", "/v1/workflows/a%20b", "", R"(name: "workflows/a b")"},
      {"POST", "/v1/workflows?workflowId=b", R"({"title": "T", "labels": {"k": "v"}})",
       R"(workflow { title: "T" labels { key: "k" value: "v" } } workflow_id: "b")"},
      {"POST", "/v1/workflows/a:start", R"({"requestId": "r", "priority": 2, "mode": "TEST"})",
       R"(workflow: "workflows/a" request_id: "r" priority: 2 mode: TEST)"},
      // What the path says wins over the body.
      {"POST", "/v1/workflows/a:start", R"({"workflow": "workflows/b"})",
       R"(workflow: "workflows/a")"},
      {"POST", "/v1/workflows/a:start", "", R"(workflow: "workflows/a")"},
      {"PATCH", "/v1/workflows/a?updateMask=title,labels", R"({"title": "T"})",
       R"(workflow { name: "workflows/a" title: "T" } update_mask { paths: "title" paths: "labels" })"},
      {"DELETE", "/v1/workflows/a?etag=e", "", R"(name: "workflows/a" etag: "e")"},
      {"POST", "/v1/auth/login", R"({"email": "a", "password": "b"})",
       R"(email: "a" password: "b")"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Transcode(c.verb, c.target, c.body), c.expected) << c.target;
  }
}

TEST_F(TranscoderTest, RefusesBadInput) {
  std::string deep = R"({"input": )" + std::string(40, '[') + std::string(40, ']') + "}";
  struct Case {
    const char* verb;
    const char* target;
    std::string body;
    const char* expected;
  } cases[] = {
      {"POST", "/v1/workflows/a:start", "{", "JSON_MALFORMED"},
      {"POST", "/v1/workflows/a:start", "{} x", "JSON_MALFORMED"},
      {"POST", "/v1/workflows/a:start", "\xff", "JSON_MALFORMED"},
      {"POST", "/v1/workflows/a:start", "[]", "FIELD_INVALID"},
      {"POST", "/v1/workflows/a:start", deep, "JSON_TOO_DEEP"},
      {"POST", "/v1/workflows/a:start", R"({"nope": 1})", "FIELD_UNKNOWN nope"},
      {"POST", "/v1/workflows/a:start", R"({"version": "x"})", "FIELD_INVALID version"},
      {"POST", "/v1/workflows/a:start", R"({"version": 1.5})", "FIELD_INVALID version"},
      {"POST", "/v1/workflows/a:start", R"({"version": 3000000000})", "FIELD_INVALID version"},
      {"POST", "/v1/workflows/a:start", R"({"mode": "NOPE"})", "FIELD_INVALID mode"},
      {"POST", "/v1/workflows/a:start", R"({"labels": {"a": 1}})", "FIELD_INVALID labels.a"},
      {"POST", "/v1/workflows/a:start", R"({"requestId": "a", "request_id": "b"})",
       "FIELD_DUPLICATE request_id"},
      {"POST", "/v1/workflows", R"({"title": 5})", "FIELD_INVALID title"},
      {"POST", "/v1/workflows/a:start?version=1", "{}", "QUERY_INVALID version"},
      {"GET", "/v1/workflows?nope=1", "", "FIELD_UNKNOWN nope"},
      {"GET", "/v1/workflows?pageSize=x", "", "FIELD_INVALID pageSize"},
      {"GET", "/v1/workflows?view=NOPE", "", "FIELD_INVALID view"},
      {"GET", "/v1/workflows/a?name=workflows/b", "", "QUERY_INVALID name"},
      {"PATCH", "/v1/workflows/a?workflow.title=x", "{}", "QUERY_INVALID workflow.title"},
      {"GET", "/v1/workflows?pageSize=%zz", "", "PATH_INVALID"},
      {"GET", "/v1/workflows/a", "{}", "BODY_UNEXPECTED"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Transcode(c.verb, c.target, c.body), c.expected) << c.target << " " << c.body;
  }
}

TEST_F(TranscoderTest, TakesJsonOnly) {
  auto with = [&](const std::string& type) {
    return Transcode("POST", "/v1/workflows/a:start", "{}", {{"Content-Type", type}});
  };
  EXPECT_EQ(with("application/json; charset=utf-8"), R"(workflow: "workflows/a")");
  EXPECT_EQ(with("Application/JSON"), R"(workflow: "workflows/a")");
  EXPECT_EQ(with("text/yaml"), "MEDIA_TYPE_UNSUPPORTED");
  EXPECT_EQ(with("application/x-www-form-urlencoded"), "MEDIA_TYPE_UNSUPPORTED");
}

TEST_F(TranscoderTest, AnswersAreProtoJson) {
  auto match = *methods_->routes().Find("GET", "/v1/workflows/a");
  const Method& method = methods_->Of(*match.binding);
  api::v1::Workflow workflow;
  workflow.set_name("workflows/a");
  workflow.set_latest_version(3);
  EXPECT_EQ(*ToJsonText(workflow.SerializeAsString(), *match.binding, method),
            R"({"latestVersion":3,"name":"workflows/a"})");
  EXPECT_EQ(*ToJsonText("", *match.binding, method), "{}");
  EXPECT_EQ(ReasonOf(ToJsonText("\xff", *match.binding, method).status()), "ANSWER_MALFORMED");
}

}  // namespace
}  // namespace agentflow::gateway
