#include <google/protobuf/any.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <limits>

#include "libs/base/status.h"
#include "libs/rpc/json_value.h"
#include "libs/rpc/proto_json.h"
#include "libs/rpc/testdata/echo.pb.h"

namespace agentflow::rpc {
namespace {

using testdata::Everything;

TEST(JsonValueTest, RoundTripUnderTheNumberRule) {
  json::Value value =
      *json::Parse(R"({"a":[1,2.5,"x",null,true,{}],"big":90071992547409930,"n":1.0})");
  google::protobuf::Value proto;
  ToProto(value, &proto);
  json::Value back = *ToJson(proto);
  EXPECT_EQ(back, value);
  EXPECT_TRUE(back.Find("n")->is_int());
  EXPECT_TRUE(back.Find("big")->is_double());
  EXPECT_TRUE(ToJson(google::protobuf::Value())->is_null());
}

TEST(JsonValueTest, RefusesDepthAndNaN) {
  google::protobuf::Value deep;
  google::protobuf::Value* at = &deep;
  for (int i = 0; i < 32; ++i) at = at->mutable_list_value()->add_values();
  EXPECT_TRUE(ToJson(deep).ok());
  at->mutable_list_value();
  EXPECT_EQ(ReasonOf(ToJson(deep).status()), "JSON_TOO_DEEP");
  google::protobuf::Value nan;
  nan.set_number_value(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(ReasonOf(ToJson(nan).status()), "FIELD_INVALID");
  google::protobuf::Struct object;
  EXPECT_EQ(ReasonOf(ToProto(json::Value(1), &object)), "FIELD_INVALID");
}

// Every form on one page: what is read is what is written.
TEST(ProtoJsonTest, RoundTripOfEveryKindOfField) {
  constexpr char kText[] = R"({
    "flag": true, "small": -5, "large": "9223372036854775807", "smallUnsigned": 4000000000,
    "largeUnsigned": "18446744073709551615", "single": 0.1, "number": 1e300, "text": "t\u00e9xt",
    "data": "AP8=", "color": "RED", "inner": {"text": "a", "inner": {"text": "b"}},
    "larges": ["1", "-2"], "colors": ["GREEN", "RED"], "inners": [{"text": "x"}, {}],
    "labels": {"team": "support"}, "byNumber": {"-7": {"text": "seven"}},
    "choiceText": "chosen", "time": "2026-01-31T12:00:00.250Z", "wait": "1.500s",
    "updateMask": "title,labels.teamName", "document": {"a": [1, 2.5, null]}, "value": null,
    "list": [1, "x"], "maybeLarge": "5", "maybeText": "", "flags": {"true": 1}})";
  Everything message;
  absl::Status status = JsonTextToMessage(kText, &message);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(message.large(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(message.data(), std::string("\0\xff", 2));
  EXPECT_EQ(message.update_mask().paths(1), "labels.team_name");
  EXPECT_TRUE(message.has_value());
  EXPECT_EQ(*MessageToJson(message), *json::Parse(kText)) << *MessageToJsonText(message);
  Everything again;
  ASSERT_TRUE(JsonToMessage(*MessageToJson(message), &again).ok());
  EXPECT_EQ(again.SerializeAsString().size(), message.SerializeAsString().size());
}

TEST(ProtoJsonTest, TakesBothSpellingsAndLooserNumbers) {
  Everything message;
  absl::Status status = JsonTextToMessage(
      R"({"small_unsigned": "7", "large": 12, "number": "2.5", "color": 2, "single": "Infinity",
          "update_mask": "a_b,c", "time": "2026-01-31T13:00:00+01:00", "data": "_-8",
          "small": null, "inner": null, "small_unsigned_unknown_is_not_here": null})",
      &message);
  EXPECT_EQ(ReasonOf(status), "FIELD_UNKNOWN");
  message.Clear();
  status = JsonTextToMessage(
      R"({"small_unsigned": "7", "large": 12, "number": "2.5", "color": 2, "single": "Infinity",
          "update_mask": "a_b,c", "time": "2026-01-31T13:00:00+01:00", "data": "_-8",
          "small": null, "inner": null})",
      &message);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(message.small_unsigned(), 7u);
  EXPECT_EQ(message.large(), 12);
  EXPECT_EQ(message.color(), Everything::GREEN);
  EXPECT_EQ(message.update_mask().paths(0), "a_b");
  EXPECT_EQ(message.time().seconds(), 1769860800);
  EXPECT_FALSE(message.has_inner());
}

