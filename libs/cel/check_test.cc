#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/cel/cel.h"
#include "libs/cel/complete.h"
#include "libs/schema/schema.h"

namespace agentflow::cel {
namespace {

Environment Sample() {
  auto document = json::Parse(R"({
    "type": "object", "required": ["ticket", "label", "amount", "items", "person"],
    "properties": {
      "ticket": {"type": "string", "title": "What the customer wrote"},
      "label": {"enum": ["refund", "question"]},
      "amount": {"type": "number"}, "count": {"type": "integer"},
      "items": {"type": "array", "items": {"type": "object", "required": ["price"],
                "properties": {"price": {"type": "number"}, "name": {"type": "string"}}}},
      "person": {"type": "object", "properties": {"first-name": {"type": "string"}}},
      "free": {}}})");
  Environment environment;
  environment.Declare("inputs", schema::Schema::Compile(*document)->type(), "The input.");
  environment.Declare("execution.id", Type::Kind::kString);
  environment.Declare("execution.startTime", Type::Kind::kTimestamp);
  environment.Declare("any", Type());
  return environment;
}

std::string Issues(std::string_view text, const CompileOptions& options = {}) {
  std::string shown;
  for (const Issue& issue : Check(text, Sample(), options).issues) {
    if (issue.severity == Issue::Severity::kWarning) continue;
    shown += (shown.empty() ? "" : " | ") + ToString(issue);
  }
  return shown;
}

struct IssueCase {
  const char* expression;
  const char* issues;
};
class IssueTest : public testing::TestWithParam<IssueCase> {};
TEST_P(IssueTest, AreFoundAtTheirPlace) {
  EXPECT_EQ(Issues(GetParam().expression), GetParam().issues) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, IssueTest,
    testing::Values(
        IssueCase{"", "1:1: the expression is empty"},
        IssueCase{"1 +", "1:4: expected a value, found the end of the expression"},
        IssueCase{"1 2", "1:3: unexpected '2'; an operator is missing before it"},
        IssueCase{"(1", "1:3: expected ')' for the '(' at 1:1, found the end of the expression"},
        IssueCase{"[1, (2, 3]", "1:7: expected ')' for the '(' at 1:5, found ','"},
        IssueCase{"inputs.amount = 3", "1:15: '=' is no operator; to compare write '=='"},
        IssueCase{"true & false", "1:6: '&' is no operator; write '&&'"},
        IssueCase{"'abc", "1:1: the text begun here does not end"},
        IssueCase{"'\\q'", "1:2: unknown escape '\\q'; for a backslash write '\\\\'"},
        IssueCase{"12abc", "1:1: '12abc' is no number"},
        IssueCase{"99999999999999999999", "1:1: the number does not fit into an int (64 bits)"},
        IssueCase{"a.",
                  "1:3: expected a field name after the dot, found the end of the expression"},
        IssueCase{"{'a' 1}", "1:6: expected ':' and the value of this key, found '1'"},
        IssueCase{"true ? 1",
                  "1:9: expected ':' and what to take otherwise, found the end of the "
                  "expression"},
        IssueCase{"while + 1",
                  "1:1: 'while' is a word of the language and cannot be used as a "
                  "name"},
        IssueCase{"has(1)", "1:5: has() takes a field, as in has(inputs.ticket)"},
        IssueCase{"[1].map(1, 2)", "1:9: map() takes a plain name here, as in list.map(x, ...)"},
        IssueCase{"\xff", "1:1: the expression is not valid UTF-8"},
        IssueCase{"[1 +, 2 *] + 'a\\z'",
                  "1:5: expected a value, found ',' | 1:10: expected a value, found ']' | "
                  "1:16: unknown escape '\\z'; for a backslash write '\\\\'"}));

INSTANTIATE_TEST_SUITE_P(
    Names, IssueTest,
    testing::Values(
        IssueCase{"imputs.ticket", "1:1: undeclared name 'imputs'; did you mean 'inputs'?"},
        IssueCase{"inputs.tiket", "1:8: there is no field 'tiket'; did you mean 'ticket'?"},
        IssueCase{"inputs.zzz",
                  "1:8: there is no field 'zzz'; there are amount, count, free, items, label, "
                  "person, ticket"},
        IssueCase{"inputs['tiket']", "1:8: there is no field 'tiket'; did you mean 'ticket'?"},
        IssueCase{"execution.idd", "1:11: undeclared name 'execution.idd'; did you mean 'id'?"},
        IssueCase{"inputs.ticket.startWith('a')",
                  "1:15: unknown function 'startWith'; did you mean 'startsWith'?"},
        IssueCase{"math.max(1)", "1:6: unknown function 'math.max'"},
        IssueCase{"[1].filter(x)",
                  "1:5: 'filter' takes other arguments: list.filter(x, bool) -> list"},
        IssueCase{"inputs.items.map(i, i.prise)",
                  "1:23: there is no field 'prise'; did you mean 'price'?"},
        IssueCase{"nope + nada", "1:1: undeclared name 'nope' | 1:8: undeclared name 'nada'"},
        IssueCase{"Foo{a: 1}", "1:1: there are no message types; write a map: {'field': value}"},
        IssueCase{"any.what.ever[3].x == 1", ""},
        IssueCase{"inputs.person.`first-name` == ''", ""}));

INSTANTIATE_TEST_SUITE_P(
    Types, IssueTest,
    testing::Values(
        IssueCase{"inputs.amount > 50", ""}, IssueCase{"inputs.amount == 50", ""},
        IssueCase{"inputs.ticket == 1", "1:1: string and int can never be equal"},
        IssueCase{"inputs.amount + 1",
                  "1:1: '+' does not take double and int; convert with double() or int()"},
        IssueCase{"'n: ' + inputs.amount",
                  "1:1: '+' does not take string and double; convert with string()"},
        IssueCase{"inputs.label == 'refnd'",
                  "1:17: this can never be equal: the values are \"refund\", \"question\"; did you "
                  "mean ''refund''?"},
        IssueCase{"inputs.label == 'refund'", ""},
        IssueCase{"(true ? inputs.label : 'other') == 'other'", ""},
        IssueCase{"inputs.amount && true", "1:1: '&&' joins bool, not double"},
        IssueCase{"inputs.amount ? 1 : 2", "1:1: the condition before '?' is double, not bool"},
        IssueCase{"true ? 1 : 'a'",
                  "1:1: the two results are of different types, int and string; use dyn() on one "
                  "of them if that is meant"},
        IssueCase{"inputs.items['a']", "1:14: a list is indexed by int, not string"},
        IssueCase{"inputs.ticket[0]", "1:1: a value of type string cannot be indexed"},
        IssueCase{"inputs.items.filter(i, i.price)", "1:24: the condition is double, not bool"},
        IssueCase{"inputs.amount.map(x, x)", "1:1: this takes a list or a map, not double"},
        IssueCase{"inputs.ticket.startsWith(1)",
                  "1:15: 'startsWith' does not take (string, int); it is "
                  "string.startsWith(string) -> bool"},
        IssueCase{"-inputs.ticket", "1:1: '-' does not take string"}));

TEST(CheckTest, TheResultMustBeWhatThePlaceExpects) {
  EXPECT_EQ(Issues("inputs.amount", {.expected = Type(Type::Kind::kBool)}),
            "1:1: expected bool, this is double");
  EXPECT_EQ(Issues("any", {.expected = Type(Type::Kind::kBool)}), "");
}

TEST(CheckTest, WarnsAboutWhatMayBeMissing) {
  auto issues = Check("inputs.count > 3", Sample()).issues;
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].severity, Issue::Severity::kWarning);
  EXPECT_EQ(issues[0].message,
            "'count' may be missing; write .?count with orValue(), or test it with has()");
  EXPECT_TRUE(Check("inputs.?count.orValue(0) > 3", Sample()).issues.empty());
  EXPECT_TRUE(Check("has(inputs.count) && inputs.count > 3", Sample()).issues.empty());
  EXPECT_TRUE(Check("inputs.amount > 3.0", Sample()).issues.empty());
}

