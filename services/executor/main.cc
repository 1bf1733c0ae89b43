#include <cstdio>

int main() {
  std::fputs("agentflow-executor: the server part is not built yet\n", stderr);
  return 1;
}