TEST(ProtoJsonTest, RefusalsNameTheFieldAndTheType) {
  struct Case {
    std::string text;
    std::string reason;
    std::string field;
    std::string message;
  };
  for (const Case& c : std::vector<Case>{
           {R"({"nope": 1})", "FIELD_UNKNOWN", "nope", "there is no field"},
           {R"({"inner": {"inner": {"nope": 1}}})", "FIELD_UNKNOWN", "inner.inner.nope",
            "Inner has"},
           {R"({"inners": [{}, {"nope": 1}]})", "FIELD_UNKNOWN", "inners[1].nope", ""},
           {R"({"byNumber": {"3": {"nope": 1}}})", "FIELD_UNKNOWN", "byNumber.3.nope", ""},
           {R"({"small": "x"})", "FIELD_INVALID", "small", "a 32-bit integer"},
           {R"({"small": 1.5})", "FIELD_INVALID", "small", "a 32-bit integer"},
           {R"({"small": 3000000000})", "FIELD_INVALID", "small", "a 32-bit integer"},
           {R"({"smallUnsigned": -1})", "FIELD_INVALID", "smallUnsigned", "non-negative"},
           {R"({"large": 9007199254740993})", "FIELD_INVALID", "large", "as text"},
           {R"({"large": "9223372036854775808"})", "FIELD_INVALID", "large", "64-bit"},
           {R"({"large": " 1"})", "FIELD_INVALID", "large", "64-bit"},
           {R"({"larges": ["1", {}]})", "FIELD_INVALID", "larges[1]", "found an object"},
           {R"({"larges": 1})", "FIELD_INVALID", "larges", "an array"},
           {R"({"flag": "true"})", "FIELD_INVALID", "flag", "true or false"},
           {R"({"flag": 1})", "FIELD_INVALID", "flag", "true or false"},
           {R"({"text": 1})", "FIELD_INVALID", "text", "a string"},
           {R"({"number": "1x"})", "FIELD_INVALID", "number", "a number"},
           {R"({"single": 1e39})", "FIELD_INVALID", "single", "a number"},
           {R"({"data": "?"})", "FIELD_INVALID", "data", "base64"},
           {R"({"color": "BLUE"})", "FIELD_INVALID", "color", "RED, GREEN"},
           {R"({"color": 9})", "FIELD_INVALID", "color", "RED, GREEN"},
           {R"({"inner": []})", "FIELD_INVALID", "inner", "an object"},
           {R"({"labels": {"a": 1}})", "FIELD_INVALID", "labels.a", "a string"},
           {R"({"labels": []})", "FIELD_INVALID", "labels", "an object"},
           {R"({"byNumber": {"x": {}}})", "FIELD_INVALID", "byNumber.x", "integer"},
           {R"({"time": "yesterday"})", "FIELD_INVALID", "time", "a time such as"},
           {R"({"wait": 5})", "FIELD_INVALID", "wait", "a duration such as"},
           {R"({"updateMask": "a,,b"})", "FIELD_INVALID", "updateMask", "field names"},
           {R"({"document": [1]})", "FIELD_INVALID", "document", "an object"},
           {R"({"list": {}})", "FIELD_INVALID", "list", "an array"},
           {R"({"smallUnsigned": 1, "small_unsigned": 1})", "FIELD_DUPLICATE", "small_unsigned",
            "both spellings"},
           {R"({"choiceText": "a", "choiceInner": {}})", "FIELD_DUPLICATE", "choiceText",
            "only one of"},
           {R"([])", "FIELD_INVALID", "", "the body"},
           {R"({"a": )", "JSON_MALFORMED", "", ""},
       }) {
    Everything message;
    absl::Status status = JsonTextToMessage(c.text, &message);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.text << " " << status;
    EXPECT_EQ(MetadataOf(status)["field"], c.field) << c.text << " " << status;
    EXPECT_NE(MessageOf(status).find(c.message), std::string::npos) << c.text << " " << status;
  }
}

std::string Nested(const std::string& open, const std::string& close, int times,
                   const std::string& middle) {
  std::string out;
  for (int i = 0; i < times; ++i) out += open;
  out += middle;
  for (int i = 0; i < times; ++i) out += close;
  return out;
}

TEST(ProtoJsonTest, DepthHasOneLimitEverywhere) {
  Everything message;
  // The message is one level itself.
  EXPECT_TRUE(JsonTextToMessage(Nested(R"({"inner":)", "}", 31, "{}"), &message).ok());
  json::ParseLimits deep{.depth = 100};
  EXPECT_EQ(
      ReasonOf(JsonToMessage(*json::Parse(Nested(R"({"inner":)", "}", 32, "{}"), deep), &message)),
      "JSON_TOO_DEEP");
  EXPECT_TRUE(JsonTextToMessage(R"({"value":)" + Nested("[", "]", 31, "") + "}", &message).ok());
  EXPECT_EQ(ReasonOf(JsonToMessage(
                *json::Parse(R"({"value":)" + Nested("[", "]", 32, "") + "}", deep), &message)),
            "JSON_TOO_DEEP");
}

