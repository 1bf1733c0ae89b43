#include "libs/workflow/check_shape.h"

#include <utility>
#include <vector>

#include "libs/workflow/analyze.h"
#include "libs/workflow/document_schema.h"
#include "libs/workflow/duration.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

// A violation of a schema as a problem of the document.
class ViolationReporter {
 public:
  ViolationReporter(const schema::Schema& schema, const json::Value& value, std::string node,
                    std::string pointer, Reporter& reporter)
      : schema_(schema),
        value_(value),
        node_(std::move(node)),
        pointer_(std::move(pointer)),
        reporter_(reporter) {}

  void Report(const schema::Violation& violation) {
    std::string node = node_.empty() ? NodeOf(violation.pointer) : node_;
    std::string pointer = pointer_ + violation.pointer;
    if (violation.keyword == "additionalProperties") {
      return UnknownField(violation, node, pointer);
    }
    if (violation.keyword == "required") {
      return reporter_.Error("FIELD_REQUIRED", node, pointer, Required(violation));
    }
    std::string name = "`" + LastToken(pointer) + "` ";
    if (violation.keyword == "type") {
      return reporter_.Error("WRONG_TYPE", node, pointer, name + violation.message + ".");
    }
    const json::Value* value = json::Resolve(value_, violation.pointer);
    const json::Value* about = schema_.DescribesAt(violation.pointer);
    if (about != nullptr && about->Find("$ref") != nullptr) about = nullptr;
    bool duration = value != nullptr && value->is_string() &&
                    violation.message.find("[0-9]+ms") != std::string::npos;
    if (duration || (about != nullptr && about->BoolOr("x-duration", false))) {
      if (reported_duration_ == pointer) return;
      reported_duration_ = pointer;
      return reporter_.Error(
          "DURATION_INVALID", node, pointer,
          name + "is no span of time: " + json::Dump(*value) + ". Write 30s, 2m, 4h, 1d or 1h30m.");
    }
    reporter_.Error("FIELD_INVALID", node, pointer, name + violation.message + ".");
  }

 private:
  static std::string LastToken(std::string_view pointer) {
    return pointer.empty() ? "the document" : FieldToken(pointer.substr(pointer.rfind('/') + 1));
  }

  static std::string FieldToken(std::string_view token) {
    std::string text;
    for (size_t i = 0; i < token.size(); ++i) {
      if (token[i] == '~' && i + 1 < token.size())
        text += token[++i] == '1' ? '/' : '~';
      else
        text += token[i];
    }
    return text;
  }

  // "/nodes/outer/nodes/inner/policy" -> "outer.inner"
  static std::string NodeOf(std::string_view pointer) {
    std::string path;
    while (pointer.substr(0, 7) == "/nodes/") {
      pointer.remove_prefix(7);
      std::string_view id = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(id.size());
      path += (path.empty() ? "" : ".") + FieldToken(id);
    }
    return path;
  }

  // The name that a message quotes: "... property 'x'...".
  static std::string QuotedName(const std::string& message) {
    size_t open = message.find('\'');
    if (open == message.npos) return "";
    size_t close = message.find("'; known are", open + 1);
    if (close == message.npos) close = message.rfind('\'');
    return message.substr(open + 1, close - open - 1);
  }

  std::string Required(const schema::Violation& violation) const {
    std::string name = QuotedName(violation.message);
    if (name == "apiVersion") {
      return "`apiVersion` is missing. Begin the document with `apiVersion: agentflow/v1`.";
    }
    if (name == "kind") return "`kind` is missing. Write `kind: Workflow`.";
    return "`" + name + "` is missing here. Add it.";
  }

  void UnknownField(const schema::Violation& violation, const std::string& node,
                    const std::string& pointer) {
    std::string name = QuotedName(violation.message);
    std::vector<std::string> known;
    const json::Value* about = schema_.DescribesAt(violation.pointer);
    const json::Value* properties = about == nullptr ? nullptr : about->Find("properties");
    if (properties != nullptr && properties->is_object()) {
      for (const auto& [key, schema] : properties->as_object()) known.push_back(key);
    }
    std::string message = "There is no field `" + name.substr(0, 100) + "` here";
    std::string suggestion = reporter_.full() ? "" : Closest(name, known);
    if (!suggestion.empty()) {
      message += DidYouMean(suggestion);
    } else {
      message += known.empty() ? "." : "; there are " + Quoted(known, 12) + ".";
      if (pointer_.empty()) message += " Fields of your own begin with `x-`.";
    }
    reporter_.Error("UNKNOWN_FIELD", node, pointer + "/" + json::EscapePointerToken(name),
                    std::move(message));
  }

  const schema::Schema& schema_;
  const json::Value& value_;
  std::string node_;
  std::string pointer_;
  Reporter& reporter_;
  std::string reported_duration_;
};

// Whether the text at that place is an expression by its mark, so that its value is not known yet.
bool StandsForAnything(const schema::Schema& schema, const json::Value& root,
                       const std::string& pointer) {
  const json::Value* value = json::Resolve(root, pointer);
  if (value == nullptr || !value->is_string()) return false;
  const json::Value* about = schema.DescribesAt(pointer);
  const json::Value* rule = about == nullptr ? nullptr : about->Find("x-expression");
  return (rule == nullptr || !rule->is_bool()) && ReadFieldText(value->as_string()).is_expression;
}

}  // namespace

void CheckShape(const json::Value& document, Reporter& reporter) {
  const schema::Schema& schema = DocumentSchema();
  ViolationReporter violations(schema, document, "", "", reporter);
  // Beyond the steps for the largest document nothing is left unchecked.
  schema::ValidateLimits limits{.violations = kMaxProblems + 1, .steps = 20'000'000};
  for (const schema::Violation& violation : schema.Validate(document, limits)) {
    violations.Report(violation);
  }
}

void CheckConfig(const GraphNode& node, Reporter& reporter) {
  const schema::Schema& schema = node.type->config;
  ViolationReporter violations(schema, node.with, node.path, node.pointer + "/with", reporter);
  for (const schema::Violation& violation : schema.Validate(node.with)) {
    if (!StandsForAnything(schema, node.with, violation.pointer)) violations.Report(violation);
  }
}

}  // namespace agentflow::workflow
