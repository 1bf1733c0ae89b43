#include <algorithm>
#include <initializer_list>

#include "libs/cel/ast.h"
#include "libs/cel/cel.h"
#include "libs/cel/lexer.h"
#include "libs/cel/macros.h"

namespace agentflow::cel {
namespace {

constexpr int kMaxDepth = 500;  // of the tree: chains of operators and calls grow it too

struct BinaryOperator {
  std::string_view text;
  int precedence;
};
constexpr BinaryOperator kBinary[] = {
    {"||", 1}, {"&&", 2}, {"<", 3}, {"<=", 3}, {">", 3}, {">=", 3}, {"==", 3},
    {"!=", 3}, {"in", 3}, {"+", 4}, {"-", 4},  {"*", 5}, {"/", 5},  {"%", 5},
};

// Recursive descent. After an error it skips to a place where an expression can go on, so that
// one run finds them all; a second error at the same token is not reported.
class Parser {
 public:
  explicit Parser(Ast& ast) : ast_(ast), tokens_(Tokenize(ast)) {}

  void Run() {
    ast_.root = ParseExpr();
    if (!AtEnd()) Problem("unexpected " + Shown(token()) + "; an operator is missing before it");
    std::stable_sort(ast_.issues.begin(), ast_.issues.end(), [](const Issue& a, const Issue& b) {
      return a.begin.offset < b.begin.offset;
    });
    if (ast_.issues.size() > kMaxIssues) ast_.issues.resize(kMaxIssues);
  }

 private:
  const Token& token() const { return tokens_[at_]; }
  bool AtEnd() const { return token().kind == TokenKind::kEnd; }
  bool Is(std::string_view punctuation) const {
    return token().kind == TokenKind::kPunctuation && token().text == punctuation;
  }
  void Advance() {
    if (!AtEnd()) ++at_;
  }
  bool Take(std::string_view punctuation) {
    if (!Is(punctuation)) return false;
    Advance();
    return true;
  }

  static std::string Shown(const Token& token) {
    if (token.kind == TokenKind::kEnd) return "the end of the expression";
    std::string text(token.text.substr(0, 40));
    return "'" + text + "'";
  }

  void Problem(std::string message) { ProblemAt(token().begin, token().end, std::move(message)); }

  void ProblemAt(uint32_t begin, uint32_t end, std::string message) {
    if (reported_at_ == at_ || stopped_) return;
    reported_at_ = at_;
    if (tokens_[at_].kind == TokenKind::kInvalid) return;  // the lexer has said it
    if (ast_.issues.size() >= 10 * kMaxIssues) return;
    ast_.issues.push_back(ast_.IssueAt(begin, end, std::move(message)));
  }

  // Gives up: what follows cannot be read within the limits.
  void Stop(uint32_t begin, std::string message) {
    if (!stopped_) ast_.issues.push_back(ast_.IssueAt(begin, begin + 1, std::move(message)));
    stopped_ = true;
    at_ = tokens_.size() - 1;
  }

  void SkipTo(std::initializer_list<std::string_view> ends) {
    int open = 0;
    while (!AtEnd()) {
      if (open == 0) {
        for (std::string_view end : ends) {
          if (Is(end)) return;
        }
      }
      if (Is("(") || Is("[") || Is("{")) ++open;
      if ((Is(")") || Is("]") || Is("}")) && --open < 0) return;
      Advance();
    }
  }

  void Expect(std::string_view close, const Token& opened) {
    if (Take(close)) return;
    Position where = PositionAt(ast_.text, opened.begin);
    Problem("expected '" + std::string(close) + "' for the '" + std::string(opened.text) +
            "' at " + std::to_string(where.line) + ":" + std::to_string(where.column) +
            ", found " + Shown(token()));
    SkipTo({close});
    Take(close);
  }

  Expr* New(Op op, uint32_t begin, uint32_t at) {
    Expr& expr = ast_.exprs.emplace_back();
    expr.op = op;
    expr.id = static_cast<uint32_t>(ast_.exprs.size() - 1);
    expr.begin = begin;
    expr.at = at;
    return &expr;
  }

