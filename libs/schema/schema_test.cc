#include "libs/schema/schema.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace agentflow::schema {
namespace {

json::Value J(std::string_view text) {
  auto value = json::Parse(text);
  EXPECT_TRUE(value.ok()) << text << ": " << value.status();
  return value.ok() ? *value : json::Value();
}

Schema S(std::string_view text) {
  auto schema = Schema::Compile(J(text));
  EXPECT_TRUE(schema.ok()) << text << ": " << schema.status();
  return schema.ok() ? *schema : Schema();
}

std::string Show(const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& v : violations) {
    text += (text.empty() ? "" : "; ") + v.pointer + ": " + v.message;
  }
  return text;
}

struct ValidateCase {
  const char* schema;
  const char* value;
  const char* violations;  // "" means valid
};

class ValidateTest : public testing::TestWithParam<ValidateCase> {};

TEST_P(ValidateTest, ReportsEachPlaceInWords) {
  EXPECT_EQ(Show(S(GetParam().schema).Validate(J(GetParam().value))), GetParam().violations)
      << GetParam().schema << " <- " << GetParam().value;
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, ValidateTest,
    testing::Values(
        ValidateCase{"true", "1", ""}, ValidateCase{"false", "1", ": nothing is allowed here"},
        ValidateCase{R"({"type":"integer"})", "1.5", ": expected integer, got number"},
        ValidateCase{R"({"type":"integer"})", "2.0", ""},
        ValidateCase{R"({"type":"number"})", "2", ""},
        ValidateCase{R"({"type":["string","null"]})", "true",
                     ": expected string or null, got boolean"},
        ValidateCase{R"({"enum":["a","b"]})", "\"c\"", ": expected one of \"a\", \"b\", got \"c\""},
        ValidateCase{R"({"const":1})", "1.0", ""},
        ValidateCase{R"({"const":1})", "2", ": expected 1, got 2"},
        ValidateCase{R"({"minimum":1,"exclusiveMaximum":3})", "3", ": must be less than 3, got 3"},
        ValidateCase{R"({"minimum":1,"exclusiveMaximum":3})", "0", ": must be at least 1, got 0"},
        ValidateCase{R"({"multipleOf":0.1})", "0.3", ""},
        ValidateCase{R"({"multipleOf":2})", "3", ": must be a multiple of 2, got 3"},
        ValidateCase{R"({"minLength":2,"maxLength":3})", "\"é\"",
                     ": must have at least 2 characters, has 1"},
        ValidateCase{R"({"pattern":"^a+$"})", "\"ab\"",
                     ": must match the pattern ^a+$, got \"ab\""},
        ValidateCase{R"({"format":"date-time"})", "\"2024-13-01T00:00:00Z\"",
                     ": is no date-time: \"2024-13-01T00:00:00Z\""},
        ValidateCase{R"({"format":"uuid"})", "\"123e4567-e89b-12d3-a456-426614174000\"", ""},
        ValidateCase{R"({"format":"email"})", "\"a@b.org\"", ""},
        ValidateCase{R"({"format":"uri"})", "\"no uri\"", ": is no uri: \"no uri\""},
        ValidateCase{R"({"format":"made-up"})", "\"x\"", ""},
        ValidateCase{R"({"required":["a","b"],"properties":{"c":{"type":"string"}}})", R"({"c":1})",
                     ": missing required property 'a'; : missing required property 'b'; "
                     "/c: expected string, got integer"},
        ValidateCase{R"({"properties":{"a":{}},"additionalProperties":false})", R"({"b":1})",
                     ": unknown property 'b'; known are a"},
        ValidateCase{R"({"additionalProperties":{"type":"string"}})", R"({"a/b":1})",
                     "/a~1b: expected string, got integer"},
        ValidateCase{R"({"patternProperties":{"^x-":{"type":"integer"}}})", R"({"x-a":"1"})",
                     "/x-a: expected integer, got string"},
        ValidateCase{R"({"propertyNames":{"pattern":"^[a-z]+$"}})", R"({"A":1})",
                     ": the property name 'A' is not allowed"},
        ValidateCase{R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})",
                     ": missing property 'b', which goes with 'a'"},
        ValidateCase{R"({"minProperties":1})", "{}", ": must have at least 1 properties, has 0"},
        ValidateCase{R"({"items":{"type":"integer"}})", R"([1,"2"])",
                     "/1: expected integer, got string"},
        ValidateCase{R"({"prefixItems":[{"type":"string"}],"items":false})", R"(["a",1])",
                     "/1: nothing is allowed here"},
        ValidateCase{R"({"uniqueItems":true})", "[1,2,1.0]",
                     ": items must differ; item 2 repeats an earlier one"},
        ValidateCase{R"({"contains":{"type":"string"}})", "[1]",
                     ": must have at least 1 items of the expected form, has 0"},
        ValidateCase{R"({"minItems":2,"maxItems":2})", "[1]",
                     ": must have at least 2 items, has 1"}));

