#include "libs/cel/cel.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/schema/schema.h"

namespace agentflow::cel {
namespace {

TEST(CelTest, Smoke) {
  Environment environment;
  environment.Declare("inputs", Type());
  Compiled compiled = Compile("inputs.amount > 50.0 && inputs.label == 'refund'", environment);
  ASSERT_NE(compiled.program, nullptr) << ToStatus(compiled.issues);
  auto vars = json::Parse(R"({"inputs":{"amount":51,"label":"refund"}})");
  auto result = compiled.program->Evaluate(JsonActivation(*vars));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, json::Value(true));
}

}  // namespace
}  // namespace agentflow::cel