  // Sets what follows from the parts.
  Expr* Finish(Expr* expr) {
    expr->end = at_ > 0 ? tokens_[at_ - 1].end : expr->begin;
    int depth = 0;
    for (const Expr* arg : expr->args) depth = std::max<int>(depth, arg->depth);
    expr->depth = static_cast<uint16_t>(depth + 1);
    if (depth >= kMaxDepth) {
      Stop(expr->at, "more than " + std::to_string(kMaxDepth) +
                         " operators or calls in a row; split it with cel.bind(), put texts "
                         "together with [...].join()");
    }
    return expr;
  }

  Expr* Call(std::string_view name, uint32_t begin, uint32_t at, std::vector<Expr*> args) {
    Expr* call = New(Op::kCall, begin, at);
    call->name = name;
    call->args = std::move(args);
    return Finish(call);
  }

  Expr* ParseExpr() {
    uint32_t begin = token().begin;
    if (++nesting_ > kMaxNesting) {
      Stop(begin, "the expression is nested more than " + std::to_string(kMaxNesting) + " deep");
      --nesting_;
      return Finish(New(Op::kInvalid, begin, begin));
    }
    Expr* expr = ParseBinary(1);
    if (Is("?")) {
      uint32_t at = token().begin;
      Advance();
      Expr* then = ParseBinary(1);
      if (Is("?")) {
        Problem("a choice within a choice needs parentheses: a ? (b ? c : d) : e");
        SkipTo({")", "]", "}"});
        --nesting_;
        return expr;
      }
      if (!Take(":")) {
        Problem("expected ':' and what to take otherwise, found " + Shown(token()));
        SkipTo({":", ","});
        Take(":");
      }
      Expr* otherwise = ParseExpr();
      expr = Call(op::kConditional, begin, at, {expr, then, otherwise});
    }
    --nesting_;
    return expr;
  }

  const BinaryOperator* AtBinary() const {
    bool is_in = token().kind == TokenKind::kIdent && token().text == "in";
    if (token().kind != TokenKind::kPunctuation && !is_in) return nullptr;
    for (const BinaryOperator& binary : kBinary) {
      if (binary.text == token().text) return &binary;
    }
    return nullptr;
  }

  Expr* ParseBinary(int lowest) {
    uint32_t begin = token().begin;
    Expr* left = ParseUnary();
    while (const BinaryOperator* binary = AtBinary()) {
      if (binary->precedence < lowest) break;
      uint32_t at = token().begin;
      Advance();
      Expr* right = ParseBinary(binary->precedence + 1);
      // && and || have any number of operands, so that long chains stay flat.
      bool joins = binary->precedence <= 2 && left->op == Op::kCall && left->name == binary->text;
      if (joins) {
        left->args.push_back(right);
        left->end = right->end;
        left->depth = std::max<uint16_t>(left->depth, static_cast<uint16_t>(right->depth + 1));
      } else {
        left = Call(binary->text, begin, at, {left, right});
      }
    }
    return left;
  }

  Expr* ParseUnary() {
    if (!Is("!") && !Is("-")) return ParseMember();
    std::vector<std::pair<std::string_view, uint32_t>> signs;
    while (Is("!") || Is("-")) {
      signs.emplace_back(token().text, token().begin);
      Advance();
    }
    bool negated_number = signs.back().first == "-" && IsNumber(token());
    if (negated_number) {
      NegateNumber(tokens_[at_]);
      tokens_[at_].begin = signs.back().second;
      signs.pop_back();
    }
    Expr* expr = ParseMember();
    for (auto it = signs.rbegin(); it != signs.rend() && !stopped_; ++it) {
      expr = Call(it->first == "!" ? op::kNot : op::kNegate, it->second, it->second, {expr});
    }
    return expr;
  }

  static bool IsNumber(const Token& token) {
    return token.kind == TokenKind::kConstant &&
           (token.constant.is(Kind::kInt) || token.constant.is(Kind::kDouble));
  }

