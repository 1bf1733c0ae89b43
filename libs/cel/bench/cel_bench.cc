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
#include "libs/cel/testing/hostile.h"

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

// The longest of three: compile and evaluate up to the limit.
void MeasureHostile() {
  std::printf("  \"hostile_worst_ms\": {");
  const char* before = "\n";
  for (const HostileInput& input : HostileInputs()) {
    double worst = 0;
    for (int run = 0; run < 3; ++run) {
      Clock::time_point begin = Clock::now();
      std::string outcome = RunHostile(input);
      worst = std::max(worst, Seconds(Clock::now() - begin));
      if (outcome != input.outcome) Fail(input.name + ": " + outcome);
    }
    std::printf("%s    %s: %.1f", before, json::Dump(json::Value(input.name)).c_str(),
                worst * 1000);
    before = ",\n";
  }
  std::printf("\n  }\n");
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
  MeasureHostile();
  std::printf("}\n");
  return 0;
}