TEST(ProtoJsonTest, OptionsOfTheWriter) {
  Everything message;
  message.set_password("hunter2");
  EXPECT_EQ(*MessageToJsonText(message), R"({"password":"hunter2"})");
  EXPECT_EQ(*MessageToJsonText(message, {.redact_secrets = true}), R"({"password":"***"})");
  json::Value all = *MessageToJson(message, {.defaults = true});
  EXPECT_EQ(all.Find("small")->as_int(), 0);
  EXPECT_EQ(all.StringOr("large"), "0");
  EXPECT_EQ(all.StringOr("color"), "COLOR_UNSPECIFIED");
  EXPECT_TRUE(all.Find("larges")->as_array().empty());
  EXPECT_TRUE(all.Find("labels")->as_object().empty());
  EXPECT_EQ(all.Find("inner"), nullptr);
  EXPECT_EQ(all.Find("maybeText"), nullptr);
  message.Clear();
  message.set_color(static_cast<Everything::Color>(42));
  message.set_single(std::numeric_limits<float>::infinity());
  EXPECT_EQ(*MessageToJsonText(message), R"({"color":42,"single":"Infinity"})");
}

TEST(ProtoJsonTest, AnyOfLinkedTypes) {
  google::protobuf::Any any;
  Everything::Inner inner;
  inner.set_text("x");
  any.PackFrom(inner);
  std::string text = *MessageToJsonText(any);
  EXPECT_EQ(
      text,
      R"({"@type":"type.googleapis.com/agentflow.rpc.testdata.Everything.Inner","text":"x"})");
  google::protobuf::Any back;
  ASSERT_TRUE(JsonTextToMessage(text, &back).ok());
  EXPECT_EQ(back.value(), any.value());
  google::protobuf::Timestamp time;
  any.PackFrom(time);
  text = *MessageToJsonText(any);
  EXPECT_NE(text.find(R"("value":"1970-01-01T00:00:00Z")"), std::string::npos) << text;
  ASSERT_TRUE(JsonTextToMessage(text, &back).ok());
  EXPECT_EQ(ReasonOf(JsonTextToMessage(R"({"@type":"x/Unknown"})", &back)), "FIELD_INVALID");
}

TEST(ProtoJsonTest, WorksOnDynamicMessages) {
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> message(
      factory.GetPrototype(Everything::descriptor())->New());
  constexpr char kText[] =
      R"({"document":{"a":[1]},"time":"2026-01-31T12:00:00Z","wait":"2s","updateMask":"a",)"
      R"("large":"3"})";
  ASSERT_TRUE(JsonTextToMessage(kText, message.get()).ok());
  EXPECT_EQ(*MessageToJson(*message), *json::Parse(kText));
}

TEST(SetFieldFromTextTest, SetsWhatAQueryCanSay) {
  Everything message;
  for (auto [path, text] :
       std::vector<std::pair<std::string, std::string>>{{"small", "5"},
                                                        {"large", "9007199254740993"},
                                                        {"flag", "true"},
                                                        {"color", "GREEN"},
                                                        {"inner.text", "a"},
                                                        {"inner.inner.text", "b"},
                                                        {"larges", "1"},
                                                        {"larges", "2"},
                                                        {"update_mask", "title,labels"},
                                                        {"time", "2026-01-31T12:00:00Z"},
                                                        {"maybe_large", "5"},
                                                        {"value", "{\"a\":1}"},
                                                        {"number", "2.5"}}) {
    absl::Status status = SetFieldFromText(&message, path, text);
    EXPECT_TRUE(status.ok()) << path << " " << status;
  }
  EXPECT_EQ(message.large(), 9007199254740993);
  EXPECT_EQ(message.inner().inner().text(), "b");
  EXPECT_EQ(message.larges_size(), 2);
  EXPECT_EQ(message.update_mask().paths_size(), 2);
  EXPECT_EQ(message.maybe_large().value(), 5);
  EXPECT_EQ(message.value().struct_value().fields().at("a").number_value(), 1);
}

TEST(SetFieldFromTextTest, RefusesTheRest) {
  Everything message;
  for (auto [path, text, reason] :
       std::vector<std::array<std::string, 3>>{{"nope", "1", "FIELD_UNKNOWN"},
                                               {"inner.nope", "1", "FIELD_UNKNOWN"},
                                               {"text.nope", "1", "FIELD_UNKNOWN"},
                                               {"inner", "x", "FIELD_INVALID"},
                                               {"labels", "x", "FIELD_INVALID"},
                                               {"small", "many", "FIELD_INVALID"},
                                               {"flag", "maybe", "FIELD_INVALID"}}) {
    absl::Status status = SetFieldFromText(&message, path, text);
    EXPECT_EQ(ReasonOf(status), reason) << path;
    EXPECT_EQ(MetadataOf(status)["field"], path);
  }
}

}  // namespace
}  // namespace agentflow::rpc
