#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include "libs/cel/cel.h"

// How fast expressions are, beside jq's library with its programs compiled beforehand on the same
// data, and how long hostile ones take to meet their limit. Prints one JSON object.
namespace agentflow::cel {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// Calls per second, the median of three runs of about `seconds`.
double Rate(const std::function<void()>& call, double seconds) {
  std::vector<double> rates;
  for (int run = 0; run < 3; ++run) {
    int64_t calls = 0;
    Clock::time_point begin = Clock::now();
    double elapsed = 0;
    for (int64_t batch = 1; elapsed < seconds; batch = std::min<int64_t>(batch * 2, 100'000)) {
      for (int64_t i = 0; i < batch; ++i) call();
      calls += batch;
      elapsed = Seconds(Clock::now() - begin);
    }
    rates.push_back(static_cast<double>(calls) / elapsed);
  }
  std::sort(rates.begin(), rates.end());
  return rates[1];
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

std::shared_ptr<const Program> CompileOrDie(const std::string& text, const json::Value& data) {
  Environment environment;
  for (const auto& [name, value] : data.as_object()) environment.Declare(name, Type());
  Compiled compiled = Compile(text, environment);
  if (!compiled.program) Fail(std::string(ToStatus(compiled.issues).message()));
  return compiled.program;
}

// jq on data parsed beforehand; one result is taken from each run.
class Jq {
 public:
  Jq(const char* program, const std::string& data)
      : state_(jq_init()), data_(jv_parse(data.c_str())) {
    if (!jq_compile(state_, program)) Fail("jq does not take its program");
  }
  ~Jq() {
    jv_free(data_);
    jq_teardown(&state_);
  }
  void Run() {
    jq_start(state_, jv_copy(data_), 0);
    jv result = jq_next(state_);
    if (!jv_is_valid(result)) Fail("jq gives no result");
    jv_free(result);
  }

 private:
  jq_state* state_;
  jv data_;
};

void Compare(const char* name, const std::string& expression, const char* program,
             const json::Value& data, double seconds) {
  std::shared_ptr<const Program> compiled = CompileOrDie(expression, data);
  JsonActivation activation(data);
  auto check = compiled->Run(activation);
  if (!check.status().ok()) Fail(std::string(check.status().message()));
  double cel = Rate([&] { compiled->Run(activation); }, seconds);
  if (compiled->EvaluateBool(activation).ok()) {
    cel = Rate([&] { (void)compiled->EvaluateBool(activation); }, seconds);
  }
  Jq jq(program, json::Dump(data));
  double other = Rate([&] { jq.Run(); }, seconds);
  std::printf("  \"%s\": {\"cel_per_second\": %.0f, \"jq_per_second\": %.0f, \"ratio\": %.1f},\n",
              name, cel, other, cel / other);
}

json::Value Sample() {
  return *json::Parse(R"({
    "inputs": {"amount": 80.5, "ticket": "Please refund my order", "customer": "c-17"},
    "nodes": {"classify": {"output": {"label": "refund", "score": 0.9}},
              "jury": {"output": {"amount": 80.5}}, "reply": {"output": {"text": "Done."}}}})");
}

json::Value Thousand() {
  json::Array items;
  for (int i = 0; i < 1000; ++i) {
    items.push_back(json::Object{{"id", json::Value(i)},
                                 {"price", json::Value(i * 0.5)},
                                 {"name", json::Value("item " + std::to_string(i))}});
  }
  return json::Object{{"inputs", json::Object{{"items", json::Value(std::move(items))}}}};
}

std::string Repeat(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

// The longest of three: compile and evaluate up to the limit.
void Hostile(const char* name, const std::string& text, const json::Value& data, bool last) {
  double worst = 0;
  for (int run = 0; run < 3; ++run) {
    Environment environment;
    for (const auto& [variable, value] : data.as_object()) environment.Declare(variable, Type());
    Clock::time_point begin = Clock::now();
    Compiled compiled = Compile(text, environment);
    if (compiled.program) (void)compiled.program->Evaluate(JsonActivation(data));
    worst = std::max(worst, Seconds(Clock::now() - begin));
  }
  std::printf("    \"%s\": %.1f%s\n", name, worst * 1000, last ? "" : ",");
}

void RunHostile() {
  json::Array numbers;
  for (int i = 0; i < 1000; ++i) numbers.push_back(json::Value(i));
  json::Value data = json::Object{{"l", json::Value(std::move(numbers))},
                                  {"s", json::Value(std::string(1 << 20, 'a'))},
                                  {"p", json::Value("(((a{1,50}){1,50}){1,50})")},
                                  {"q", json::Value("((((a?){0,9}){0,9}){0,9})$b")}};
  std::string doubled = "'0123456789abcdef'";
  for (int i = 0; i < 60; ++i) doubled = "cel.bind(x, " + doubled + ", x + x)";
  std::string shared = "[1]";
  for (int i = 0; i < 28; ++i) shared = "cel.bind(x, " + shared + ", [x, x])";
  std::printf("  \"hostile_worst_ms\": {\n");
  Hostile("nested macros", "l.all(a, l.all(b, l.all(c, l.all(d, a + b + c + d >= 0))))", data,
          false);
  Hostile("absorbed errors", "l.all(a, l.exists(b, l.exists(c, 1 / 0 == 1) || true))", data, false);
  Hostile("doubled text", doubled, data, false);
  Hostile("huge concatenation", "size(" + Repeat("s + ", 200) + "s)", data, false);
  Hostile("text for each element", "l.map(x, s + 'x').size()", data, false);
  Hostile("shared parts as JSON", shared, data, false);
  Hostile("shared parts compared", "(" + shared + ") == (" + shared + ")", data, false);
  Hostile("split into letters", "s.split('').map(c, s.split('')).size()", data, false);
  Hostile("replace by itself", "s.replace('a', s).size()", data, false);
  Hostile("regex too large", "l.all(x, !s.matches(p))", data, false);
  Hostile("regex with many states", "l.all(x, !s.matches(q))", data, false);
  Hostile("regex compiled often", "l.all(x, l.all(y, !string(y).matches(q)))", data, false);
  Hostile("deep nesting", Repeat("(", 30'000), data, false);
  Hostile("long chain", "1" + Repeat("+1", 30'000), data, false);
  Hostile("many mistakes", "[" + Repeat("x,", 20'000) + "]", data, false);
  Hostile("many types", "[" + Repeat("[] == [],", 7'000) + "]", data, true);
  std::printf("  }\n");
}

}  // namespace
}  // namespace agentflow::cel

int main(int argc, char** argv) {
  using namespace agentflow::cel;
  double seconds = argc > 1 ? std::atof(argv[1]) : 0.5;
  std::printf("{\n");
  Compare("condition", "nodes.classify.output.label == 'refund' && inputs.amount > 50.0",
          ".nodes.classify.output.label == \"refund\" and .inputs.amount > 50.0", Sample(),
          seconds);
  Compare("filter_1000", "inputs.items.filter(i, i.price > 250.0)",
          ".inputs.items | map(select(.price > 250.0))", Thousand(), seconds);
  RunHostile();
  std::printf("}\n");
  return 0;
}