struct DeducedCase {
  const char* expression;
  const char* type;
};
class DeducedTest : public testing::TestWithParam<DeducedCase> {};
TEST_P(DeducedTest, IsTheTypeOfTheWhole) {
  Compiled compiled = Check(GetParam().expression, Sample());
  EXPECT_FALSE(HasErrors(compiled.issues)) << ToStatus(compiled.issues);
  EXPECT_EQ(compiled.type.ToString(), GetParam().type);
}
INSTANTIATE_TEST_SUITE_P(
    Deduced, DeducedTest,
    testing::Values(DeducedCase{"inputs.amount * 2.0", "double"},
                    DeducedCase{"inputs.items.map(i, i.price)", "list(double)"},
                    DeducedCase{"inputs.?count", "optional_type(int)"},
                    DeducedCase{"inputs.?count.orValue(0)", "int"},
                    DeducedCase{"{'a': inputs.ticket}", "map(string, string)"},
                    DeducedCase{"[1, 'a']", "list(dyn)"},
                    DeducedCase{"inputs.items[0]", "object {name?: string, price: number}"},
                    DeducedCase{"execution.startTime - execution.startTime", "duration"},
                    DeducedCase{"inputs.free", "dyn"},
                    DeducedCase{"cel.bind(x, inputs.items, x.size())", "int"},
                    DeducedCase{"inputs.items.transformMap(i, x, x.price)", "map(int, double)"}));

