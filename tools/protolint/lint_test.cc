#include "tools/protolint/lint.h"

#include "agentflow/options/v1/options.pb.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace agentflow::protolint {
namespace {

namespace pb = google::protobuf;

// Findings of a file with the given further content (text of FileDescriptorProto).
std::string FindingsOf(const std::string& content, const std::string& package = "agentflow.api.v1",
                       const std::string& name = "agentflow/api/v1/x.proto") {
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(content, &file)) << content;
  file.set_name(name);
  file.set_package(package);
  file.set_syntax("proto3");
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  EXPECT_NE(pool.BuildFile(file), nullptr);
  std::string all;
  for (const Finding& finding : Lint(pool, {name})) all += finding.message + "\n";
  return all;
}

// A service of one method with a request that has one field.
std::string Service(const std::string& method_options, const std::string& field = "name",
                    const std::string& more = "", const std::string& method = "GetThing") {
  return R"(message_type { name: "Request" field { name: ")" + field +
         R"(" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
         message_type { name: "Answer" }
         service { name: "ThingService" options { [agentflow.options.v1.backend]: "tenant" }
           method { name: ")" +
         method + R"(" input_type: "Request" output_type: "Answer" )" + more + " options { " +
         method_options + " } } }";
}

const std::string kRule = R"([google.api.http] { get: "/v1/{name=things/*}" })";
const std::string kAccess =
    R"([agentflow.options.v1.access] { permission: "things.get" audit: READ })";

TEST(Lint, PassesWhatIsRight) {
  EXPECT_EQ(FindingsOf(Service(kRule + kAccess)), "");
  EXPECT_EQ(FindingsOf(Service(kAccess, "name", "client_streaming: true")), "");
  EXPECT_EQ(FindingsOf(Service(R"([agentflow.options.v1.access] { callers: "gateway" })"),
                       "agentflow.internal.x.v1", "agentflow/internal/x/v1/x.proto"),
            "");
}

TEST(Lint, FindsWhatIsWrong) {
  struct Case {
    std::string content;
    const char* finding;
  } cases[] = {
      {Service(kRule), "must declare one of"},
      {Service(kRule +
               R"([agentflow.options.v1.access] { public: true permission: "a.b" audit: READ })"),
       "must declare one of"},
      {Service(kRule + R"([agentflow.options.v1.access] { permission: "Things" audit: READ })"),
       "<collection>.<verb>"},
      {Service(kRule + R"([agentflow.options.v1.access] { permission: "things.get" })"),
       "must declare its audit"},
      {Service(kRule + R"([agentflow.options.v1.access] { callers: "gateway" audit: READ })"),
       "callers are for internal"},
      {Service(kRule + R"([agentflow.options.v1.access] { callers: "nobody" audit: READ })"),
       "unknown caller nobody"},
      {Service(kAccess), "needs an HTTP rule"},
      {Service(kRule + kAccess, "name", "server_streaming: true"), "must have no HTTP rule"},
      {Service(kRule + kAccess, "other"), "no field \"name\""},
      {Service(R"([google.api.http] { get: "/v2/{name}" })" + kAccess), "begin with /v1/"},
      {Service(
           R"([google.api.http] { get: "/v1/{name}" additional_bindings { get: "/v1/{name=*}" } })" +
           kAccess),
       "both answer GET /v1/*"},
      {Service(R"([agentflow.options.v1.route] { lane_from: "nope" })" + kRule + kAccess),
       "lane_from: no field nope"},
      {Service(R"([google.api.http] { get: "/v1/{tenant}" })" + kAccess, "tenant"),
       "from the credential alone"},
      {Service(kRule + kAccess, "page_size"), "page_size needs page_token"},
      {Service(kRule + kAccess, "admin_password"), "must be marked secret"},
      {Service(kRule + kAccess, "badName"), "must be lower_snake_case"},
      {R"(message_type { name: "bad" })", "must be PascalCase"},
      {R"(enum_type { name: "E" value { name: "NONE" number: 0 } })", "_UNSPECIFIED"},
      {R"(enum_type { name: "E" value { name: "E_UNSPECIFIED" number: 0 }
                      value { name: "red" number: 1 } })",
       "UPPER_SNAKE_CASE"},
      {R"(service { name: "Thing" options { [agentflow.options.v1.backend]: "tenant" } })",
       "must end in Service"},
      {R"(service { name: "ThingService" })", "needs a backend"},
  };
  for (const Case& c : cases) {
    EXPECT_NE(FindingsOf(c.content).find(c.finding), std::string::npos)
        << c.finding << " not in: " << FindingsOf(c.content);
  }
}

TEST(Lint, FilesLieInTheFolderOfTheirPackage) {
  EXPECT_NE(FindingsOf("", "agentflow.api.v1", "agentflow/api/v2/x.proto").find("belongs into"),
            std::string::npos);
}

TEST(Lint, InternalMethodsNameTheirCallers) {
  EXPECT_NE(
      FindingsOf(Service(kAccess), "agentflow.internal.x.v1", "agentflow/internal/x/v1/x.proto")
          .find("names its callers"),
      std::string::npos);
}

TEST(Lint, CommentsAreWantedWhereTheNameIsNotEnough) {
  pb::FileDescriptorProto file;
  ASSERT_TRUE(
      pb::TextFormat::ParseFromString(Service(kRule + kAccess, "name", "", "Paint"), &file));
  file.set_name("agentflow/api/v1/x.proto");
  file.set_package("agentflow.api.v1");
  file.set_syntax("proto3");
  for (std::vector<int> path : {std::vector<int>{6, 0}, std::vector<int>{6, 0, 2, 0}}) {
    auto* location = file.mutable_source_code_info()->add_location();
    for (int step : path) location->add_path(step);
    for (int part : {7, 0, 5}) location->add_span(part);
  }
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  ASSERT_NE(pool.BuildFile(file), nullptr);
  auto findings = Lint(pool, {file.name()});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].line, 8);
  EXPECT_NE(findings[0].message.find("needs a comment"), std::string::npos);
}

}  // namespace
}  // namespace agentflow::protolint
