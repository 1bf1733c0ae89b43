#include "services/gateway/http_front.h"

// The document is put into the program by the assembler: no copy of it is ever written by hand.
asm(R"(
  .section .rodata
  .global agentflow_openapi_begin
  .global agentflow_openapi_end
agentflow_openapi_begin:
  .incbin ")" AGENTFLOW_OPENAPI_FILE R"("
agentflow_openapi_end:
  .byte 0
  .text
)");

extern "C" {
extern const char agentflow_openapi_begin[];
extern const char agentflow_openapi_end[];
}

namespace agentflow::gateway {

std::string_view OpenApiJson() {
  return {agentflow_openapi_begin,
          static_cast<size_t>(agentflow_openapi_end - agentflow_openapi_begin)};
}

}  // namespace agentflow::gateway
