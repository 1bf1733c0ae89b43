#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>

#include "libs/workflow/analyze.h"
#include "libs/workflow/names.h"

namespace agentflow::workflow {
namespace {

using Keys = std::vector<std::string>;

// Known fields first, in this order; then the others by name.
constexpr std::array<std::string_view, 13> kDocumentOrder = {
    "apiVersion", "kind",        "metadata", "inputs", "outputs", "connections", "budget",
    "timeout",    "maxInFlight", "defaults", "nodes",  "edges",   "ui"};
constexpr std::array<std::string_view, 8> kNodeOrder = {"type", "title",  "description", "join",
                                                        "with", "policy", "nodes",       "edges"};
constexpr std::array<std::string_view, 5> kMetadataOrder = {"name", "title", "description",
                                                            "labels", "retention"};
constexpr std::array<std::string_view, 3> kSchemaOrder = {"type", "required", "properties"};

template <typename Order>
Keys Ordered(const json::Object& object, const Order& order) {
  Keys keys;
  for (std::string_view key : order) {
    if (object.Find(key) != nullptr) keys.emplace_back(key);
  }
  for (const auto& [key, value] : object) {
    if (std::find(order.begin(), order.end(), key) == order.end()) keys.push_back(key);
  }
  return keys;
}

// Nodes in the order in which edges reach them, the rest by name.
Keys NodeOrder(const json::Object& nodes, const json::Value* edges) {
  std::map<std::string, std::vector<std::string>, std::less<>> next;
  std::map<std::string, int, std::less<>> open;
  if (edges != nullptr && edges->is_array()) {
    for (const json::Value& text : edges->as_array()) {
      auto edge = text.is_string() ? ParseEdge(text.as_string()) : std::nullopt;
      if (!edge) continue;
      next[edge->source].push_back(edge->target);
      ++open[edge->target];
    }
  }
  Keys keys;
  std::set<std::string, std::less<>> listed;
  std::deque<std::string> waiting = {std::string(kStartId)};
  while (!waiting.empty()) {
    std::string id = waiting.front();
    waiting.pop_front();
    if (nodes.Find(id) != nullptr && listed.insert(id).second) keys.push_back(id);
    for (const std::string& target : next[id]) {
      if (--open[target] == 0) waiting.push_back(target);
    }
  }
  for (const auto& [id, node] : nodes) {
    if (!listed.contains(id)) keys.push_back(id);
  }
  return keys;
}

bool LooksPlain(std::string_view text) {
  if (text.empty() || text.size() > 4000) return false;
  constexpr std::string_view kFirst = "-?:,[]{}#&*!|>'\"%@`= \t~.+<";
  if (kFirst.find(text[0]) != kFirst.npos || text.back() == ' ' || text.back() == ':') return false;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  if (text.find_first_of(",[]{}\"") != text.npos) return false;
  if (text[0] >= '0' && text[0] <= '9') {
    // Spans and dates read well; anything that could be a number is quoted.
    if (text.find_first_not_of("0123456789.eExXo+-_abcdefABCDEF") == text.npos) return false;
  }
  for (std::string_view word :
       {"true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL", "yes", "no",
        "on", "off", "Yes", "No", "On", "Off", "y", "n"}) {
    if (text == word) return false;
  }
  return true;
}

bool LooksLikeBlock(std::string_view text) {
  if (text.find('\n') == text.npos || text[0] == ' ' || text[0] == '\n' || text[0] == '\t')
    return false;
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\n') || c == 0x7f) return false;
  }
  // Blank lines with spaces and odd endings are safer quoted.
  return text.find(" \n") == text.npos && text.back() != ' ' &&
         (text.size() < 2 || text.substr(text.size() - 2) != "\n\n");
}

// Text that fits on the line of its key: a scalar or something empty or short.
std::string Inline(const json::Value& value) {
  if (value.is_string()) {
    const std::string& text = value.as_string();
    return LooksPlain(text) ? text : json::Dump(value);
  }
  return json::Dump(value);
}

std::string KeyText(const std::string& key) {
  return LooksPlain(key) && key != "<<" ? key : json::Dump(json::Value(key));
}

// [a, b] and {a: 1} where everything is short and flat.
std::optional<std::string> Flow(const json::Value& value) {
  if (value.is_array() && value.as_array().empty()) return "[]";
  if (value.is_object() && value.as_object().empty()) return "{}";
  std::string text;
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) {
      if (item.is_array() || item.is_object() || text.size() > 70) return std::nullopt;
      text += (text.empty() ? "" : ", ") + Inline(item);
    }
    return text.size() > 80 ? std::nullopt : std::optional("[" + text + "]");
  }
  for (const auto& [key, item] : value.as_object()) {
    if (item.is_array() || item.is_object() || text.size() > 50) return std::nullopt;
    text += (text.empty() ? "" : ", ") + KeyText(key) + ": " + Inline(item);
  }
  return text.size() > 60 ? std::nullopt : std::optional("{" + text + "}");
}

