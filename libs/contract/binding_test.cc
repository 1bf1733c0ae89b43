#include "libs/contract/binding.h"

#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::contract {
namespace {

namespace pb = google::protobuf;

// A service of one method with the given http rule (text of the option's value).
const pb::MethodDescriptor* MethodWith(pb::DescriptorPool& pool, const std::string& rule) {
  std::string text = R"(
      name: "test.proto" package: "test" syntax: "proto3"
      message_type {
        name: "Sub"
        field { name: "subfield" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      }
      message_type {
        name: "Request"
        field { name: "message_id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
        field { name: "sub" number: 2 type_name: ".test.Sub" label: LABEL_OPTIONAL }
        field { name: "tags" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
      }
      message_type {
        name: "Answer"
        field { name: "sub" number: 1 type_name: ".test.Sub" label: LABEL_OPTIONAL }
      }
      service {
        name: "S"
        method {
          name: "M" input_type: ".test.Request" output_type: ".test.Answer"
          options { [google.api.http] {)" +
                     rule + "} } } }";
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, &file));
  const pb::FileDescriptor* built = pool.BuildFile(file);
  EXPECT_NE(built, nullptr);
  return built->service(0)->method(0);
}

TEST(BindingsOf, ReadsTheRule) {
  google::api::HttpRule linked;  // the extension must be in the generated pool
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  auto bindings = BindingsOf(*MethodWith(pool, R"(patch: "/v1/{sub.subfield=subs/*}" body: "sub"
               additional_bindings {post: "/v1/subs/{message_id}:go" body: "*"}
               additional_bindings {get: "/v1/{message_id}" response_body: "sub"})"));
  ASSERT_TRUE(bindings.ok()) << bindings.status();
  ASSERT_EQ(bindings->size(), 3u);
  EXPECT_EQ((*bindings)[0].verb, "PATCH");
  EXPECT_EQ((*bindings)[0].body, HttpBinding::Body::kField);
  EXPECT_EQ((*bindings)[0].body_field->name(), "sub");
  EXPECT_EQ((*bindings)[0].variables[0].fields.size(), 2u);
  EXPECT_EQ((*bindings)[1].body, HttpBinding::Body::kWhole);
  EXPECT_EQ((*bindings)[1].path.verb(), "go");
  EXPECT_EQ((*bindings)[2].body, HttpBinding::Body::kNone);
  EXPECT_EQ((*bindings)[2].response_field->name(), "sub");
}

TEST(BindingsOf, RefusesRulesThatDoNotFitTheMessages) {
  for (const char* rule : {R"(get: "/v1/{nope}")", R"(get: "/v1/{tags}")", R"(get: "/v1/{sub}")",
                           R"(get: "/v1/{message_id.x}")", R"(post: "/v1/a" body: "nope")",
                           R"(get: "/v1/a" body: "*")", R"(get: "/v1/a" response_body: "nope")",
                           R"(get: "v1/a")", R"(body: "*")"}) {
    pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
    EXPECT_FALSE(BindingsOf(*MethodWith(pool, rule)).ok()) << rule;
  }
}

TEST(FindFieldPath, TakesBothSpellings) {
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  const pb::Descriptor& request = *MethodWith(pool, R"(get: "/v1/a")")->input_type();
  EXPECT_EQ(FindFieldPath(request, "message_id").size(), 1u);
  EXPECT_EQ(FindFieldPath(request, "messageId").size(), 1u);
  EXPECT_EQ(FindFieldPath(request, "sub.subfield").size(), 2u);
  EXPECT_TRUE(FindFieldPath(request, "sub.").empty());
  EXPECT_TRUE(FindFieldPath(request, "").empty());
}

}  // namespace
}  // namespace agentflow::contract
