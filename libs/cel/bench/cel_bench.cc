#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include "libs/cel/cel.h"
#include "libs/cel/testing/hostile.h"

// How fast expressions are, beside jq's library with its programs compiled beforehand on the same
// data, and how long hostile ones take to meet their limit. All times are the thread's CPU time, so
// that "a second" is one of a core whatever else runs there. Prints one JSON object.
namespace agentflow::cel {
namespace {

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Calls per second in a run of about `seconds`.
template <typename Call>
double Rate(Call call, double seconds) {
  int64_t calls = 0;
  double begin = CpuSeconds();
  double elapsed = 0;
  for (int64_t batch = 1; elapsed < seconds; batch = std::min<int64_t>(batch * 2, 100'000)) {
    for (int64_t i = 0; i < batch; ++i) call();
    calls += batch;
    elapsed = CpuSeconds() - begin;
  }
  return static_cast<double>(calls) / elapsed;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
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
  bool condition = compiled->EvaluateBool(activation).ok();
  Jq jq(program, json::Dump(data));
  std::vector<double> cel, other, ratios;
  for (int run = 0; run < 5; ++run) {  // by turns, so that both meet the same machine
    cel.push_back(condition ? Rate([&] { (void)compiled->EvaluateBool(activation); }, seconds)
                            : Rate([&] { compiled->Run(activation); }, seconds));
    other.push_back(Rate([&] { jq.Run(); }, seconds));
    ratios.push_back(cel.back() / other.back());
  }
  std::printf("  \"%s\": {\"cel_per_second\": %.0f, \"jq_per_second\": %.0f, \"ratio\": %.1f},\n",
              name, Median(cel), Median(other), Median(ratios));
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
      double begin = CpuSeconds();
      std::string outcome = RunHostile(input);
      worst = std::max(worst, CpuSeconds() - begin);
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
