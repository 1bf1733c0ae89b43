#include <unistd.h>

#include <string>

#include "libs/config/schema.h"

extern char** environ;

namespace agentflow::config {

Environment ProcessEnvironment() {
  Environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    size_t equals = text.find('=');
    if (equals != std::string::npos) out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

}  // namespace agentflow::config
