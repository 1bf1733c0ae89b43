#include "libs/cel/complete.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "libs/cel/ast.h"
#include "libs/cel/check.h"
#include "libs/cel/lexer.h"
#include "libs/cel/macros.h"
#include "libs/cel/names.h"
#include "libs/cel/unify.h"

namespace agentflow::cel {
namespace {

using K = Type::Kind;
using Tokens = std::vector<Token>;
constexpr size_t npos = std::string_view::npos;

bool IsOpen(const Token& token) {
  return token.text == "(" || token.text == "[" || token.text == "{";
}
bool IsClose(const Token& token) {
  return token.text == ")" || token.text == "]" || token.text == "}";
}
bool IsPunctuation(const Token& token, std::string_view text) {
  return token.kind == TokenKind::kPunctuation && token.text == text;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool BeginsWith(std::string_view text, std::string_view typed) {
  return text.size() >= typed.size() &&
         std::equal(typed.begin(), typed.end(), text.begin(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

// The first token of the operand that ends before token `end`: a name, a constant or brackets,
// with the fields, indices and calls behind it. `end` itself where there is none.
size_t OperandBegin(const Tokens& tokens, size_t end) {
  size_t at = end;
  while (at > 0) {
    size_t part = at - 1;
    if (IsClose(tokens[part])) {
      int depth = 0;
      while (true) {
        if (IsClose(tokens[part])) ++depth;
        if (IsOpen(tokens[part]) && --depth == 0) break;
        if (part == 0) return end;
        --part;
      }
      bool follows = part > 0 && (tokens[part - 1].kind == TokenKind::kIdent ||
                                  tokens[part - 1].kind == TokenKind::kQuotedIdent ||
                                  IsClose(tokens[part - 1]));
      at = part;
      if (follows) continue;
    } else if (tokens[part].kind == TokenKind::kPunctuation ||
               tokens[part].kind == TokenKind::kInvalid) {
      return at == end ? end : at;
    } else {
      at = part;
    }
    if (at > 0 && IsPunctuation(tokens[at - 1], "?")) --at;
    if (at == 0 || !IsPunctuation(tokens[at - 1], ".")) return at;
    --at;
  }
  return at;
}

class Completer {
 public:
  Completer(std::string_view text, uint32_t offset, const Environment& environment)
      : environment_(environment) {
    offset = std::min(offset, static_cast<uint32_t>(text.size()));
    ast_.text = text.substr(0, offset);
    tokens_ = Tokenize(ast_);
    tokens_.pop_back();  // the end
    result_.begin = result_.end = offset;
  }

  Completions Run() {
    if (InsideText()) {
      CompleteValue(true);
      return Finish();
    }
    if (!tokens_.empty() && tokens_.back().kind == TokenKind::kIdent &&
        tokens_.back().end == result_.end) {
      typed_ = tokens_.back().text;
      result_.begin = tokens_.back().begin;
      tokens_.pop_back();
    }
    DeclareMacroVariables();
    size_t end = tokens_.size();
    if (end > 0 && IsPunctuation(tokens_[end - 1], "?")) --end;  // a.?
    if (end > 0 && IsPunctuation(tokens_[end - 1], ".")) {
      CompleteMember(end - 1);
    } else {
      CompleteValue(false);
      CompleteName();
    }
    return Finish();
  }

 private:
  // Whether the cursor stands in a text that is not closed yet.
  bool InsideText() const {
    return !tokens_.empty() && tokens_.back().kind == TokenKind::kInvalid &&
           (tokens_.back().text[0] == '\'' || tokens_.back().text[0] == '"');
  }

  Completions Finish() {
    std::stable_sort(result_.items.begin(), result_.items.end(),
                     [](const Completion& a, const Completion& b) { return a.kind < b.kind; });
    return std::move(result_);
  }

  void Add(Completion::Kind kind, std::string label, std::string insert, std::string detail,
           std::string documentation) {
    if (!BeginsWith(label, typed_) || !seen_.insert(label + "\n" + detail).second) return;
    result_.items.push_back({kind, std::move(label), std::move(insert), std::move(detail),
                             std::move(documentation)});
  }

  std::string_view TextOf(size_t begin, size_t end) const {
    return std::string_view(ast_.text)
        .substr(tokens_[begin].begin, tokens_[end - 1].end - tokens_[begin].begin);
  }

  // The type of the operand that ends before token `end`.
  std::optional<Type> TypeBefore(size_t end) const {
    size_t begin = OperandBegin(tokens_, end);
    if (begin == end) return std::nullopt;
    std::shared_ptr<const Ast> operand = Parse(TextOf(begin, end));
    if (!operand->issues.empty()) return std::nullopt;
    CheckResult checked = CheckTypes(*operand, environment_);
    if (checked.type.is(K::kError)) return std::nullopt;
    return checked.type;
  }

  // `list.filter(x, x.` knows x: the variables of the macros that are open at the cursor.
  void DeclareMacroVariables() {
    std::vector<size_t> open;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (IsOpen(tokens_[i])) open.push_back(i);
      if (IsClose(tokens_[i]) && !open.empty()) open.pop_back();
    }
    for (size_t at : open) {
      bool call = at >= 2 && tokens_[at - 1].kind == TokenKind::kIdent &&
                  IsPunctuation(tokens_[at - 2], ".");
      if (call) DeclareVariablesOf(at);
    }
  }

  void DeclareVariablesOf(size_t open) {
    std::vector<std::string> names;
    for (size_t i = open + 1; i + 1 < tokens_.size() && names.size() < 2; i += 2) {
      bool variable = tokens_[i].kind == TokenKind::kIdent && IsPunctuation(tokens_[i + 1], ",");
      if (!variable) break;
      names.emplace_back(tokens_[i].text);
    }
    std::optional<Type> range = TypeBefore(open - 2);
    if (names.empty() || !range) return;
    Type key = K::kInt;
    Type value = range->element();
    if (range->is(K::kMap)) key = range->parameters()[0], value = range->parameters()[1];
    if (range->is(K::kObject)) key = K::kString, value = K::kDyn;
    bool two = names.size() == 2;
    bool keys = range->is(K::kMap) || range->is(K::kObject);
    environment_.Declare(names[0], two || keys ? key : value);
    if (two) environment_.Declare(names[1], value);
  }

  void CompleteMember(size_t dot) {
    size_t begin = OperandBegin(tokens_, dot);
    if (begin == dot) return;
    std::string prefix(TextOf(begin, dot));
    AddQualified(prefix + ".");
    std::optional<Type> type = TypeBefore(dot);
    if (!type) return;
    Type container = type->is_optional() ? type->element() : *type;
    for (const schema::Property& property : container.object().properties()) {
      AddField(property);
    }
    AddMethods(*type);
  }

  void AddField(const schema::Property& property) {
    const std::string& name = property.name;
    auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    auto quotable = [&](char c) { return part(c) || std::string_view(".-/ ").find(c) != npos; };
    // What neither is a name nor can be quoted is reached by ['...'] alone.
    if (name.empty() || !std::all_of(name.begin(), name.end(), quotable)) return;
    bool plain = !IsReservedConstant(name) && !std::isdigit(static_cast<unsigned char>(name[0])) &&
                 std::all_of(name.begin(), name.end(), part);
    Add(Completion::Kind::kField, name, plain ? name : "`" + name + "`",
        property.type.Describe() + (property.required ? "" : ", optional"), property.description);
  }

  static bool IsReservedConstant(std::string_view name) {
    return name == "true" || name == "false" || name == "null" || name == "in";
  }

  // Variables and functions whose names begin with "execution." or "math.".
  void AddQualified(const std::string& prefix) {
    for (const Variable& variable : environment_.variables()) {
      if (variable.name.compare(0, prefix.size(), prefix) != 0) continue;
      std::string rest = variable.name.substr(prefix.size());
      size_t dot = rest.find('.');
      std::string label = rest.substr(0, dot);
      bool whole = dot == std::string::npos;
      Add(Completion::Kind::kVariable, label, label, whole ? variable.type.ToString() : "",
          whole ? variable.description : "");
    }
    for (const Function* function : environment_.functions().all()) {
      if (function->name.compare(0, prefix.size(), prefix) != 0) continue;
      AddFunction(*function, function->name.substr(prefix.size()), function->overloads[0]);
    }
    if (prefix == "cel.") AddMacros("cel.bind", "bind");
  }

  void AddFunction(const Function& function, const std::string& label, const Overload& overload) {
    bool no_arguments = overload.parameters.size() == (overload.member ? 1u : 0u);
    Add(Completion::Kind::kFunction, label, label + (no_arguments ? "()" : "("),
        overload.signature, function.documentation);
  }

  void AddMethods(const Type& receiver) {
    for (const Function* function : environment_.functions().all()) {
      for (const Overload& overload : function->overloads) {
        if (!overload.member) continue;
        Unifier unifier;
        Overload fresh = unifier.Fresh(overload);
        if (unifier.Assignable(receiver, fresh.parameters[0])) {
          AddFunction(*function, function->name, overload);
        }
      }
    }
    bool any = receiver.is(K::kDyn);
    for (const MacroDoc& macro : MacroDocs()) {
      std::string_view signature = macro.signature;
      bool walks = BeginsWith(signature, "list.") || BeginsWith(signature, "map.");
      bool fits = walks ? any || receiver.is(K::kList) || receiver.is(K::kMap) ||
                              receiver.is(K::kObject)
                        : BeginsWith(signature, "optional.") && (any || receiver.is_optional());
      if (fits) AddMacro(macro, std::string(macro.name));
    }
  }

  void AddMacro(const MacroDoc& macro, const std::string& label) {
    Add(Completion::Kind::kMacro, label, label + "(", std::string(macro.signature),
        std::string(macro.documentation));
  }

  void AddMacros(std::string_view name, const std::string& label) {
    for (const MacroDoc& macro : MacroDocs()) {
      if (macro.name == name) AddMacro(macro, label);
    }
  }

  void CompleteName() {
    for (const Variable& variable : environment_.variables()) {
      size_t dot = variable.name.find('.');
      std::string label = variable.name.substr(0, dot);
      bool whole = dot == std::string::npos;
      Add(Completion::Kind::kVariable, label, label, whole ? variable.type.ToString() : "",
          whole ? variable.description : "");
    }
    std::set<std::string> namespaces;
    for (const Function* function : environment_.functions().all()) {
      size_t dot = function->name.find('.');
      if (dot != std::string::npos) namespaces.insert(function->name.substr(0, dot));
      for (const Overload& overload : function->overloads) {
        if (!overload.member && dot == std::string::npos) {
          AddFunction(*function, function->name, overload);
        }
      }
    }
    for (const std::string& name : namespaces) {
      Add(Completion::Kind::kFunction, name, name + ".", "functions " + name + "...", "");
    }
    AddMacros("has", "has");
    AddMacros("cel.bind", "cel.bind");
    if (typed_.empty()) return;
    for (std::string constant : {"true", "false", "null"}) {
      Add(Completion::Kind::kValue, constant, constant, "", "");
    }
  }

  // Behind == and !=: the values that the schema lists for the other side.
  void CompleteValue(bool quoted) {
    std::string typed = typed_;
    size_t end = tokens_.size();
    if (quoted) {
      const Token& text = tokens_.back();
      typed = text.text.substr(1);
      result_.begin = text.begin;
      --end;
    }
    bool compares = end > 0 && (IsPunctuation(tokens_[end - 1], "==") ||
                                IsPunctuation(tokens_[end - 1], "!="));
    if (!compares) return;
    DeclareMacroVariables();
    std::optional<Type> type = TypeBefore(end - 1);
    if (!type) return;
    for (const json::Value& value : type->values()) {
      std::string shown = value.is_string() ? value.as_string() : json::Dump(value);
      if (!BeginsWith(shown, typed)) continue;
      std::string insert = json::Dump(value);
      if (value.is_string() && shown.find_first_of("'\\\n\r\t") == std::string::npos) {
        insert = "'" + shown + "'";
      }
      result_.items.push_back({Completion::Kind::kValue, shown, insert, type->ToString(), ""});
    }
  }

  Environment environment_;
  Ast ast_;
  Tokens tokens_;
  std::string typed_;
  std::set<std::string> seen_;
  Completions result_;
};

}  // namespace

Completions Complete(std::string_view text, uint32_t offset, const Environment& environment) {
  if (text.size() > 64 * 1024 || !IsValidUtf8(text)) return {};
  return Completer(text, offset, environment).Run();
}

}  // namespace agentflow::cel
