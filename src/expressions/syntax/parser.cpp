// Recursive descent over the grammar of the CEL language definition. Depth is counted on the way down (so that hostile
// nesting cannot exhaust the stack) and once more on the tree that comes out (a chain of + nests to the left).
#include <algorithm>
#include <charconv>

#include "expressions/syntax/ast.h"
#include "expressions/syntax/lexer.h"
#include "expressions/syntax/macros.h"

namespace amity::expressions {
namespace {

constexpr std::string_view kReserved[] = {"as",        "break",  "const",  "continue", "else", "for",
                                          "function",  "if",     "import", "let",      "loop", "package",
                                          "namespace", "return", "var",    "void",     "while"};

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens, const SyntaxLimits& limits)
      : source_(source), tokens_(std::move(tokens)), limits_(limits) {}

  Result<Ast> run() {
    ast_.root = TRY(expression());
    if (token().kind != TokenKind::kEnd) return unexpected("an operator or the end");
    return std::move(ast_);
  }

 private:
  using Index = Result<uint32_t>;

  const Token& token() const { return tokens_[next_]; }
  bool at(std::string_view symbol) const { return token().kind == TokenKind::kSymbol && token().text == symbol; }
  bool at_name(std::string_view name) const { return token().kind == TokenKind::kName && token().text == name; }
  bool take(std::string_view symbol) {
    if (!at(symbol)) return false;
    ++next_;
    return true;
  }
  std::unexpected<Error> wrong(std::string message, uint32_t offset) const {
    return invalid(std::move(message), place_in(source_, offset));
  }
  std::unexpected<Error> unexpected(std::string_view wanted) const {
    const bool end = token().kind == TokenKind::kEnd;
    return wrong("expected " + std::string(wanted) + (end ? ", found the end" : ""), token().at);
  }
  Result<void> expect(std::string_view symbol) {
    if (!take(symbol)) return unexpected("'" + std::string(symbol) + "'");
    return {};
  }

  Index add(Node node) {
    for (uint32_t child : node.children) node.depth = std::max(node.depth, ast_.nodes[child].depth + 1);
    if (node.depth > limits_.max_depth) {
      return fail(Code::kLimit, "nested too deeply: split the expression", place_in(source_, node.at));
    }
    if (ast_.nodes.size() >= limits_.max_nodes) {
      return fail(Code::kLimit, "too many parts: split the expression", place_in(source_, node.at));
    }
    ast_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(ast_.nodes.size() - 1);
  }
  Index call(std::string_view name, uint32_t offset, std::vector<uint32_t> children) {
    return add({.kind = NodeKind::kCall, .at = offset, .text = std::string(name), .children = std::move(children)});
  }

  Index expression() {
    if (++depth_ > limits_.max_depth) {
      return fail(Code::kLimit, "nested too deeply: split the expression", place_in(source_, token().at));
    }
    auto result = ternary();
    --depth_;
    return result;
  }

  Index ternary() {
    const uint32_t condition = TRY(chain("||", 0));
    const uint32_t offset = token().at;
    if (!take("?")) return condition;
    const uint32_t then = TRY(chain("||", 0));
    TRY(expect(":"));
    const uint32_t otherwise = TRY(expression());
    return call("?:", offset, {condition, then, otherwise});
  }

  // a || b || c and a && b && c are one node each: a long list of conditions stays flat.
  Index chain(std::string_view symbol, int level) {
    const auto part = [&] { return level == 0 ? chain("&&", 1) : relation(); };
    const uint32_t first = TRY(part());
    if (!at(symbol)) return first;
    const uint32_t offset = token().at;
    std::vector<uint32_t> parts{first};
    while (take(symbol)) parts.push_back(TRY(part()));
    return call(symbol, offset, std::move(parts));
  }

  Index left_to_right(std::initializer_list<std::string_view> symbols, Index (Parser::*part)()) {
    uint32_t left = TRY((this->*part)());
    while (true) {
      const uint32_t offset = token().at;
      const auto found = std::find_if(symbols.begin(), symbols.end(), [&](auto s) { return at(s); });
      const bool is_in = symbols.size() > 3 && at_name("in");
      if (found == symbols.end() && !is_in) return left;
      ++next_;
      const uint32_t right = TRY((this->*part)());
      left = TRY(call(is_in ? "in" : *found, offset, {left, right}));
    }
  }
  Index relation() { return left_to_right({"==", "!=", "<", "<=", ">", ">="}, &Parser::addition); }
  Index addition() { return left_to_right({"+", "-"}, &Parser::product); }
  Index product() { return left_to_right({"*", "/", "%"}, &Parser::unary); }

  Index unary() {
    const uint32_t offset = token().at;
    const bool minus = at("-");
    if (!minus && !at("!")) return member();
    uint32_t count = 0;
    while (take(minus ? "-" : "!")) ++count;
    const bool literal = minus && (token().kind == TokenKind::kInt || token().kind == TokenKind::kDouble);
    if (literal) --count;
    uint32_t operand = literal ? TRY(members_of(TRY(number(true)))) : TRY(member());
    if (count > limits_.max_depth) return wrong("too many signs", offset);
    for (uint32_t i = 0; i < count; ++i) operand = TRY(call(minus ? "-x" : "!", offset, {operand}));
    return operand;
  }

  Index member() { return members_of(TRY(primary())); }

  Index members_of(uint32_t object) {
    while (true) {
      const uint32_t offset = token().at;
      if (take(".")) {
        object = TRY(select_or_call(object));
      } else if (take("[")) {
        const bool optional = take("?");
        const uint32_t index = TRY(expression());
        TRY(expect("]"));
        object = TRY(call(optional ? "[?]" : "[]", offset, {object, index}));
      } else if (at("{") && is_type_name(object)) {
        object = TRY(message(object));
      } else {
        return object;
      }
    }
  }

