#include <algorithm>
#include <functional>
#include <set>

#include "libs/schema/node.h"

namespace agentflow::schema {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxNodes = 20'000;

uint8_t BitNamed(std::string_view name) {
  static const std::map<std::string_view, uint8_t> kBits = {
      {"null", kNullBit},     {"boolean", kBoolBit}, {"integer", kIntBit},
      {"number", kIntBit | kNumberBit}, {"string", kStringBit}, {"array", kArrayBit},
      {"object", kObjectBit}};
  auto it = kBits.find(name);
  return it == kBits.end() ? 0 : it->second;
}

// Reads one document. A subschema is compiled once, however many references lead to it; it is
// registered before its parts are read, so that references may form cycles.
class Compiler {
 public:
  Compiler(const json::Value& root, Graph& graph, std::vector<Violation>& problems)
      : root_(root), graph_(graph), problems_(problems) {}

  const Node* Compile(const json::Value& document, const std::string& pointer, int depth) {
    if (auto it = known_.find(&document); it != known_.end()) return it->second;
    if (depth > kMaxDepth || graph_.nodes.size() >= kMaxNodes) {
      Problem(pointer, "", "the schema is too deep or too large");
      return nullptr;
    }
    Node& node = graph_.nodes.emplace_back();
    known_[&document] = &node;
    node.document = &document;
    if (document.is_bool()) {
      node.refuses_all = !document.as_bool();
    } else if (document.is_object()) {
      At at{document, pointer, depth, node};
      ReadValues(at);
      ReadNumbers(at);
      ReadText(at);
      ReadObject(at);
      ReadArray(at);
      ReadCombinations(at);
    } else {
      Problem(pointer, "", "a schema is an object or a boolean, not " +
                               std::string(json::KindName(document.kind())));
    }
    return &node;
  }

 private:
  struct At {
    const json::Value& document;
    const std::string& pointer;
    int depth;
    Node& node;
  };

  void Problem(const std::string& pointer, std::string_view keyword, std::string message) {
    problems_.push_back({pointer, std::move(message), std::string(keyword)});
  }

  static std::string Under(const std::string& pointer, std::string_view token) {
    return pointer + "/" + json::EscapePointerToken(token);
  }

  // The member `keyword`, if it is there and `fits`; a problem if it is there and does not.
  const json::Value* Member(const At& at, std::string_view keyword,
                            bool (json::Value::*fits)() const, std::string_view expected) {
    const json::Value* member = at.document.Find(keyword);
    if (!member) return nullptr;
    if ((member->*fits)()) return member;
    Problem(Under(at.pointer, keyword), keyword,
            "'" + std::string(keyword) + "' must be " + std::string(expected));
    return nullptr;
  }

  const Node* Sub(const At& at, std::string_view keyword) {
    const json::Value* member = at.document.Find(keyword);
    return member ? Compile(*member, Under(at.pointer, keyword), at.depth + 1) : nullptr;
  }

  std::vector<const Node*> SubList(const At& at, std::string_view keyword) {
    std::vector<const Node*> list;
    const json::Value* member = Member(at, keyword, &json::Value::is_array, "a list of schemas");
    if (!member) return list;
    for (size_t i = 0; i < member->as_array().size(); ++i) {
      const Node* node = Compile(member->as_array()[i],
                                 Under(at.pointer, keyword) + "/" + std::to_string(i),
                                 at.depth + 1);
      if (node) list.push_back(node);
    }
    return list;
  }

  void Number(const At& at, std::string_view keyword, std::optional<double>& out) {
    if (auto* member = Member(at, keyword, &json::Value::is_number, "a number")) {
      out = member->as_number();
    }
  }

  void Count(const At& at, std::string_view keyword, std::optional<int64_t>& out) {
    auto* member = Member(at, keyword, &json::Value::is_int, "a whole number that is not negative");
    if (!member) return;
    if (member->as_int() < 0) {
      Problem(Under(at.pointer, keyword), keyword,
              "'" + std::string(keyword) + "' must not be negative");
      return;
    }
    out = member->as_int();
  }

  std::vector<std::string> Names(const At& at, std::string_view keyword, const json::Value& list) {
    std::vector<std::string> names;
    if (list.is_array()) {
      for (const auto& name : list.as_array()) {
        if (name.is_string()) names.push_back(name.as_string());
      }
      if (names.size() == list.as_array().size()) return names;
    }
    Problem(Under(at.pointer, keyword), keyword,
            "'" + std::string(keyword) + "' must be a list of property names");
    return {};
  }

  std::unique_ptr<RE2> Pattern(const std::string& text, const std::string& pointer) {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(1 << 20);
    auto pattern = std::make_unique<RE2>(text, options);
    if (pattern->ok()) return pattern;
    Problem(pointer, "pattern", "'" + text + "' is no regular expression of RE2: " +
                                    pattern->error());
    return nullptr;
  }

