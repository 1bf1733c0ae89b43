#pragma once

#include <map>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "libs/json/value.h"

// JSON Schemas (2020-12, as OpenAPI 3.1 has them) of messages in ProtoJSON.
namespace agentflow::openapi {

// Collects a schema for every message and enum that is asked for, and those they use.
class SchemaCollector {
 public:
  // A reference to the message's schema, or the schema itself for well-known types.
  json::Value Of(const google::protobuf::Descriptor& message);
  json::Value Of(const google::protobuf::FieldDescriptor& field);
  json::Value Of(const google::protobuf::EnumDescriptor& type);

  // The message's own schema without the named fields: a request body whose other fields are
  // in the path.
  json::Object Without(const google::protobuf::Descriptor& message,
                       const std::set<std::string>& fields);

  // components/schemas.
  const std::map<std::string, json::Value>& components() const { return components_; }

 private:
  std::map<std::string, json::Value> components_;
};

}  // namespace agentflow::openapi
