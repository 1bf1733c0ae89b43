#include "tools/openapi/naming.h"

#include <cctype>
#include <map>

#include "google/protobuf/descriptor.h"

namespace agentflow::openapi {
namespace {

// "CreateApiKey" -> "Create", "Api", "Key".
std::vector<std::string> Words(std::string_view camel) {
  std::vector<std::string> words;
  for (char c : camel) {
    if (words.empty() || std::isupper(static_cast<unsigned char>(c))) words.emplace_back();
    words.back() += c;
  }
  return words;
}

std::string WithArticle(const std::string& noun) {
  return (noun.find_first_of("aeiou") == 0 && noun.rfind("user", 0) != 0 ? "an " : "a ") + noun;
}

std::string Paragraphs(const std::string& comment) {
  std::string out;
  bool blank = false;
  size_t at = 0;
  while (at < comment.size()) {
    size_t end = std::min(comment.find('\n', at), comment.size());
    std::string line = comment.substr(at, end - at);
    at = end + 1;
    size_t first = line.find_first_not_of(' ');
    if (first == std::string::npos) {
      blank = !out.empty();
      continue;
    }
    if (!out.empty()) out += blank ? "\n\n" : " ";
    blank = false;
    out += line.substr(first, line.find_last_not_of(' ') - first + 1);
  }
  return out;
}

}  // namespace

std::string Singular(std::string_view collection) {
  std::string name(collection);
  auto ends = [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  };
  if (ends("ies")) return name.substr(0, name.size() - 3) + "y";
  if (ends("sses") || ends("xes")) return name.substr(0, name.size() - 2);
  if (ends("s") && !ends("ss")) return name.substr(0, name.size() - 1);
  return name;
}

std::string LowerFirst(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

std::string CamelPath(std::string_view field_path) {
  std::string out;
  bool upper = false;
  for (char c : field_path) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = false;
    }
  }
  return out;
}

OpenApiPath PathOf(const contract::HttpBinding& binding) {
  OpenApiPath result;
  const auto& segments = binding.path.segments();
  for (size_t i = 0; i < segments.size(); ++i) {
    result.path += '/';
    if (segments[i].kind == contract::PathSegment::Kind::kLiteral) {
      result.path += segments[i].literal;
      continue;
    }
    const contract::PathVariable* owner = nullptr;
    for (const contract::PathVariable& variable : binding.path.variables()) {
      if (variable.begin <= i && i < variable.end) owner = &variable;
    }
    PathParameter parameter;
    parameter.pattern = "*";
    if (owner != nullptr) {
      parameter.field = owner->field_path;
      parameter.pattern.clear();
      for (size_t at = owner->begin; at < owner->end; ++at) {
        if (at > owner->begin) parameter.pattern += '/';
        const auto& segment = segments[at];
        parameter.pattern += segment.kind == contract::PathSegment::Kind::kLiteral ? segment.literal
                             : segment.kind == contract::PathSegment::Kind::kOne   ? "*"
                                                                                   : "**";
      }
    }
    bool alone = owner != nullptr && owner->end - owner->begin == 1;
    bool after_collection = i > 0 && segments[i - 1].kind == contract::PathSegment::Kind::kLiteral;
    if (alone || !after_collection) {
      parameter.name = CamelPath(owner == nullptr ? "segment" : owner->field_path);
    } else {
      parameter.name = Singular(segments[i - 1].literal);
    }
    result.path += "{" + parameter.name + "}";
    result.parameters.push_back(std::move(parameter));
  }
  if (!binding.path.verb().empty()) result.path += ":" + binding.path.verb();
  return result;
}

template <typename D>
std::string CommentOf(const D& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  return Paragraphs(location.leading_comments);
}
template std::string CommentOf(const google::protobuf::ServiceDescriptor&);
template std::string CommentOf(const google::protobuf::MethodDescriptor&);
template std::string CommentOf(const google::protobuf::Descriptor&);
template std::string CommentOf(const google::protobuf::FieldDescriptor&);
template std::string CommentOf(const google::protobuf::EnumDescriptor&);
template std::string CommentOf(const google::protobuf::EnumValueDescriptor&);

std::string FirstSentence(std::string_view comment) {
  for (size_t i = 0; i < comment.size(); ++i) {
    bool end = i + 1 == comment.size() || comment[i + 1] == ' ' || comment[i + 1] == '\n';
    if (comment[i] == '.' && end) return std::string(comment.substr(0, i + 1));
  }
  return std::string(comment);
}

std::string StandardSentence(const google::protobuf::MethodDescriptor& method) {
  std::vector<std::string> words = Words(method.name());
  std::string noun;
  for (size_t i = 1; i < words.size(); ++i) {
    noun += (i > 1 ? " " : "") + LowerFirst(words[i]);
  }
  if (noun.empty()) return "";
  static const std::map<std::string, std::string> verbs = {
      {"Get", "Gets"}, {"Create", "Creates"}, {"Update", "Changes"}, {"Delete", "Deletes"}};
  if (words[0] == "List") return "Lists " + noun + ".";
  auto it = verbs.find(words[0]);
  return it == verbs.end() ? "" : it->second + " " + WithArticle(noun) + ".";
}

std::string StandardFieldSentence(std::string_view field) {
  static const std::map<std::string_view, std::string_view> sentences = {
      {"page_size", "How many at most; at most 1000, 0 means 50."},
      {"page_token", "nextPageToken of the page before, with all other parameters unchanged."},
      {"next_page_token", "For the next page; empty on the last one."},
      {"filter", "Which ones: terms joined by AND."},
      {"order_by", "Field to sort by, with \" desc\" for the other way."},
      {"update_mask", "Fields to change; unset: those present."},
      {"etag", "Changes with every change; send it back to be refused if somebody was faster."},
      {"request_id", "The same id gives the same answer, however often it is sent."},
      {"create_time", "When it was created."},
      {"update_time", "When it was last changed."},
      {"start_time", "When it began."},
      {"end_time", "When it ended; unset while it has not."},
      {"labels", "For finding and grouping."},
      {"title", "For people."},
      {"name", "Resource name."},
      {"parent", "Resource name of what it belongs to."},
  };
  auto it = sentences.find(field);
  return it == sentences.end() ? "" : std::string(it->second);
}

}  // namespace agentflow::openapi