INSTANTIATE_TEST_SUITE_P(
    Combinations, ValidateTest,
    testing::Values(
        ValidateCase{R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", "1", ""},
        ValidateCase{R"({"anyOf":[{"type":"string"},{"required":["a"]}]})", "1.5", ""},
        ValidateCase{R"({"oneOf":[{"type":"integer"},{"minimum":0}]})", "1",
                     ": fits 2 alternatives where exactly one is allowed"},
        ValidateCase{R"({"oneOf":[{"type":"string"},{"type":"object","properties":)"
                     R"({"a":{"type":"string"}}}]})",
                     R"({"a":1})",
                     ": fits none of the 2 alternatives; the nearest: /a: expected string, got "
                     "integer"},
        ValidateCase{R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})", R"({"c":1})",
                     ": needs one of the properties 'a', 'b'"},
        ValidateCase{R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})", R"({"b":1})", ""},
        ValidateCase{R"({"not":{"type":"string"}})", "\"a\"",
                     ": has the form that is excluded here"},
        ValidateCase{R"({"if":{"required":["a"]},"then":{"required":["b"]},"else":false})",
                     R"({"a":1})", ": missing required property 'b'"},
        ValidateCase{R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}})", "\"x\"",
                     ": expected integer, got string"},
        ValidateCase{R"({"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}}})",
                     R"({"next":{"next":{"v":"x"}}})",
                     "/next/next/v: expected integer, got string"}));

TEST(SchemaTest, AReferenceToItselfEnds) {
  EXPECT_EQ(Show(S(R"({"$ref":"#"})").Validate(J("1"))),
            ": the value is too large to be checked against this schema");
}

TEST(SchemaTest, ManyReferencesToItselfEndToo) {
  Schema schema = S(R"({"allOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}],)"
                    R"("anyOf":[{"$ref":"#"},{"$ref":"#"}]})");
  EXPECT_FALSE(schema.Validate(J("{}")).empty());
  EXPECT_EQ(schema.Coerce(J("{}")), J("{}"));
  EXPECT_EQ(schema.DescribesAt("/a"), nullptr);
}