  void ReadValues(const At& at) {
    if (const json::Value* type = at.document.Find("type")) {
      json::Array names = type->is_array() ? type->as_array() : json::Array{*type};
      for (const auto& name : names) {
        uint8_t bit = name.is_string() ? BitNamed(name.as_string()) : 0;
        if (!bit) {
          Problem(Under(at.pointer, "type"), "type",
                  "unknown type " + json::Dump(name) + "; known are null, boolean, integer, "
                  "number, string, array, object");
        }
        at.node.types |= bit;
      }
    }
    if (auto* values = Member(at, "enum", &json::Value::is_array, "a list of values")) {
      at.node.values = values->as_array();
      at.node.has_values = true;
    }
    if (const json::Value* value = at.document.Find("const")) {
      at.node.values = {*value};
      at.node.has_values = true;
    }
    if (auto* ref = Member(at, "$ref", &json::Value::is_string, "a string")) {
      at.node.ref = Reference(at, ref->as_string());
    }
    if (at.document.Find("$dynamicRef")) {
      Problem(Under(at.pointer, "$dynamicRef"), "$dynamicRef", "'$dynamicRef' is not supported");
    }
    // Definitions are compiled where they are used, and here so that their mistakes are found.
    if (auto* definitions = Member(at, "$defs", &json::Value::is_object, "an object of schemas")) {
      for (const auto& [name, schema] : definitions->as_object()) {
        Compile(schema, Under(Under(at.pointer, "$defs"), name), at.depth + 1);
      }
    }
  }

  const Node* Reference(const At& at, const std::string& ref) {
    if (ref.empty() || ref[0] != '#' || (ref.size() > 1 && ref[1] != '/')) {
      Problem(Under(at.pointer, "$ref"), "$ref",
              "'" + ref + "' is not a local reference such as '#/$defs/name'");
      return nullptr;
    }
    const json::Value* target = json::Resolve(root_, std::string_view(ref).substr(1));
    if (!target) {
      Problem(Under(at.pointer, "$ref"), "$ref", "'" + ref + "' leads nowhere");
      return nullptr;
    }
    return Compile(*target, ref.substr(1), at.depth + 1);
  }

  void ReadNumbers(const At& at) {
    Number(at, "minimum", at.node.minimum);
    Number(at, "maximum", at.node.maximum);
    Number(at, "exclusiveMinimum", at.node.exclusive_minimum);
    Number(at, "exclusiveMaximum", at.node.exclusive_maximum);
    Number(at, "multipleOf", at.node.multiple_of);
    if (at.node.multiple_of && *at.node.multiple_of <= 0) {
      Problem(Under(at.pointer, "multipleOf"), "multipleOf", "'multipleOf' must be positive");
      at.node.multiple_of.reset();
    }
  }

  void ReadText(const At& at) {
    Count(at, "minLength", at.node.min_length);
    Count(at, "maxLength", at.node.max_length);
    if (auto* pattern = Member(at, "pattern", &json::Value::is_string, "a string")) {
      at.node.pattern = Pattern(pattern->as_string(), Under(at.pointer, "pattern"));
    }
    if (auto* format = Member(at, "format", &json::Value::is_string, "a string")) {
      at.node.format = FormatNamed(format->as_string());
    }
  }

  void ReadObject(const At& at) {
    Count(at, "minProperties", at.node.min_properties);
    Count(at, "maxProperties", at.node.max_properties);
    if (const json::Value* required = at.document.Find("required")) {
      at.node.required = Names(at, "required", *required);
    }
    if (auto* all = Member(at, "properties", &json::Value::is_object, "an object of schemas")) {
      for (const auto& [name, schema] : all->as_object()) {
        const Node* node =
            Compile(schema, Under(Under(at.pointer, "properties"), name), at.depth + 1);
        if (node) at.node.properties.emplace_back(name, node);
      }
    }
    if (auto* all = Member(at, "patternProperties", &json::Value::is_object,
                           "an object of schemas")) {
      std::string under = Under(at.pointer, "patternProperties");
      for (const auto& [pattern, schema] : all->as_object()) {
        auto compiled = Pattern(pattern, under);
        const Node* node = Compile(schema, Under(under, pattern), at.depth + 1);
        if (compiled && node) at.node.pattern_properties.emplace_back(std::move(compiled), node);
      }
    }
    if (auto* all = Member(at, "dependentRequired", &json::Value::is_object,
                           "an object of lists of property names")) {
      for (const auto& [name, list] : all->as_object()) {
        at.node.dependent_required.emplace_back(name, Names(at, "dependentRequired", list));
      }
    }
    at.node.additional = Sub(at, "additionalProperties");
    at.node.property_names = Sub(at, "propertyNames");
  }

  void ReadArray(const At& at) {
    Count(at, "minItems", at.node.min_items);
    Count(at, "maxItems", at.node.max_items);
    Count(at, "minContains", at.node.min_contains);
    Count(at, "maxContains", at.node.max_contains);
    at.node.prefix_items = SubList(at, "prefixItems");
    at.node.items = Sub(at, "items");
    at.node.contains = Sub(at, "contains");
    if (auto* unique = Member(at, "uniqueItems", &json::Value::is_bool, "true or false")) {
      at.node.unique_items = unique->as_bool();
    }
  }

  void ReadCombinations(const At& at) {
    at.node.all_of = SubList(at, "allOf");
    at.node.any_of = SubList(at, "anyOf");
    at.node.one_of = SubList(at, "oneOf");
    at.node.not_ = Sub(at, "not");
    at.node.if_ = Sub(at, "if");
    at.node.then_ = Sub(at, "then");
    at.node.else_ = Sub(at, "else");
  }

  const json::Value& root_;
  Graph& graph_;
  std::vector<Violation>& problems_;
  std::map<const json::Value*, const Node*> known_;
};

}  // namespace

const Node* Node::FindProperty(std::string_view name) const {
  auto it = std::lower_bound(properties.begin(), properties.end(), name,
                             [](const auto& p, std::string_view n) { return p.first < n; });
  return it != properties.end() && it->first == name ? it->second : nullptr;
}

Graph CompileGraph(const json::Value& document, std::vector<Violation>& problems) {
  Graph graph;
  graph.root = Compiler(document, graph, problems).Compile(document, "", 0);
  return graph;
}

}  // namespace agentflow::schema
