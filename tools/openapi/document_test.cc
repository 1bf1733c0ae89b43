#include "tools/openapi/document.h"

#include "agentflow/options/v1/options.pb.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"

namespace agentflow::openapi {
namespace {

namespace pb = google::protobuf;

constexpr char kFile[] = R"(
  name: "thing.proto" package: "agentflow.api.v1" syntax: "proto3"
  dependency: "google/protobuf/struct.proto"
  dependency: "google/protobuf/timestamp.proto"
  message_type {
    name: "Thing"
    field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "name" }
    field { name: "display_name" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL
            json_name: "displayName" options { [agentflow.options.v1.output_only]: true } }
    field { name: "parts" number: 3 type_name: ".agentflow.api.v1.Thing" label: LABEL_REPEATED
            json_name: "parts" }
    field { name: "color" number: 4 type_name: ".agentflow.api.v1.Thing.Color" type: TYPE_ENUM
            label: LABEL_OPTIONAL json_name: "color" }
    field { name: "input" number: 5 type_name: ".google.protobuf.Value" label: LABEL_OPTIONAL
            json_name: "input" }
    field { name: "size" number: 6 type: TYPE_INT64 label: LABEL_OPTIONAL json_name: "size" }
    enum_type { name: "Color" value { name: "COLOR_UNSPECIFIED" number: 0 }
                value { name: "RED" number: 1 } }
  }
  message_type {
    name: "PaintRequest"
    field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "name"
            options { [agentflow.options.v1.required]: true } }
    field { name: "paint_time" number: 2 type_name: ".google.protobuf.Timestamp"
            label: LABEL_OPTIONAL json_name: "paintTime" }
    field { name: "thing" number: 3 type_name: ".agentflow.api.v1.Thing" label: LABEL_OPTIONAL
            json_name: "thing" }
  }
  service {
    name: "ThingService"
    method {
      name: "PaintThing" input_type: ".agentflow.api.v1.PaintRequest"
      output_type: ".agentflow.api.v1.Thing"
      options { [google.api.http] { post: "/v1/{name=boxes/*/things/*}:paint" body: "*" }
                [agentflow.options.v1.access] { permission: "things.paint" cost: 3 } }
    }
    method {
      name: "GetThing" input_type: ".agentflow.api.v1.PaintRequest"
      output_type: ".agentflow.api.v1.Thing"
      options { [google.api.http] { get: "/v1/{name=things/*}" }
                [agentflow.options.v1.access] { public: true } }
    }
    method {
      name: "UpdateThing" input_type: ".agentflow.api.v1.PaintRequest"
      output_type: ".agentflow.api.v1.Thing"
      options { [google.api.http] { patch: "/v1/{thing.name=things/*}" body: "thing" } }
    }
  })";

class DocumentTest : public testing::Test {
 protected:
  DocumentTest() {
    // Links the well-known types into the generated pool.
    pb::Value value;
    pb::Timestamp time;
    pb::FileDescriptorProto file;
    EXPECT_TRUE(pb::TextFormat::ParseFromString(kFile, &file));
    EXPECT_NE(pool_.BuildFile(file), nullptr);
    auto document = Generate(pool_, {"thing.proto"});
    EXPECT_TRUE(document.ok()) << document.status();
    document_ = *document;
  }
  const json::Value& At(std::string_view pointer) {
    const json::Value* value = json::Resolve(document_, pointer);
    static const json::Value kNothing;
    EXPECT_NE(value, nullptr) << pointer;
    return value == nullptr ? kNothing : *value;
  }
  pb::DescriptorPool pool_{pb::DescriptorPool::generated_pool()};
  json::Value document_;
};

TEST_F(DocumentTest, PathsNameTheirParametersAfterTheCollection) {
  const json::Value& post = At("/paths/~1v1~1boxes~1{box}~1things~1{thing}:paint/post");
  EXPECT_EQ(post.StringOr("operationId"), "paintThing");
  EXPECT_EQ(post.StringOr("x-permission"), "things.paint");
  EXPECT_EQ(post.IntOr("x-cost", 0), 3);
  EXPECT_EQ(post.Find("parameters")->as_array().size(), 2u);
  EXPECT_EQ(post.Find("parameters")->as_array()[0].StringOr("name"), "box");
  EXPECT_EQ(post.Find("parameters")->as_array()[1].StringOr("x-pattern"), "boxes/*/things/*");
}

TEST_F(DocumentTest, BodyLeavesOutWhatThePathHolds) {
  const json::Value& schema =
      At("/paths/~1v1~1boxes~1{box}~1things~1{thing}:paint/post/requestBody/content/"
         "application~1json/schema");
  EXPECT_EQ(schema.Find("properties")->Find("name"), nullptr);
  EXPECT_NE(schema.Find("properties")->Find("paintTime"), nullptr);
  EXPECT_EQ(schema.Find("required"), nullptr);
  EXPECT_EQ(At("/paths/~1v1~1things~1{thing}/patch/requestBody/content/application~1json/schema")
                .StringOr("$ref"),
            "#/components/schemas/Thing");
}

TEST_F(DocumentTest, LeftOverFieldsAreQueryParameters) {
  std::vector<std::string> names;
  for (const json::Value& p : At("/paths/~1v1~1things~1{thing}/get/parameters").as_array()) {
    names.push_back(p.StringOr("in") + ":" + p.StringOr("name"));
  }
  // `thing.parts` is a repeated message, `thing.input` a JSON value: neither fits a query.
  std::vector<std::string> expected = {"path:thing",        "query:paintTime",
                                       "query:thing.name",  "query:thing.displayName",
                                       "query:thing.color", "query:thing.size"};
  EXPECT_EQ(names, expected);
}

TEST_F(DocumentTest, SchemasAreThoseOfProtoJson) {
  const json::Value& properties = At("/components/schemas/Thing/properties");
  EXPECT_EQ(properties.Find("displayName")->BoolOr("readOnly", false), true);
  EXPECT_EQ(properties.Find("size")->StringOr("type"), "string");
  EXPECT_EQ(properties.Find("input")->Find("type"), nullptr);
  EXPECT_EQ(properties.Find("parts")->Find("items")->StringOr("$ref"),
            "#/components/schemas/Thing");
  EXPECT_EQ(json::Dump(At("/components/schemas/Thing.Color/enum")), R"(["RED"])");
}

TEST_F(DocumentTest, EveryReferenceLeadsSomewhereAndPublicMethodsNeedNoCredential) {
  std::string text = json::Dump(document_);
  for (size_t at = 0; (at = text.find("\"$ref\":\"#", at)) != std::string::npos; ++at) {
    size_t begin = at + 9;
    std::string pointer = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_NE(json::Resolve(document_, pointer), nullptr) << pointer;
  }
  EXPECT_TRUE(At("/paths/~1v1~1things~1{thing}/get/security").as_array().empty());
}

}  // namespace
}  // namespace agentflow::openapi
