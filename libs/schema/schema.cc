#include "libs/schema/schema.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/schema/node.h"

namespace agentflow::schema {

struct Schema::Rep {
  json::Value document;
  Graph graph;
  Type type;
};

namespace {

std::string Join(std::string_view what, const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    if (!text.empty()) text += "; ";
    text += std::string(what) + violation.pointer;
    if (text.size() && text.back() != ' ') text += ": ";
    text += violation.message;
  }
  return text;
}

// What a node says about the member or element `token`, through references and alternatives.
const Node* Step(const Node& node, std::string_view token, int& steps) {
  if (--steps < 0) return nullptr;
  if (const Node* property = node.FindProperty(token)) return property;
  for (const auto& [pattern, property] : node.pattern_properties) {
    if (RE2::PartialMatch(re2::StringPiece(token.data(), token.size()), *pattern)) return property;
  }
  bool is_index = !token.empty() && token.find_first_not_of("0123456789") == token.npos;
  if (is_index && token.size() < 9) {
    size_t index = std::stoul(std::string(token));
    if (index < node.prefix_items.size()) return node.prefix_items[index];
    if (node.items) return node.items;
  }
  if (node.ref) {
    if (const Node* found = Step(*node.ref, token, steps)) return found;
  }
  for (const auto* list : {&node.all_of, &node.any_of, &node.one_of}) {
    for (const Node* part : *list) {
      if (const Node* found = Step(*part, token, steps)) return found;
    }
  }
  return node.additional;
}

}  // namespace

Schema::Schema() : Schema(*Compile(json::Value(json::Object()))) {}

absl::StatusOr<Schema> Schema::Compile(const json::Value& document) {
  auto rep = std::make_shared<Rep>();
  rep->document = document;
  std::vector<Violation> problems;
  rep->graph = CompileGraph(rep->document, problems);
  if (!problems.empty()) {
    return InvalidArgument("SCHEMA_INVALID", problems[0].pointer,
                           "the schema is not valid: " + Join("", problems));
  }
  rep->type = DeduceType(*rep->graph.root);
  Schema schema{nullptr};
  schema.rep_ = std::move(rep);
  return schema;
}

std::vector<Violation> Schema::Problems(const json::Value& document) {
  std::vector<Violation> problems;
  json::Value copy = document;
  CompileGraph(copy, problems);
  return problems;
}

std::vector<Violation> Schema::Validate(const json::Value& value,
                                        const ValidateLimits& limits) const {
  int64_t steps = limits.steps;
  return ValidateWith(*rep_->graph.root, value, limits.violations, steps);
}

json::Value Schema::Coerce(const json::Value& value) const {
  return CoerceTo(*rep_->graph.root, value);
}

absl::StatusOr<json::Value> Schema::Accept(const json::Value& value, std::string_view what) const {
  json::Value coerced = Coerce(value);
  std::vector<Violation> violations = Validate(coerced);
  if (violations.empty()) return coerced;
  return InvalidArgument("SCHEMA_VIOLATION", violations[0].pointer, Join(what, violations));
}

const Type& Schema::type() const { return rep_->type; }
const json::Value& Schema::document() const { return rep_->document; }

const json::Value* Schema::DescribesAt(std::string_view pointer) const {
  const Node* node = rep_->graph.root;
  while (node && !pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string token;
    for (size_t i = 1; i < end; ++i) {
      bool escaped = pointer[i] == '~' && i + 1 < end;
      token += !escaped ? pointer[i] : pointer[++i] == '1' ? '/' : '~';
    }
    pointer.remove_prefix(end);
    int steps = 1000;
    node = Step(*node, token, steps);
  }
  for (int hops = 0; node && node->ref && hops < 16 && node->document->as_object().size() == 1;
       ++hops) {
    node = node->ref;
  }
  return node ? node->document : nullptr;
}

}  // namespace agentflow::schema