  static void NegateNumber(Token& token) {
    if (token.constant.is(Kind::kDouble)) {
      token.constant = Value::Double(-token.constant.as_double());
    } else if (!token.is_int_min) {
      token.constant = Value::Int(-token.constant.as_int());
    }
    token.is_int_min = false;
  }

  Expr* ParseMember() {
    uint32_t begin = token().begin;
    Expr* expr = ParsePrimary();
    while (!stopped_) {
      if (Is(".")) {
        expr = ParseSelect(expr, begin);
      } else if (Is("[")) {
        Token opened = token();
        Advance();
        Expr* index = New(Op::kIndex, begin, opened.begin);
        index->optional = Take("?");
        index->args = {expr, ParseExpr()};
        Expect("]", opened);
        expr = Finish(index);
      } else if (Is("{") && IsName(*expr)) {
        expr = ParseStruct(expr, begin);
      } else {
        return expr;
      }
    }
    return expr;
  }

  static bool IsName(const Expr& expr) {
    if (expr.op == Op::kSelect && !expr.optional && !expr.test) return IsName(*expr.args[0]);
    return expr.op == Op::kIdent;
  }

  Expr* ParseSelect(Expr* operand, uint32_t begin) {
    Advance();
    bool optional = Take("?");
    Token field = token();
    bool named = field.kind == TokenKind::kIdent || field.kind == TokenKind::kQuotedIdent;
    bool is_constant = field.text == "true" || field.text == "false" || field.text == "null";
    if (!named || is_constant || field.text == "in") {
      Problem("expected a field name after the dot, found " + Shown(field));
      if (field.kind == TokenKind::kInvalid || named) Advance();
      return operand;
    }
    Advance();
    if (Is("(") && !optional && field.kind == TokenKind::kIdent) {
      Expr* call = New(Op::kCall, begin, field.begin);
      call->name = field.text;
      call->member = true;
      call->args = ParseArguments({operand});
      Finish(call);
      return Expand(call);
    }
    Expr* select = New(Op::kSelect, begin, field.begin);
    select->name = field.text;
    select->optional = optional;
    select->args = {operand};
    return Finish(select);
  }

  Expr* Expand(Expr* call) {
    auto problem = ExpandMacro(*call);
    if (problem && ast_.issues.size() < 10 * kMaxIssues) {
      ast_.issues.push_back(ast_.IssueAt(problem->begin, problem->end, problem->message));
    }
    return call;
  }

  std::vector<Expr*> ParseArguments(std::vector<Expr*> args) {
    Token opened = token();
    Advance();
    while (!Is(")") && !AtEnd()) {
      args.push_back(ParseExpr());
      if (!Take(",")) break;
      if (Is(")")) Problem("expected an argument after the comma");
    }
    Expect(")", opened);
    return args;
  }

  Expr* ParsePrimary() {
    Token first = token();
    if (first.kind == TokenKind::kConstant) return ParseConstant(first);
    if (first.kind == TokenKind::kIdent || Is(".")) return ParseName(first);
    if (Is("(")) {
      Advance();
      Expr* inner = ParseExpr();
      Expect(")", first);
      return inner;
    }
    if (Is("[")) return ParseList(first);
    if (Is("{")) return ParseMap(first);
    Problem(first.kind == TokenKind::kEnd && at_ == 0
                ? "the expression is empty"
                : "expected a value, found " + Shown(first));
    bool ends = AtEnd() || Is(")") || Is("]") || Is("}") || Is(",") || Is(":");
    if (!ends) Advance();
    return Finish(New(Op::kInvalid, first.begin, first.begin));
  }

  Expr* ParseConstant(const Token& first) {
    Expr* constant = New(Op::kConst, first.begin, first.begin);
    constant->constant = first.constant;
    if (first.is_int_min) {
      ProblemAt(first.begin, first.end, "the number does not fit into an int (64 bits)");
    }
    Advance();
    return Finish(constant);
  }

