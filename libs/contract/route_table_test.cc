#include "libs/contract/route_table.h"

#include "google/api/http.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

// Any method will do: only templates and verbs matter here.
const google::protobuf::MethodDescriptor* AnyMethod() {
  static google::protobuf::DescriptorPool* pool = new google::protobuf::DescriptorPool;
  static const google::protobuf::MethodDescriptor* method = [] {
    google::protobuf::FileDescriptorProto file;
    file.set_name("any.proto");
    file.add_message_type()->set_name("M");
    auto* service = file.add_service();
    service->set_name("S");
    auto* rpc = service->add_method();
    rpc->set_name("R");
    rpc->set_input_type("M");
    rpc->set_output_type("M");
    return pool->BuildFile(file)->service(0)->method(0);
  }();
  return method;
}

HttpBinding Binding(const std::string& verb, const std::string& path) {
  HttpBinding binding;
  binding.method = AnyMethod();
  binding.verb = verb;
  binding.path = *PathTemplate::Parse(path);
  for (const PathVariable& variable : binding.path.variables()) {
    binding.variables.push_back({variable, {}});
  }
  return binding;
}

class RouteTableTest : public testing::Test {
 protected:
  RouteTableTest() {
    for (auto [verb, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", "/v1/workflows"},
             {"POST", "/v1/workflows"},
             {"POST", "/v1/workflows:validate"},
             {"GET", "/v1/{name=workflows/*}"},
             {"PATCH", "/v1/{workflow.name=workflows/*}"},
             {"POST", "/v1/{name=workflows/*}:publish"},
             {"GET", "/v1/{name=workflows/*/versions/*}"},
             {"GET", "/v1/{parent=workflows/*}/versions"},
             {"GET", "/v1/workflows/latest"},
             {"GET", "/v1/{a}/versions/{b}"},
             {"GET", "/v1/files/{path=**}"},
         }) {
      EXPECT_TRUE(table_.Add(Binding(verb, path)).ok());
    }
  }
  RouteTable table_;
};

TEST_F(RouteTableTest, FindsTheRoute) {
  struct Case {
    const char* verb;
    const char* path;
    const char* expected;
    std::vector<std::string> values;
  } cases[] = {
      {"GET", "/v1/workflows", "/v1/workflows", {}},
      {"POST", "/v1/workflows:validate", "/v1/workflows:validate", {}},
      {"GET", "/v1/workflows/a", "/v1/{name=workflows/*}", {"workflows/a"}},
      {"GET", "/v1/workflows/latest", "/v1/workflows/latest", {}},
      {"PATCH", "/v1/workflows/latest", "/v1/{workflow.name=workflows/*}", {"workflows/latest"}},
      {"POST", "/v1/workflows/a:publish", "/v1/{name=workflows/*}:publish", {"workflows/a"}},
      // No such verb: the colon belongs to the id.
      {"GET", "/v1/workflows/a:b", "/v1/{name=workflows/*}", {"workflows/a:b"}},
      // An escaped colon is never a verb.
      {"GET", "/v1/workflows/a%3Apublish", "/v1/{name=workflows/*}", {"workflows/a:publish"}},
      {"GET",
       "/v1/workflows/a/versions/3",
       "/v1/{name=workflows/*/versions/*}",
       {"workflows/a/versions/3"}},
      {"GET", "/v1/workflows/a/versions", "/v1/{parent=workflows/*}/versions", {"workflows/a"}},
      {"GET", "/v1/x/versions/y", "/v1/{a}/versions/{b}", {"x", "y"}},
      {"GET", "/v1/files/a/b/c", "/v1/files/{path=**}", {"a/b/c"}},
      {"GET", "/v1/files", "/v1/files/{path=**}", {""}},
  };
  for (const Case& c : cases) {
    auto match = table_.Find(c.verb, c.path);
    ASSERT_TRUE(match.ok()) << c.path << " " << match.status();
    EXPECT_EQ(match->binding->path.text(), c.expected) << c.path;
    EXPECT_EQ(match->values, c.values) << c.path;
  }
}

TEST_F(RouteTableTest, SaysWhyNot) {
  struct Case {
    const char* verb;
    const char* path;
    const char* reason;
  } cases[] = {
      {"GET", "/", "ROUTE_UNKNOWN"},
      {"GET", "", "ROUTE_UNKNOWN"},
      {"GET", "/v1", "ROUTE_UNKNOWN"},
      {"GET", "/v1/workflows/", "ROUTE_UNKNOWN"},
      {"GET", "/v1//workflows", "ROUTE_UNKNOWN"},
      {"GET", "/v1/workflow", "ROUTE_UNKNOWN"},
      {"POST", "/v1/workflows:nope", "ROUTE_UNKNOWN"},
      {"PUT", "/v1/workflows", "METHOD_NOT_ALLOWED"},
      {"GET", "/v1/workflows:validate", "METHOD_NOT_ALLOWED"},
      {"GET", "/v1/workflows/%zz", "PATH_INVALID"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ReasonOf(table_.Find(c.verb, c.path).status()), c.reason) << c.path;
  }
  EXPECT_EQ(MetadataOf(table_.Find("PUT", "/v1/workflows").status())["allow"], "GET, POST");
}

TEST_F(RouteTableTest, RefusesTheSameShapeTwice) {
  EXPECT_EQ(ReasonOf(table_.Add(Binding("GET", "/v1/workflows/{other}"))), "ROUTE_CONFLICT");
  EXPECT_TRUE(table_.Add(Binding("PUT", "/v1/workflows/{other}")).ok());
}

}  // namespace
}  // namespace agentflow::contract
