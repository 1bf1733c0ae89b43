#include <algorithm>
#include <cmath>
#include <set>

#include "libs/schema/node.h"

namespace agentflow::schema {
namespace {

constexpr int kMaxApplications = 256;  // nested on the stack; a reference to itself ends here

int64_t CodePoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

std::string TypeNames(uint8_t bits) {
  std::vector<std::string> names;
  if (bits & kNumberBit) bits &= static_cast<uint8_t>(~kIntBit), names.push_back("number");
  if (bits & kIntBit) names.push_back("integer");
  if (bits & kStringBit) names.push_back("string");
  if (bits & kBoolBit) names.push_back("boolean");
  if (bits & kArrayBit) names.push_back("array");
  if (bits & kObjectBit) names.push_back("object");
  if (bits & kNullBit) names.push_back("null");
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

// The value for a message: short.
std::string Show(const json::Value& value) {
  if (value.is_array() || value.is_object()) return std::string(json::KindName(value.kind()));
  std::string text = json::Dump(value);
  if (text.size() <= 60) return text;
  size_t cut = 57;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

std::string ShowNumber(double number) { return json::Dump(json::Value::Number(number)); }

class Validator {
 public:
  Validator(size_t max_violations, int64_t& steps)
      : max_violations_(max_violations), steps_(steps) {}

  std::vector<Violation> Run(const Node& root, const json::Value& value) {
    Sink sink;
    Apply(root, value, sink);
    if (out_of_steps_) {
      sink.violations.push_back({"", "the value is too large to be checked against this schema",
                                 ""});
    }
    return std::move(sink.violations);
  }

 private:
  struct Sink {
    std::vector<Violation> violations;
    bool ok() const { return violations.empty(); }
  };

  void Report(Sink& sink, std::string_view keyword, std::string message) {
    if (sink.violations.size() < max_violations_) {
      sink.violations.push_back({pointer_, std::move(message), std::string(keyword)});
    }
  }

  // Applies under "/token" of the current place.
  void Below(const Node& node, const json::Value& value, std::string_view token, Sink& sink) {
    size_t size = pointer_.size();
    pointer_ += '/';
    pointer_ += json::EscapePointerToken(token);
    Apply(node, value, sink);
    pointer_.resize(size);
  }

  bool Accepts(const Node& node, const json::Value& value) {
    Sink sink;
    Apply(node, value, sink);
    return sink.ok();
  }

  void Apply(const Node& node, const json::Value& value, Sink& sink) {
    if (out_of_steps_ || --steps_ < 0 || depth_ >= kMaxApplications) {
      out_of_steps_ = true;
      return;
    }
    ++depth_;
    if (node.refuses_all) Report(sink, "", "nothing is allowed here");
    if (CheckType(node, value, sink)) {
      CheckValues(node, value, sink);
      if (value.is_number()) CheckNumber(node, value.as_number(), sink);
      if (value.is_string()) CheckString(node, value.as_string(), sink);
      if (value.is_array()) CheckArray(node, value.as_array(), sink);
      if (value.is_object()) CheckObject(node, value.as_object(), sink);
      CheckCombinations(node, value, sink);
    }
    --depth_;
  }

  bool CheckType(const Node& node, const json::Value& value, Sink& sink) {
    if (!node.types || (node.types & BitsOf(value))) return true;
    Report(sink, "type", "expected " + TypeNames(node.types) + ", got " +
                             std::string(json::KindName(value.kind())));
    return false;
  }

  void CheckValues(const Node& node, const json::Value& value, Sink& sink) {
    if (!node.has_values) return;
    steps_ -= static_cast<int64_t>(node.values.size());
    if (std::find(node.values.begin(), node.values.end(), value) != node.values.end()) return;
    std::string allowed;
    for (size_t i = 0; i < node.values.size() && i < 10; ++i) {
      allowed += (i ? ", " : "") + Show(node.values[i]);
    }
    if (node.values.size() > 10) allowed += ", ...";
    Report(sink, node.values.size() == 1 ? "const" : "enum",
           (node.values.size() == 1 ? "expected " : "expected one of ") + allowed + ", got " +
               Show(value));
  }

  void CheckNumber(const Node& node, double number, Sink& sink) {
    auto bound = [&](const std::optional<double>& limit, bool ok, std::string_view keyword,
                     std::string_view words) {
      if (limit && !ok) {
        Report(sink, keyword, "must be " + std::string(words) + " " + ShowNumber(*limit) +
                                  ", got " + ShowNumber(number));
      }
    };
    bound(node.minimum, number >= node.minimum.value_or(0), "minimum", "at least");
    bound(node.maximum, number <= node.maximum.value_or(0), "maximum", "at most");
    bound(node.exclusive_minimum, number > node.exclusive_minimum.value_or(0), "exclusiveMinimum",
          "greater than");
    bound(node.exclusive_maximum, number < node.exclusive_maximum.value_or(0), "exclusiveMaximum",
          "less than");
    if (node.multiple_of) {
      double quotient = number / *node.multiple_of;
      bool whole = std::fabs(quotient - std::nearbyint(quotient)) <=
                   1e-9 * std::max(1.0, std::fabs(quotient));
      bound(node.multiple_of, whole, "multipleOf", "a multiple of");
    }
  }

  void CheckCount(const std::optional<int64_t>& min, const std::optional<int64_t>& max,
                  int64_t count, std::string_view min_keyword, std::string_view max_keyword,
                  std::string_view unit, Sink& sink) {
    auto text = [&](std::string_view words, int64_t limit) {
      return "must have " + std::string(words) + " " + std::to_string(limit) + " " +
             std::string(unit) + ", has " + std::to_string(count);
    };
    if (min && count < *min) Report(sink, min_keyword, text("at least", *min));
    if (max && count > *max) Report(sink, max_keyword, text("at most", *max));
  }

  void CheckString(const Node& node, const std::string& text, Sink& sink) {
    if (node.min_length || node.max_length) {
      CheckCount(node.min_length, node.max_length, CodePoints(text), "minLength", "maxLength",
                 "characters", sink);
    }
    if (node.pattern && !RE2::PartialMatch(text, *node.pattern)) {
      Report(sink, "pattern", "must match the pattern " + node.pattern->pattern() + ", got " +
                                  Show(json::Value(text)));
    }
    if (node.format != Format::kNone && !Matches(node.format, text)) {
      Report(sink, "format", "is no " + node.document->StringOr("format") + ": " +
                                 Show(json::Value(text)));
    }
  }

  void CheckArray(const Node& node, const json::Array& array, Sink& sink) {
    CheckCount(node.min_items, node.max_items, static_cast<int64_t>(array.size()), "minItems",
               "maxItems", "items", sink);
    for (size_t i = 0; i < array.size(); ++i) {
      const Node* item = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
      if (item) Below(*item, array[i], std::to_string(i), sink);
    }
    if (node.contains) {
      int64_t count = std::count_if(array.begin(), array.end(), [&](const json::Value& element) {
        return Accepts(*node.contains, element);
      });
      CheckCount(node.min_contains.value_or(1), node.max_contains, count, "contains",
                 "maxContains", "items of the expected form", sink);
    }
    if (node.unique_items) CheckUnique(array, sink);
  }

  void CheckUnique(const json::Array& array, Sink& sink) {
    std::set<std::string> seen;
    for (size_t i = 0; i < array.size(); ++i) {
      steps_ -= static_cast<int64_t>(array[i].ByteSize() / 64);
      if (!seen.insert(json::DumpCanonical(array[i])).second) {
        Report(sink, "uniqueItems", "items must differ; item " + std::to_string(i) +
                                        " repeats an earlier one");
        return;
      }
    }
  }

  void CheckObject(const Node& node, const json::Object& object, Sink& sink) {
    CheckCount(node.min_properties, node.max_properties, static_cast<int64_t>(object.size()),
               "minProperties", "maxProperties", "properties", sink);
    for (const std::string& name : node.required) {
      if (!object.Find(name)) {
        Report(sink, "required", "missing required property '" + name + "'");
      }
    }
    for (const auto& [name, others] : node.dependent_required) {
      if (!object.Find(name)) continue;
      for (const std::string& other : others) {
        if (!object.Find(other)) {
          Report(sink, "dependentRequired",
                 "missing property '" + other + "', which goes with '" + name + "'");
        }
      }
    }
    for (const auto& [name, value] : object) CheckMember(node, name, value, sink);
  }

  void CheckMember(const Node& node, const std::string& name, const json::Value& value,
                   Sink& sink) {
    if (node.property_names && !Accepts(*node.property_names, json::Value(name))) {
      Report(sink, "propertyNames", "the property name '" + name + "' is not allowed");
    }
    bool known = false;
    if (const Node* property = node.FindProperty(name)) {
      known = true;
      Below(*property, value, name, sink);
    }
    for (const auto& [pattern, property] : node.pattern_properties) {
      if (!RE2::PartialMatch(name, *pattern)) continue;
      known = true;
      Below(*property, value, name, sink);
    }
    if (known || !node.additional) return;
    if (node.additional->refuses_all) {
      Report(sink, "additionalProperties", "unknown property '" + name + "'" + Known(node));
    } else {
      Below(*node.additional, value, name, sink);
    }
  }

  static std::string Known(const Node& node) {
    if (node.properties.empty()) return "";
    std::string text = "; known are ";
    for (size_t i = 0; i < node.properties.size() && i < 12; ++i) {
      text += (i ? ", " : "") + node.properties[i].first;
    }
    return text + (node.properties.size() > 12 ? ", ..." : "");
  }

  void CheckCombinations(const Node& node, const json::Value& value, Sink& sink) {
    if (node.ref) Apply(*node.ref, value, sink);
    for (const Node* part : node.all_of) Apply(*part, value, sink);
    if (!node.any_of.empty()) CheckAlternatives("anyOf", node.any_of, value, sink);
    if (!node.one_of.empty()) CheckAlternatives("oneOf", node.one_of, value, sink);
    if (node.not_ && Accepts(*node.not_, value)) {
      Report(sink, "not", "has the form that is excluded here");
    }
    if (node.if_) {
      const Node* branch = Accepts(*node.if_, value) ? node.then_ : node.else_;
      if (branch) Apply(*branch, value, sink);
    }
  }

  void CheckAlternatives(std::string_view keyword, const std::vector<const Node*>& alternatives,
                         const json::Value& value, Sink& sink) {
    size_t matches = 0;
    std::string missing;  // where each alternative only wants one more property: their names
    bool only_missing = true;
    Sink nearest;  // of the alternative that got furthest into the value
    for (const Node* alternative : alternatives) {
      Sink attempt;
      Apply(*alternative, value, attempt);
      only_missing = only_missing && alternative->required.size() == 1 &&
                     attempt.violations.size() == 1 &&
                     attempt.violations[0].keyword == "required" &&
                     attempt.violations[0].pointer == pointer_;
      if (only_missing) {
        missing += (missing.empty() ? "'" : ", '") + alternative->required[0] + "'";
      }
      if (attempt.ok()) {
        ++matches;
        if (keyword == "anyOf") return;
      } else if (nearest.ok() || attempt.violations[0].pointer.size() >
                                     nearest.violations[0].pointer.size()) {
        nearest = std::move(attempt);
      }
    }
    if (matches == 0 && only_missing) {
      Report(sink, keyword, "needs one of the properties " + missing);
    } else if (matches == 0 && !nearest.ok()) {
      Report(sink, keyword, "fits none of the " + std::to_string(alternatives.size()) +
                                " alternatives; the nearest: " +
                                (nearest.violations[0].pointer == pointer_
                                     ? ""
                                     : nearest.violations[0].pointer + ": ") +
                                nearest.violations[0].message);
    } else if (matches > 1) {
      Report(sink, keyword, "fits " + std::to_string(matches) +
                                " alternatives where exactly one is allowed");
    }
  }

  const size_t max_violations_;
  int64_t& steps_;
  int depth_ = 0;
  bool out_of_steps_ = false;
  std::string pointer_;
};

}  // namespace

uint8_t BitsOf(const json::Value& value) {
  switch (value.kind()) {
    case json::Value::Kind::kNull: return kNullBit;
    case json::Value::Kind::kBool: return kBoolBit;
    case json::Value::Kind::kInt: return kIntBit | kNumberBit;
    case json::Value::Kind::kDouble:
      return std::trunc(value.as_double()) == value.as_double() ? kIntBit | kNumberBit : kNumberBit;
    case json::Value::Kind::kString: return kStringBit;
    case json::Value::Kind::kArray: return kArrayBit;
    case json::Value::Kind::kObject: return kObjectBit;
  }
  return 0;
}

std::vector<Violation> ValidateWith(const Node& root, const json::Value& value,
                                    size_t max_violations, int64_t& steps) {
  return Validator(max_violations, steps).Run(root, value);
}

}  // namespace agentflow::schema
