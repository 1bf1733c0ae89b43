// agentflow-protolint DESCRIPTOR_SET: checks the contract; exit code 1 when something is wrong.
#include <fstream>
#include <iostream>

#include "google/protobuf/descriptor.pb.h"
#include "tools/protolint/lint.h"

int main(int argc, char** argv) {
  namespace pb = google::protobuf;
  pb::FileDescriptorSet set;
  std::ifstream input(argc == 2 ? argv[1] : "", std::ios::binary);
  if (argc != 2 || !input || !set.ParseFromIstream(&input)) {
    std::cerr << "usage: agentflow-protolint DESCRIPTOR_SET\n";
    return 2;
  }
  pb::DescriptorPool pool;
  std::vector<std::string> files;
  for (const pb::FileDescriptorProto& file : set.file()) {
    if (pool.BuildFile(file) == nullptr) return 2;
    files.push_back(file.name());
  }
  auto findings = agentflow::protolint::Lint(pool, files);
  for (const auto& finding : findings) {
    std::cerr << "proto/" << finding.file << ":" << finding.line << ": " << finding.message << "\n";
  }
  return findings.empty() ? 0 : 1;
}