  Expr* ParseName(const Token& first) {
    bool rooted = Take(".");
    Token name = token();
    if (name.kind != TokenKind::kIdent) {
      Problem("expected a name, found " + Shown(name));
      return Finish(New(Op::kInvalid, first.begin, first.begin));
    }
    Advance();
    if (!rooted && (name.text == "true" || name.text == "false" || name.text == "null")) {
      Expr* constant = New(Op::kConst, name.begin, name.begin);
      if (name.text != "null") constant->constant = Value::Bool(name.text == "true");
      return Finish(constant);
    }
    if (IsReserved(name.text)) {
      --at_;
      Problem("'" + std::string(name.text) + "' is a word of the language and cannot be used as "
              "a name");
      ++at_;
    }
    Expr* expr = New(Is("(") ? Op::kCall : Op::kIdent, first.begin, name.begin);
    expr->name = name.text;
    expr->rooted = rooted;
    if (expr->op == Op::kIdent) return Finish(expr);
    expr->args = ParseArguments({});
    Finish(expr);
    return Expand(expr);
  }

  Expr* ParseList(const Token& opened) {
    Expr* list = New(Op::kList, opened.begin, opened.begin);
    Advance();
    while (!Is("]") && !AtEnd()) {
      list->optional_args.push_back(Take("?"));
      list->args.push_back(ParseExpr());
      if (!Take(",")) break;
    }
    Expect("]", opened);
    return Finish(list);
  }

  Expr* ParseMap(const Token& opened) {
    Expr* map = New(Op::kMap, opened.begin, opened.begin);
    Advance();
    ParseEntries(*map);
    Expect("}", opened);
    return Finish(map);
  }

  void ParseEntries(Expr& map) {
    while (!Is("}") && !AtEnd()) {
      map.optional_args.push_back(Take("?"));
      map.args.push_back(ParseExpr());
      if (!Take(":")) {
        Problem("expected ':' and the value of this key, found " + Shown(token()));
        SkipTo({":", ","});
        reported_at_ = at_;  // what stands here is part of the same mistake
        Take(":");
      }
      map.args.push_back(ParseExpr());
      if (!Take(",")) break;
    }
  }

  // Messages: read, so that the checker can say that there are none.
  Expr* ParseStruct(Expr* name, uint32_t begin) {
    Token opened = token();
    Expr* message = New(Op::kStruct, begin, begin);
    message->name = std::string_view(ast_.text).substr(begin, name->end - begin);
    Advance();
    while (!Is("}") && !AtEnd()) {
      Take("?");
      Advance();
      if (!Take(":")) {
        Problem("expected ':', found " + Shown(token()));
        SkipTo({":", ","});
        Take(":");
      }
      message->args.push_back(ParseExpr());
      if (!Take(",")) break;
    }
    Expect("}", opened);
    return Finish(message);
  }

  Ast& ast_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t reported_at_ = SIZE_MAX;
  int nesting_ = 0;
  bool stopped_ = false;
};

}  // namespace

Issue Ast::IssueAt(uint32_t begin, uint32_t end, std::string message,
                   std::string suggestion) const {
  return Issue{.begin = PositionAt(text, begin),
               .end = PositionAt(text, end),
               .message = std::move(message),
               .suggestion = std::move(suggestion)};
}

std::shared_ptr<const Ast> Parse(std::string_view text) {
  auto ast = std::make_shared<Ast>();
  bool readable = text.size() <= kMaxExpressionBytes && IsValidUtf8(text);
  if (readable) {
    ast->text = text;
    Parser(*ast).Run();
    return ast;
  }
  ast->root = &ast->exprs.emplace_back();
  ast->issues.push_back(ast->IssueAt(
      0, 0,
      text.size() > kMaxExpressionBytes
          ? "the expression is longer than " + std::to_string(kMaxExpressionBytes) + " bytes"
          : "the expression is not valid UTF-8"));
  return ast;
}

}  // namespace agentflow::cel
