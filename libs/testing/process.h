#pragma once

#include <string>
#include <vector>

// Private to libs/testing: child processes that do not outlive the test.
namespace agentflow::testing {

// Starts a program, its output in `log_path`, as `user` when this process is root and `user` is
// not empty. The child ends with this process, however that ends. Gives its pid.
int Spawn(const std::vector<std::string>& argv, const std::string& log_path,
          const std::string& user = "");
// Waits for its end; true when the exit code is 0.
bool WaitFor(int pid);
// True while the process runs. Collects it when it has ended.
bool IsRunning(int pid);
// Sends a signal and waits for the end.
void Kill(int pid, int signal);

}  // namespace agentflow::testing