std::string Labels(std::string_view text, size_t most = 4) {
  Environment environment = Sample();
  Completions completions = Complete(text, static_cast<uint32_t>(text.size()), environment);
  std::string shown = std::to_string(completions.begin) + ":";
  for (size_t i = 0; i < completions.items.size() && i < most; ++i) {
    shown += " " + completions.items[i].insert;
  }
  return shown;
}

struct CompleteCase {
  const char* text;
  const char* labels;  // where the replaced part begins, and the first four
};
class CompleteTest : public testing::TestWithParam<CompleteCase> {};
TEST_P(CompleteTest, OffersWhatMayFollow) {
  EXPECT_EQ(Labels(GetParam().text), GetParam().labels) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Cursor, CompleteTest,
    testing::Values(
        CompleteCase{"", "0: inputs execution any size("}, CompleteCase{"inp", "0: inputs"},
        CompleteCase{"inputs.", "7: amount count free items"},
        CompleteCase{"inputs.ti", "7: ticket"}, CompleteCase{"inputs.?am", "8: amount"},
        CompleteCase{"1 + inputs.items[0].", "20: name price size() all("},
        CompleteCase{"inputs.items.filter(i, i.pr", "25: price"},
        CompleteCase{"inputs.items.all(n, i, i.pr", "25: price"},
        CompleteCase{"inputs.person.", "14: `first-name` size() all( all("},
        CompleteCase{"inputs.ticket.starts", "14: startsWith("},
        CompleteCase{"inputs.items.fil", "13: filter("},
        CompleteCase{"inputs.?count.or", "14: orValue( or("},
        CompleteCase{"execution.s", "10: startTime"}, CompleteCase{"math.gre", "5: greatest("},
        CompleteCase{"inputs.label == ", "16: inputs execution any size("},
        CompleteCase{"inputs.label == 're", "16: 'refund'"},
        CompleteCase{"foo(bar(inputs.am", "15: amount"}, CompleteCase{"nothing.at.all", "11:"},
        CompleteCase{")))", "3: inputs execution any size("}, CompleteCase{"'text", "0:"}));

TEST(CompleteTest, ShowsTypesAndDescriptions) {
  Environment environment = Sample();
  Completions completions = Complete("inputs.tick", 11, environment);
  ASSERT_EQ(completions.items.size(), 1u);
  EXPECT_EQ(completions.items[0].detail, "string");
  EXPECT_EQ(completions.items[0].documentation, "What the customer wrote");
  completions = Complete("inputs.label == ", 16, environment);
  EXPECT_EQ(completions.items.back().insert, "'question'");
}

}  // namespace
}  // namespace agentflow::cel
