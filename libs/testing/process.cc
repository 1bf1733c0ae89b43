#include "libs/testing/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "libs/base/status.h"

namespace agentflow::testing {

int Spawn(const std::vector<std::string>& argv, const std::string& log_path,
          const std::string& user) {
  // Everything that allocates happens before fork.
  std::vector<char*> args;
  for (const std::string& arg : argv) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  const passwd* account = nullptr;
  if (geteuid() == 0 && !user.empty()) {
    account = getpwnam(user.c_str());
    AF_CHECK(account != nullptr);
  }
  int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  AF_CHECK(log >= 0);
  pid_t parent = getpid();
  pid_t pid = fork();
  AF_CHECK(pid >= 0);
  if (pid == 0) {
    if (account != nullptr) {
      gid_t group = account->pw_gid;
      if (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(account->pw_uid) != 0) {
        _exit(126);
      }
    }
    // After the change of user, which clears it. SIGQUIT: PostgreSQL's immediate shutdown.
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent) _exit(126);
    setpgid(0, 0);  // a terminal's Ctrl-C is for the test
    dup2(log, 1);
    dup2(log, 2);
    execv(args[0], args.data());
    _exit(127);
  }
  close(log);
  return pid;
}

bool WaitFor(int pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool IsRunning(int pid) {
  int status = 0;
  return waitpid(pid, &status, WNOHANG) == 0;
}

void Kill(int pid, int signal) {
  if (kill(pid, signal) == 0) WaitFor(pid);
}

}  // namespace agentflow::testing
