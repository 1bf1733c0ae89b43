#include <cstddef>
#include <cstdint>

#include "libs/cel/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  agentflow::cel::FuzzCheck({reinterpret_cast<const char*>(data), size});
  return 0;
}
