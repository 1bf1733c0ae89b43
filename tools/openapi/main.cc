// agentflow-openapi DESCRIPTOR_SET OUTPUT: writes the OpenAPI description of the public API.
#include <fstream>
#include <iostream>

#include "google/protobuf/descriptor.pb.h"
#include "tools/openapi/document.h"

int main(int argc, char** argv) {
  namespace pb = google::protobuf;
  if (argc != 3) {
    std::cerr << "usage: agentflow-openapi DESCRIPTOR_SET OUTPUT\n";
    return 2;
  }
  pb::FileDescriptorSet set;
  std::ifstream input(argv[1], std::ios::binary);
  if (!set.ParseFromIstream(&input)) {
    std::cerr << argv[1] << " is no descriptor set\n";
    return 1;
  }
  pb::DescriptorPool pool;
  std::vector<std::string> files;
  for (const pb::FileDescriptorProto& file : set.file()) {
    if (pool.BuildFile(file) == nullptr) return 1;
    files.push_back(file.name());
  }
  auto document = agentflow::openapi::Generate(pool, files);
  if (!document.ok()) {
    std::cerr << document.status() << "\n";
    return 1;
  }
  std::ofstream(argv[2]) << agentflow::json::DumpPretty(*document) << "\n";
  return 0;
}