class Writer {
 public:
  enum class Form { kDocument, kMetadata, kSchema, kNodes, kNode, kEdges, kOther };

  std::string Write(const json::Value& document) {
    Block(document, 0, Form::kDocument, nullptr);
    return std::move(out_);
  }

 private:
  static Form FormOf(Form parent, std::string_view key) {
    if (parent == Form::kNodes) return Form::kNode;
    if (parent == Form::kSchema) return Form::kSchema;
    if (parent != Form::kDocument && parent != Form::kNode) return Form::kOther;
    if (key == "nodes") return Form::kNodes;
    if (key == "edges") return Form::kEdges;
    if (parent == Form::kDocument && key == "metadata") return Form::kMetadata;
    if (parent == Form::kDocument && key == "inputs") return Form::kSchema;
    return Form::kOther;
  }

  static Keys KeysOf(const json::Object& object, Form form, const json::Value* holder) {
    switch (form) {
      case Form::kDocument:
        return Ordered(object, kDocumentOrder);
      case Form::kMetadata:
        return Ordered(object, kMetadataOrder);
      case Form::kNode:
        return Ordered(object, kNodeOrder);
      case Form::kSchema:
        return Ordered(object, kSchemaOrder);
      case Form::kNodes:
        return NodeOrder(object, holder == nullptr ? nullptr : holder->Find("edges"));
      default:
        return Ordered(object, std::array<std::string_view, 0>{});
    }
  }

  void Block(const json::Value& value, int indent, Form form, const json::Value* holder) {
    std::string margin(indent, ' ');
    if (value.is_array()) {
      for (const json::Value& item : value.as_array()) {
        out_ += margin + "-";
        Child(item, indent, Form::kOther, &value, true);
      }
      return;
    }
    if (!value.is_object()) {
      out_ += Inline(value) + "\n";
      return;
    }
    for (const std::string& key : KeysOf(value.as_object(), form, holder)) {
      out_ += margin + KeyText(key) + ":";
      Child(*value.Find(key), indent, FormOf(form, key), &value, false);
    }
  }

  // Everything behind `key:` or `-`.
  void Child(const json::Value& value, int indent, Form form, const json::Value* holder,
             bool in_list) {
    if (value.is_string() && LooksLikeBlock(value.as_string()))
      return BlockText(value.as_string(), indent + 2);
    bool nested = value.is_array() || value.is_object();
    bool open = form == Form::kNodes || form == Form::kEdges || form == Form::kMetadata;
    if (!nested) {
      out_ += " " + Inline(value) + "\n";
      return;
    }
    bool empty = value.is_array() ? value.as_array().empty() : value.as_object().empty();
    if (auto flow = Flow(value); flow && (empty || !open)) {
      out_ += " " + *flow + "\n";
      return;
    }
    out_ += "\n";
    Block(value, indent + 2, form, holder);
  }

  void BlockText(std::string_view text, int indent) {
    bool ends_line = text.back() == '\n';
    out_ += ends_line ? " |\n" : " |-\n";
    if (ends_line) text.remove_suffix(1);
    while (true) {
      size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      if (!line.empty()) out_ += std::string(indent, ' ') + std::string(line);
      out_ += '\n';
      if (end == text.npos) break;
      text.remove_prefix(end + 1);
    }
  }

  std::string out_;
};

}  // namespace

std::string FormatYaml(const json::Value& document) {
  return Writer().Write(document);
}

}  // namespace agentflow::workflow