TEST(SchemaTest, CompileNamesEveryProblemWithItsPlace) {
  auto problems = Schema::Problems(
      J(R"({"type":"text","properties":{"a":{"minLength":-1},"b":7,"c":{"$ref":"http://x"},)"
        R"("d":{"$ref":"#/$defs/no"},"e":{"pattern":"("}}})"));
  ASSERT_EQ(problems.size(), 6u) << Show(problems);
  EXPECT_EQ(problems[0].pointer, "/type");
  EXPECT_EQ(problems[1].pointer, "/properties/a/minLength");
  EXPECT_EQ(problems[2].pointer, "/properties/b");
  EXPECT_EQ(problems[4].message, "'#/$defs/no' leads nowhere");
  auto schema = Schema::Compile(J(R"({"type":"text"})"));
  EXPECT_EQ(ReasonOf(schema.status()), "SCHEMA_INVALID");
}

TEST(SchemaTest, CoerceFollowsTheDeclaredNumberType) {
  Schema schema =
      S(R"({"properties":{"n":{"type":"number"},"i":{"type":"integer"},)"
        R"("l":{"items":{"$ref":"#/$defs/n"}},"u":{}},"$defs":{"n":{"type":"number"}}})");
  json::Value value = schema.Coerce(J(R"({"n":1,"i":2.0,"l":[3],"u":4})"));
  EXPECT_TRUE(value.Find("n")->is_double());
  EXPECT_TRUE(value.Find("i")->is_int());
  EXPECT_TRUE(value.Find("l")->as_array()[0].is_double());
  EXPECT_TRUE(value.Find("u")->is_int());
}

TEST(SchemaTest, CoerceSharesWhatItDoesNotChange) {
  json::Value value = J(R"({"a":"x"})");
  EXPECT_TRUE(S(R"({"properties":{"a":{"type":"string"}}})").Coerce(value).SharesWith(value));
}

TEST(SchemaTest, AcceptNamesThePlaces) {
  auto result = S(R"({"required":["ticket"]})").Accept(J("{}"), "input");
  EXPECT_EQ(ReasonOf(result.status()), "SCHEMA_VIOLATION");
  EXPECT_EQ(MessageOf(result.status()), "input: missing required property 'ticket'");
}

TEST(SchemaTest, ViolationsEndAtTheLimit) {
  json::Array array(1000, json::Value("x"));
  auto violations = S(R"({"items":{"type":"integer"}})").Validate(json::Value(array));
  EXPECT_EQ(violations.size(), 50u);
}

TEST(SchemaTest, DescribesAtFollowsReferencesAndAlternatives) {
  Schema schema = S(R"({"properties":{"cases":{"items":{"$ref":"#/$defs/case"}}},)"
                    R"("$defs":{"case":{"anyOf":[{"properties":)"
                    R"({"when":{"x-expression":true}}}]}}})");
  const json::Value* found = schema.DescribesAt("/cases/3/when");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->BoolOr("x-expression", false));
  EXPECT_EQ(schema.DescribesAt("/nothing/here"), nullptr);
}

struct TypeCase {
  const char* schema;
  const char* type;
};
class TypeTest : public testing::TestWithParam<TypeCase> {};
TEST_P(TypeTest, IsDeduced) { EXPECT_EQ(S(GetParam().schema).type().Describe(), GetParam().type); }
TEST_P(TypeTest, IsASchemaOfTheSameTypeAgain) {
  schema::Type type = S(GetParam().schema).type();
  EXPECT_EQ(S(json::Dump(type.ToJsonSchema())).type(), type) << json::Dump(type.ToJsonSchema());
}
INSTANTIATE_TEST_SUITE_P(
    Types, TypeTest,
    testing::Values(
        TypeCase{"{}", "any"}, TypeCase{R"({"type":"number"})", "number"},
        TypeCase{R"({"type":["integer","null"]})", "integer or null"},
        TypeCase{R"({"enum":["a","b"]})", "string"}, TypeCase{R"({"enum":[1,2]})", "integer"},
        TypeCase{R"({"type":"array","items":{"type":"string"}})", "array of string"},
        TypeCase{R"({"required":["a"],"properties":{"a":{"type":"integer"},"b":{}}})",
                 "object {a: integer, b?: any}"},
        TypeCase{R"({"allOf":[{"properties":{"a":{"type":"integer"}}},)"
                 R"({"required":["b"]}]})",
                 "object {a?: integer, b: any}"},
        TypeCase{R"({"anyOf":[{"type":"integer"},{"type":"number"}]})", "number"},
        TypeCase{R"({"anyOf":[{"type":"integer"},{"type":"string"}]})", "any"},
        TypeCase{R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "string or null"}));

TEST(TypeTest, FollowTellsOptionalAndUnknownParts) {
  Type type = S(R"({"required":["a"],"properties":{"a":{"properties":{"b":{"type":"string"}}}}})")
                  .type();
  EXPECT_EQ(type.Follow({"a", "b"}).type.kind(), Type::Kind::kString);
  EXPECT_TRUE(type.Follow({"a", "b"}).missing_ok);
  EXPECT_FALSE(type.Follow({"a"}).missing_ok);
  EXPECT_FALSE(type.Follow({"c"}).found);
  EXPECT_TRUE(Type::Any().Follow({"c", "d"}).found);
}

struct CompatibleCase {
  const char* from;
  const char* to;
  Compatibility::Verdict verdict;
  const char* message;
};
class CompatibleTest : public testing::TestWithParam<CompatibleCase> {};
TEST_P(CompatibleTest, SaysWhereTheyPart) {
  Compatibility result = Compatible(S(GetParam().from).type(), S(GetParam().to).type());
  EXPECT_EQ(result.verdict, GetParam().verdict);
  EXPECT_EQ((result.pointer.empty() ? "" : result.pointer + ": ") + result.message,
            GetParam().message);
}
constexpr auto kAlways = Compatibility::Verdict::kAlways;
constexpr auto kSometimes = Compatibility::Verdict::kSometimes;
constexpr auto kNever = Compatibility::Verdict::kNever;
INSTANTIATE_TEST_SUITE_P(
    Pairs, CompatibleTest,
    testing::Values(
        CompatibleCase{R"({"type":"integer"})", R"({"type":"number"})", kAlways, ""},
        CompatibleCase{R"({"type":"number"})", R"({"type":"integer"})", kSometimes,
                       "expected integer, got number"},
        CompatibleCase{R"({"type":"string"})", R"({"type":"integer"})", kNever,
                       "expected integer, got string"},
        CompatibleCase{"{}", R"({"type":"string"})", kSometimes,
                       "expected string, the type is not known"},
        CompatibleCase{R"({"properties":{"a":{"type":"string"}}})", R"({"required":["a"]})",
                       kSometimes, "/a: 'a' is required and may be missing"},
        CompatibleCase{R"({"properties":{"a":{"type":"string"}}})", R"({"required":["b"]})", kNever,
                       "/b: 'b' is required and not there"},
        CompatibleCase{R"({"type":"array","items":{"type":"string"}})",
                       R"({"type":"array","items":{"type":"boolean"}})", kNever,
                       "/*: expected boolean, got string"},
        CompatibleCase{R"({"enum":["a","b"]})", R"({"enum":["b","c"]})", kSometimes,
                       "not all of its values are allowed here"},
        CompatibleCase{R"({"enum":["a"]})", R"({"enum":["c"]})", kNever,
                       "none of its values is allowed here"}));

}  // namespace
}  // namespace agentflow::schema