  bool is_type_name(uint32_t index) const {
    const Node& node = ast_.nodes[index];
    if (node.kind == NodeKind::kSelect) return !node.is_test && !node.is_optional && is_type_name(node.children[0]);
    return node.kind == NodeKind::kName;
  }

  Index message(uint32_t name) {
    const uint32_t offset = ast_.nodes[name].at;
    return wrong("messages are not part of this language: write a map, such as {'field': value}", offset);
  }

  Index select_or_call(uint32_t object) {
    const bool optional = take("?");
    const Token name = token();
    if (name.kind != TokenKind::kName && name.kind != TokenKind::kQuotedName) return unexpected("a field's name");
    ++next_;
    if (name.kind == TokenKind::kName && name.text == "in")
      return wrong("'in' is an operator: quote it as `in`", name.at);
    if (!optional && name.kind == TokenKind::kName && at("(")) return member_call(object, name);
    return add(
        {.kind = NodeKind::kSelect, .is_optional = optional, .at = name.at, .text = name.text, .children = {object}});
  }

  Index member_call(uint32_t object, const Token& name) {
    std::vector<uint32_t> children = TRY(arguments());
    children.insert(children.begin(), object);
    Node node{
        .kind = NodeKind::kCall, .is_member = true, .at = name.at, .text = name.text, .children = std::move(children)};
    return add(TRY(expand_macro(ast_, std::move(node), source_)));
  }

  Result<std::vector<uint32_t>> arguments() {
    TRY(expect("("));
    std::vector<uint32_t> parts;
    if (take(")")) return parts;
    do {
      parts.push_back(TRY(expression()));
    } while (take(","));
    TRY(expect(")"));
    return parts;
  }

  Index primary() {
    const Token& here = token();
    switch (here.kind) {
      case TokenKind::kInt:
      case TokenKind::kUint:
      case TokenKind::kDouble: return number(false);
      case TokenKind::kString: ++next_; return constant(Value::text(here.text), here.at);
      case TokenKind::kBytes: ++next_; return constant(Value::bytes(here.text), here.at);
      case TokenKind::kName: return name(false);
      default: break;
    }
    if (take("(")) {
      const uint32_t inner = TRY(expression());
      TRY(expect(")"));
      return inner;
    }
    if (at("[")) return list();
    if (at("{")) return map();
    if (take(".")) return name(true);
    return unexpected("a value");
  }

  Index constant(Value value, uint32_t offset) {
    return add({.kind = NodeKind::kConstant, .at = offset, .constant = std::move(value)});
  }

  Index number(bool negative) {
    const Token here = token();
    ++next_;
    if (here.kind == TokenKind::kDouble) return constant(Value::number(negative ? -here.number : here.number), here.at);
    const bool hex = here.text.size() > 2 && (here.text[1] | 0x20) == 'x';
    uint64_t magnitude = 0;
    const char* begin = here.text.data() + (hex ? 2 : 0);
    const auto [end, error] = std::from_chars(begin, here.text.data() + here.text.size(), magnitude, hex ? 16 : 10);
    if (error != std::errc{}) return wrong("a whole number beyond 64 bits", here.at);
    if (here.kind == TokenKind::kUint) return constant(Value::unsigned_integer(magnitude), here.at);
    if (magnitude > uint64_t{1} << 63 || (magnitude == uint64_t{1} << 63 && !negative)) {
      return wrong("a whole number beyond 64 bits", here.at);
    }
    return constant(Value::integer(static_cast<int64_t>(negative ? 0 - magnitude : magnitude)), here.at);
  }

  Index name(bool rooted) {
    const Token here = token();
    if (here.kind != TokenKind::kName) return unexpected("a name");
    ++next_;
    if (!rooted && here.text == "true") return constant(Value::boolean(true), here.at);
    if (!rooted && here.text == "false") return constant(Value::boolean(false), here.at);
    if (!rooted && here.text == "null") return constant(Value::null(), here.at);
    if (here.text == "in") return unexpected("a value");
    if (std::find(std::begin(kReserved), std::end(kReserved), here.text) != std::end(kReserved)) {
      return wrong("'" + here.text + "' is a reserved word", here.at);
    }
    Node node{.kind = NodeKind::kName, .is_rooted = rooted, .at = here.at, .text = here.text};
    if (!at("(")) return add(std::move(node));
    node.kind = NodeKind::kCall;
    node.children = TRY(arguments());
    return add(TRY(expand_macro(ast_, std::move(node), source_)));
  }

  Index list() {
    Node node{.kind = NodeKind::kList, .at = token().at};
    ++next_;
    while (!at("]")) {
      node.optional_parts.push_back(take("?"));
      node.children.push_back(TRY(expression()));
      if (!take(",")) break;
    }
    TRY(expect("]"));
    return add(std::move(node));
  }

  Index map() {
    Node node{.kind = NodeKind::kMap, .at = token().at};
    ++next_;
    while (!at("}")) {
      node.optional_parts.push_back(take("?"));
      node.children.push_back(TRY(expression()));
      TRY(expect(":"));
      node.children.push_back(TRY(expression()));
      if (!take(",")) break;
    }
    TRY(expect("}"));
    return add(std::move(node));
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  SyntaxLimits limits_;
  Ast ast_;
  size_t next_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace

Result<Ast> parse(std::string_view source, const SyntaxLimits& limits) {
  return Parser(source, TRY(lex(source)), limits).run();
}

}  // namespace amity::expressions
