#include "libs/cel/testing/hostile.h"

#include <cstring>
#include <utility>

#include "libs/base/status.h"
#include "libs/cel/cel.h"

namespace agentflow::cel {
namespace {

constexpr char kLimit[] = "EXPRESSION_LIMIT";
constexpr char kNested[] = "the expression is nested more than 250 deep";
constexpr char kChained[] =
    "more than 500 operators or calls in a row; split it with cel.bind(), put texts together with "
    "[...].join()";

std::string Repeat(std::string_view part, size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

// `text` within `times` times cel.bind(x, ..., body).
std::string Bound(std::string text, int times, const std::string& body) {
  for (int i = 0; i < times; ++i) text = "cel.bind(x, " + text + ", " + body + ")";
  return text;
}

json::Value Numbers(int64_t count) {
  json::Array array;
  for (int64_t i = 0; i < count; ++i) array.push_back(json::Value(i));
  return json::Value(std::move(array));
}

json::Value Members(int count) {
  std::vector<json::Object::Member> members;
  for (int i = 0; i < count; ++i) {
    members.emplace_back("key" + std::to_string(i), json::Value(i));
  }
  return json::Object(std::move(members));
}

// a and b in an order that repeats late, so that an automaton meets ever new states.
std::string Letters(size_t size) {
  std::string text;
  for (uint32_t bits = 1; text.size() < size; bits = bits * 1664525u + 1013904223u) {
    text += (bits >> 24 & 1) != 0 ? 'a' : 'b';
  }
  return text;
}

class List {
 public:
  List() {
    std::string long_text(1 << 20, 'a');
    variables_ = json::Object{
        {"l", Numbers(1000)},
        {"m", Members(1000)},
        {"s", json::Value(long_text)},                                      // 1 MiB of a
        {"t", json::Value(long_text.substr(1) + "b")},                      // and one b
        {"half", json::Value(std::string(1 << 19, 'a') + "b")},
        {"zeros", json::Value(std::string(1 << 20, '0'))},
        {"letters", json::Value(Letters(1 << 20))},
        {"spaces", json::Value(std::string(1 << 20, ' '))},
        {"strings", json::Value(json::Array(1000, json::Value(std::string(10'000, 'y'))))}};
  }

  void Add(std::string name, std::string text, std::string outcome = kLimit) {
    inputs_.push_back({std::move(name), std::move(text), variables_, std::move(outcome)});
  }

  std::vector<HostileInput> Take() { return std::move(inputs_); }

 private:
  json::Value variables_;
  std::vector<HostileInput> inputs_;
};

void AddLoops(List& list) {
  list.Add("nested all()", "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))");
  list.Add("nested map()", "l.map(a, l.map(b, l.map(c, [a, b, c])))");
  list.Add("nested maps of maps",
           "m.all(a, m.all(b, m.all(c, m.transformMap(k, v, m) != {} && m[a] >= 0)))");
  list.Add("transformMap() of transformMap()",
           "m.transformMap(a, v, m.transformMap(b, w, m.transformMap(c, x, c)))");
  list.Add("absorbed errors", "l.all(a, l.exists(b, l.exists(c, 1 / 0 == 1) || true))");
  list.Add("constant conditions in a loop",
           "l.all(a, l.all(b, true" + Repeat("&&true", 8000) + "))");
  list.Add("variables in a loop", "l.all(a, l.all(b, [a == b].all(x, x" + Repeat("||x", 8000) +
                                      " || true)))");
  list.Add("signs in a loop", "l.all(a, l.all(b, [true].all(x, " + Repeat("!", 400) + "x)))");
  list.Add("choices in a loop",
           "l.all(a, l.all(b, [true].all(x, " + Repeat("x ? (", 120) + "x" +
               Repeat(") : x", 120) + ")))");
}

void AddGrowing(List& list) {
  list.Add("doubled text", Bound("'0123456789abcdef'", 60, "x + x"));
  list.Add("doubled list", Bound("[l]", 60, "x + x"));
  std::string shared = Bound("[1]", 60, "[x, x]");
  list.Add("shared parts compared", "(" + shared + ") == (" + shared + ")");
  list.Add("shared parts formatted", "'%s'.format([" + shared + "])");
  list.Add("shared parts as JSON", Bound("[1]", 28, "[x, x]"));
  list.Add("shared parts too deep for JSON", Bound("[1]", 38, "[x, x]"), "EXPRESSION_RESULT");
  list.Add("large input many times as JSON", "l.map(x, strings)");
  list.Add("large text many times as JSON", "l.map(x, s)");
  list.Add("huge concatenation", "size(" + Repeat("s + ", 200) + "s)");
  list.Add("huge concatenation of lists", "size(" + Repeat("strings + l + ", 200) + "l)");
  list.Add("text for each element", "l.map(x, s + 'x').size()");
  list.Add("map of many keys", "l.transformMapEntry(i, v, {v: l.map(x, x)}).size()");
}

void AddTexts(List& list) {
  list.Add("replace by itself", "s.replace('a', s).size()");
  list.Add("replace between letters", "s.replace('', s).size()");
  list.Add("replace by nothing", "l.all(x, s.replace('a', '') == '')");
  list.Add("replace what nearly is there", "l.all(x, t.replace(half + 'b', '') == t)");
  list.Add("join with itself", "l.map(x, s).join(s).size()");
  list.Add("split into letters", "s.split('').map(c, s.split('')).size()");
  list.Add("split at what nearly is there", "l.all(x, t.split(half + 'b').size() == 1)");
  list.Add("search backwards", "s.lastIndexOf('b' + half)");
  list.Add("search", "l.all(x, !s.contains(half))");
  list.Add("search from the end", "l.all(x, s.indexOf(half, 1000) == -1)");
  list.Add("long texts compared", "l.all(x, s == s + '')");
  list.Add("long texts ordered", "l.all(x, s < 'b')");
  list.Add("long texts counted", "l.all(x, size(s) > 0)");
  list.Add("long texts in a list", "l.all(x, !(s in strings.map(y, s + '')))");
  list.Add("blanks cut off", "l.all(x, spaces.trim() == '')");
  list.Add("letters turned around", "l.all(x, letters.reverse() != s)");
  list.Add("one character of a long text", "l.all(x, s.charAt(1000000) == 'a')");
  list.Add("quoted again and again", Bound("'\\''", 60, "strings.quote(x)"));
  list.Add("format a large list", "'%s'.format([l.map(x, s)]).size()");
  list.Add("format with many digits", "l.all(x, '" + Repeat("%.1000f", 200) + "'.format([" +
                                          Repeat("double(x) * 1e-300, ", 200) + "]) != '')");
  list.Add("format a map again and again", "l.all(x, '%s'.format([m]) != '')");
}

void AddConversions(List& list) {
  for (const char* function : {"int", "uint", "double", "duration", "timestamp", "bool"}) {
    list.Add(std::string(function) + "() of a long text",
             "l.all(x, l.all(y, " + std::string(function) + "(zeros) == " + function +
                 "(zeros) || true))");
  }
  list.Add("fractions of a long duration",
           "l.all(x, l.all(y, duration('0.' + zeros + 's') == duration('0s')))");
  list.Add("base64 of a long text", "l.all(x, base64.encode(base64.decode(s)) == s)");
  list.Add("bytes of a long text", "l.all(x, string(bytes(s)) == s)");
  list.Add("zones that are none",
           "l.all(x, l.all(y, timestamp(0).getHours('Zone/' + string(x) + string(y)) == 0 || "
           "true))");
}

void AddRegexes(List& list) {
  const std::string large = "(((a{1,50}){1,50}){1,50})";
  const std::string states = "((((a?){0,9}){0,9}){0,9})$b";
  list.Add("regex that backtracks elsewhere", "s.matches('(a*)*b')", "ok");
  list.Add("regex that is too large", "s.matches('" + large + "')", "EXPRESSION_FAILED");
  list.Add("regex that is too large, in a loop",
           "l.all(x, l.all(y, !s.matches('" + large + "' + '') || true))");
  list.Add("regex with many instructions", "l.all(x, !s.matches('" + states + "'))");
  list.Add("regex with many states", "l.all(x, !letters.matches('[ab]*a[ab]{20}c'))");
  list.Add("regex compiled in a loop", "l.all(x, l.all(y, !string(y).matches('" + states +
                                           "' + string(x))))");
  list.Add("many regexes", "['']" + Repeat(".filter(x, x.matches('(a{1,90}){1,9}'))", 400), "ok");
  list.Add("many regexes that are too large",
           "[" + Repeat("'a'.matches('" + large + "') || true,", 1200) + "]");
}

void AddData(List& list) {
  list.Add("large map compared", "l.all(x, m == m)");
  list.Add("large list searched", "l.all(x, l.all(y, !(-1 in l)))");
  list.Add("list of long texts searched", "l.all(x, l.all(y, !((strings[0] + 'x') in strings)))");
  list.Add("map indexed", "l.all(x, l.transformMap(i, v, v)[x] == x)");
  list.Add("greatest of many", "l.all(x, l.all(y, math.greatest(l) > 0))");
}

void AddSyntax(List& list) {
  list.Add("deep parentheses", Repeat("(", 30'000), kNested);
  list.Add("deep lists", Repeat("[", 300) + Repeat("]", 300), kNested);
  list.Add("deep maps", Repeat("{1:", 20'000), kNested);
  list.Add("deep macros", Repeat("[1].all(x, ", 1000), kNested);
  list.Add("deep choices", Repeat("true ? 1 : ", 1000) + "1", kNested);
  list.Add("allowed depth", Repeat("(", 249) + "1" + Repeat(")", 249), "ok");
  list.Add("allowed depth of macros",
           Repeat("l.filter(x, x < 1).map(x, ", 245) + "1" + Repeat(")[0]", 245), "ok");
  list.Add("allowed chain", "size(''" + Repeat(" + 'a'", 497) + ")", "ok");
  list.Add("long chain of +", "1" + Repeat("+1", 30'000), kChained);
  list.Add("long chain of fields", "m" + Repeat(".a", 30'000), kChained);
  list.Add("long chain of indices", "l" + Repeat("[0]", 20'000), kChained);
  list.Add("long chain of calls", "''" + Repeat(".trim()", 9000), kChained);
  list.Add("many signs", Repeat("!", 30'000) + "true", kChained);
  list.Add("many minuses", Repeat("-", 30'000) + "1", kChained);
  list.Add("long chain of &&", "true" + Repeat("&&true", 10'000), "ok");
  list.Add("long list", "[" + Repeat("1,", 30'000) + "]", "ok");
  list.Add("many escapes", "size('" + Repeat("\\U0001F600", 6000) + "')", "ok");
  list.Add("too long", Repeat(" ", 70'000) + "1", "the expression is longer than 65536 bytes");
  list.Add("many mistakes", Repeat("= ", 20'000), "'=' is no operator; to compare write '=='");
}

void AddTypes(List& list) {
  list.Add("many unknown names", "[" + Repeat("x,", 20'000) + "]", "undeclared name 'x'");
  list.Add("long unknown names", "[" + Repeat(std::string(90, 'm') + ",", 700) + "]",
           "undeclared name '" + std::string(90, 'm') + "'");
  list.Add("many unknown types", "[" + Repeat("[] == [],", 7000) + "]", "ok");
  for (const char* empty : {"[]", "{}", "[[]]", "optional.none()"}) {
    std::string many = Repeat(std::string(empty) + ",", 60'000 / (std::strlen(empty) + 1));
    list.Add("a list of " + std::string(empty), "size([" + many + "])", "ok");
  }
  list.Add("a list of lists that are unknown and known",
           "size([" + Repeat("[], [[]],", 7000) + "])", "ok");
  list.Add("an unknown type compared again and again",
           "cel.bind(a, [], a == a" + Repeat(" && a.all(x, x == a[0])", 2400) + ")", "ok");
  list.Add("types that double", "size(" + Bound("{1: 1}", 60, "{x: x}") + ")",
           "EXPRESSION_FAILED");
  std::string wide = Bound("{1: 1}", 12, "{2: [x], 3: [x]}");
  list.Add("large types joined", "cel.bind(a, " + wide + ", cel.bind(b, " + wide + ", [" +
                                     Repeat("a,b,", 15'000) + "].size()))",
           "ok");
  list.Add("long qualified name",
           "has(m" + Repeat("." + std::string(120, 'f'), 480) + ")", "EXPRESSION_FAILED");
  std::string guards = "has(m.key1)";
  for (int i = 0; i < 3500; ++i) guards += "||has(m.k" + std::to_string(i) + ")";
  list.Add("many guards", "!(" + guards + ") || m.key1 == 1", "ok");
}

}  // namespace

std::vector<HostileInput> HostileInputs() {
  List list;
  AddLoops(list);
  AddGrowing(list);
  AddTexts(list);
  AddConversions(list);
  AddRegexes(list);
  AddData(list);
  AddSyntax(list);
  AddTypes(list);
  return list.Take();
}

std::string RunHostile(const HostileInput& input) {
  Environment environment;
  for (const auto& [name, value] : input.variables.as_object()) environment.Declare(name, Type());
  Compiled compiled = Compile(input.text, environment);
  for (const Issue& issue : compiled.issues) {
    if (issue.severity == Issue::Severity::kError) return issue.message;
  }
  auto result = compiled.program->Evaluate(JsonActivation(input.variables));
  return result.ok() ? "ok" : ReasonOf(result.status());
}

}  // namespace agentflow::cel
