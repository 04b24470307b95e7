#include "cel/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cel/printer.h"

namespace streamer::cel {
namespace {

// The tree with every operator as a call and nothing left to precedence:
// "_&&_(a, b.c)".
std::string ShowTree(const Expr& node) {
  std::string arguments;
  for (const Expr* argument : node.arguments) {
    if (!arguments.empty()) arguments += ", ";
    arguments += ShowTree(*argument);
  }
  switch (node.kind) {
    case ExprKind::kLiteral:
      return Print(node);
    case ExprKind::kIdentifier:
      return std::string(node.name);
    case ExprKind::kSelect:
      return ShowTree(*node.operand) + (node.is_test ? ".?" : ".") +
             std::string(node.name);
    case ExprKind::kCall:
      return (node.operand != nullptr ? ShowTree(*node.operand) + "." : "") +
             std::string(node.name) + "(" + arguments + ")";
    case ExprKind::kList:
      return "[" + arguments + "]";
    case ExprKind::kMap:
      return "{" + arguments + "}";
    case ExprKind::kMessage:
      return Print(node);
    case ExprKind::kComprehension:
      return "fold(" + std::string(node.comprehension->variable) + " of " +
             ShowTree(*node.operand) + "; " + arguments + ")";
  }
  return "";
}

std::string ParseAndShow(std::string_view text) {
  auto tree = Parse(text);
  if (!tree.ok()) return std::string(MessageOf(tree.status()));
  return ShowTree(tree->root());
}

struct TreeCase {
  std::string_view text;
  std::string_view tree;
};

TEST(ParserTest, OperatorsBindAsCelSays) {
  const TreeCase cases[] = {
      {"a || b && c", "_||_(a, _&&_(b, c))"},
      {"a && b || c", "_||_(_&&_(a, b), c)"},
      {"(a || b) && c", "_&&_(_||_(a, b), c)"},
      {"a == b && c != d", "_&&_(_==_(a, b), _!=_(c, d))"},
      {"a < b == c", "_==_(_<_(a, b), c)"},
      {"a <= b", "_<=_(a, b)"},
      {"a > b", "_>_(a, b)"},
      {"a >= b", "_>=_(a, b)"},
      {"a in b in c", "@in(@in(a, b), c)"},
      {"a + b in c", "@in(_+_(a, b), c)"},
      {"a + b * c - d", "_-_(_+_(a, _*_(b, c)), d)"},
      {"a * b / c % d", "_%_(_/_(_*_(a, b), c), d)"},
      {"a - b - c", "_-_(_-_(a, b), c)"},
      {"a - (b - c)", "_-_(a, _-_(b, c))"},
      {"!a.b && !c", "_&&_(!_(a.b), !_(c))"},
      {"!a == b", "_==_(!_(a), b)"},
      {"-a.b * c", "_*_(-_(a.b), c)"},
      {"-a[0]", "-_(_[_](a, 0))"},
      {"a ? b : c", "_?_:_(a, b, c)"},
      {"a ? b : c ? d : e", "_?_:_(a, b, _?_:_(c, d, e))"},
      {"a ? (b ? c : d) : e", "_?_:_(a, _?_:_(b, c, d), e)"},
      {"a || b ? c && d : e", "_?_:_(_||_(a, b), _&&_(c, d), e)"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, AChainIsABalancedTree) {
  const TreeCase cases[] = {
      {"a && b && c", "_&&_(_&&_(a, b), c)"},
      {"a && b && c && d", "_&&_(_&&_(a, b), _&&_(c, d))"},
      {"a || b || c || d || e", "_||_(_||_(_||_(a, b), c), _||_(d, e))"},
      {"a && (b && c)", "_&&_(a, _&&_(b, c))"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, AnEvenNumberOfSignsSaysNothing) {
  const TreeCase cases[] = {
      {"!!a", "a"},           {"!!!a", "!_(a)"}, {"! ! a", "a"},
      {"--a", "a"},           {"---a", "-_(a)"}, {"!(!a)", "!_(!_(a))"},
      {"-(-a)", "-_(-_(a))"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, MembersCallsAndIndexesFollowEachOther) {
  const TreeCase cases[] = {
      {"a.b.c", "a.b.c"},
      {"a.b[c].d", "_[_](a.b, c).d"},
      {"a . b", "a.b"},
      {"f()", "f()"},
      {"f(a, b + 1)", "f(a, _+_(b, 1))"},
      {"a.f()", "a.f()"},
      {"a.b.f(c)[0].g()", "_[_](a.b.f(c), 0).g()"},
      {"\"x\".size()", "\"x\".size()"},
      {"1.size()", "1.size()"},
      {"[a][0]", "_[_]([a], 0)"},
      {"{a: b}.c", "{a, b}.c"},
      {".a.b", ".a.b"},
      {".f(a)", ".f(a)"},
      {"a.`b c`.`d-e`", "a.b c.d-e"},
      {R"(a.`b\`c`)", "a.b`c"},
      // Reserved words name fields well enough.
      {"a.package.if", "a.package.if"},
      {"has(a.b)", "a.?b"},
      {"has(a.b.c)", "a.b.?c"},
      {"has(a[0].b)", "_[_](a, 0).?b"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, ListsAndMapsMayEndInAComma) {
  const TreeCase cases[] = {
      {"[]", "[]"},
      {"[a, b]", "[a, b]"},
      {"[a, ]", "[a]"},
      {"[1, 2,]", "[1, 2]"},
      {"{}", "{}"},
      {"{a: b, c: d, }", "{a, b, c, d}"},
      {"{'a': [1, {2: 3}]}", "{\"a\", [1, {2, 3}]}"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, AListOfConstantsIsOneLiteral) {
  const std::string_view constants[] = {
      "[]", "[1]", "[1, 'a', null, true, -2, 1.5, 3u, b'x']", "[[1, 2], []]",
      "[(1)]"};
  for (std::string_view text : constants) {
    Tree tree = Parse(text).value();
    EXPECT_EQ(tree.root().kind, ExprKind::kLiteral) << text;
    EXPECT_EQ(tree.root().position.column, 1u) << text;
  }
  const std::string_view others[] = {"[a]",      "[1, a]", "[1 + 1]",   "[{}]",
                                     "[1, [a]]", "[-a]",   "[1.size()]"};
  for (std::string_view text : others) {
    EXPECT_EQ(Parse(text)->root().kind, ExprKind::kList) << text;
  }
  // Constants before the first other element keep their places.
  Tree mixed = Parse("[1, 'x', a]").value();
  EXPECT_EQ(mixed.root().arguments[1]->position.column, 5u);
  EXPECT_EQ(ShowTree(mixed.root()), "[1, \"x\", a]");
}

// Each text and the value, as the printer writes it.
TEST(ParserTest, NumbersHaveTheTypeTheyAreWrittenIn) {
  const TreeCase cases[] = {
      {"0", "0"},
      {"007", "7"},
      {"-1", "-1"},
      {"- 1", "-1"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"0x7fffffffffffffff", "9223372036854775807"},
      {"-0x8000000000000000", "-9223372036854775808"},
      {"0XfF", "255"},
      {"1u", "1u"},
      {"1U", "1u"},
      {"0xffffffffffffffffu", "18446744073709551615u"},
      {"1.5", "1.5"},
      {"-1.5", "-1.5"},
      {".5", "0.5"},
      {"1e3", "1000.0"},
      {"1E+3", "1000.0"},
      {"1.5e-3", "0.0015"},
      {"-0.0", "-0.0"},
      {"1e-999", "0.0"},
      {"null", "null"},
      {"true", "true"},
      {"false", "false"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, TextsAreReadInEveryForm) {
  struct Case {
    std::string_view text;
    ValueKind kind;
    std::string_view content;
  };
  constexpr ValueKind kString = ValueKind::kString;
  constexpr ValueKind kBytes = ValueKind::kBytes;
  const Case cases[] = {
      {R"('')", kString, ""},
      {R"("")", kString, ""},
      {R"('a"b')", kString, "a\"b"},
      {R"("a'b")", kString, "a'b"},
      {R"('日本')", kString, "日本"},
      {R"('\\\?\"\'\`\a\b\f\n\r\t\v')", kString, "\\?\"'`\a\b\f\n\r\t\v"},
      {R"('\x41\X42')", kString, "AB"},
      {R"('\xe9')", kString, "\u00e9"},
      {R"('\u00e9\U0001F600')", kString, "\u00e9\U0001F600"},
      {R"('\101\377')", kString, "A\u00ff"},
      {R"('\000')", kString, std::string_view("\0", 1)},
      {R"(r'a\n')", kString, R"(a\n)"},
      {R"(R"\")", kString, R"(\)"},
      {"'''a\n'b''c'''", kString, "a\n'b''c"},
      {"\"\"\"a\r\nb\rc\"\"\"", kString, "a\nb\nc"},
      {"\"\"\"\"\"\"", kString, ""},
      {R"("""a\"""b""")", kString, "a\"\"\"b"},
      {"r'''a\\\nb'''", kString, "a\\\nb"},
      {R"(b'a')", kBytes, "a"},
      {R"(B"日")", kBytes, "日"},
      {R"(b'\xff\377\000')", kBytes, std::string_view("\xff\xff\0", 3)},
      {R"(br'\xff')", kBytes, R"(\xff)"},
      {R"(bR"""\""")", kBytes, R"(\)"},
      {R"('// no comment')", kString, "// no comment"},
  };
  for (const Case& c : cases) {
    auto tree = Parse(c.text);
    ASSERT_TRUE(tree.ok()) << tree.status();
    ASSERT_EQ(tree->root().kind, ExprKind::kLiteral) << c.text;
    EXPECT_EQ(tree->root().literal.kind(), c.kind) << c.text;
    EXPECT_EQ(tree->root().literal.text(), c.content) << c.text;
  }
}

TEST(ParserTest, SpaceAndCommentsSeparateAndNothingMore) {
  const TreeCase cases[] = {
      {"a//x\n+b // y", "_+_(a, b)"},
      {"\t a \r\n\f+\n b ", "_+_(a, b)"},
      {"a // && b", "a"},
      {"//\na", "a"},
      {"r + b", "_+_(r, b)"},
      {"br.x", "br.x"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, PositionsCountCodePointsAndLines) {
  Tree tree = Parse("'é日'.size() +\r\n  f(1)\n   [doc.y]").value();
  const Expr& sum = tree.root();
  EXPECT_EQ(sum.position.line, 1u);
  EXPECT_EQ(sum.position.column, 13u);
  EXPECT_EQ(sum.position.offset, 15u) << "bytes";
  const Expr& index = *sum.arguments[1];
  EXPECT_EQ(index.position.line, 3u);
  EXPECT_EQ(index.position.column, 4u);
  const Expr& call = *index.arguments[0];
  EXPECT_EQ(call.position.line, 2u);
  EXPECT_EQ(call.position.column, 3u);
  const Expr& select = *index.arguments[1];
  EXPECT_EQ(select.position.column, 8u) << "of the dot";
}

TEST(ParserTest, ErrorsShowTheirPlace) {
  const TreeCase cases[] = {
      {"", "ERROR: 1:1: expected an expression, got end of text"},
      {"doc.price >=",
       "ERROR: 1:13: expected an expression, got end of text\n"
       " | doc.price >=\n"
       " | ............^"},
      {"a && && b",
       "ERROR: 1:6: expected an expression, got '&&'\n"
       " | a && && b\n"
       " | .....^"},
      {"a b",
       "ERROR: 1:3: expected end of text, got 'b'\n"
       " | a b\n"
       " | ..^"},
      {"(a",
       "ERROR: 1:3: expected ')', got end of text\n"
       " | (a\n"
       " | ..^"},
      {"a)",
       "ERROR: 1:2: expected end of text, got ')'\n"
       " | a)\n"
       " | .^"},
      {"a ? b",
       "ERROR: 1:6: expected ':', got end of text\n"
       " | a ? b\n"
       " | .....^"},
      {"a ? b ? c : d : e",
       "ERROR: 1:7: expected ':', got '?'\n"
       " | a ? b ? c : d : e\n"
       " | ......^"},
      {"[1, 2",
       "ERROR: 1:6: expected ',' or ']', got end of text\n"
       " | [1, 2\n"
       " | .....^"},
      {"[,]",
       "ERROR: 1:2: expected an expression, got ','\n"
       " | [,]\n"
       " | .^"},
      {"{a b}",
       "ERROR: 1:4: expected ':', got 'b'\n"
       " | {a b}\n"
       " | ...^"},
      {"f(a b)",
       "ERROR: 1:5: expected ',' or ')', got 'b'\n"
       " | f(a b)\n"
       " | ....^"},
      {"f(a,)",
       "ERROR: 1:5: expected an expression, got ')'\n"
       " | f(a,)\n"
       " | ....^"},
      {"a[]",
       "ERROR: 1:3: expected an expression, got ']'\n"
       " | a[]\n"
       " | ..^"},
      {"a.",
       "ERROR: 1:3: expected a field name, got end of text\n"
       " | a.\n"
       " | ..^"},
      {"a.in",
       "ERROR: 1:3: expected a field name, got 'in'\n"
       " | a.in\n"
       " | ..^"},
      {"a.1",
       "ERROR: 1:2: expected end of text, got '.1'\n"
       " | a.1\n"
       " | .^"},
      {".1.a.",
       "ERROR: 1:6: expected a field name, got end of text\n"
       " | .1.a.\n"
       " | .....^"},
      {".'a'",
       "ERROR: 1:2: expected a name, got ''a''\n"
       " | .'a'\n"
       " | .^"},
      {"for",
       "ERROR: 1:1: expected an expression, got the reserved word 'for'\n"
       " | for\n"
       " | ^"},
      {"a + package(b)",
       "ERROR: 1:5: expected an expression, got the reserved word 'package'\n"
       " | a + package(b)\n"
       " | ....^"},
      {"a = b",
       "ERROR: 1:3: expected '==', got '='\n"
       " | a = b\n"
       " | ..^"},
      {"a & b",
       "ERROR: 1:3: expected '&&', got '&'\n"
       " | a & b\n"
       " | ..^"},
      {"a | b",
       "ERROR: 1:3: expected '||', got '|'\n"
       " | a | b\n"
       " | ..^"},
      {"a # b",
       "ERROR: 1:3: expected an expression or operator, got '#'\n"
       " | a # b\n"
       " | ..^"},
      {"größe",
       "ERROR: 1:3: expected an expression or operator, got 'ö'\n"
       " | größe\n"
       " | ..^"},
      {"a == \"日本\" b",
       "ERROR: 1:11: expected end of text, got 'b'\n"
       " | a == \"日本\" b\n"
       " | ..........^"},
      {"a\n\t&& $\n",
       "ERROR: 2:5: expected an expression or operator, got '$'\n"
       " |  && $\n"
       " | ....^"},
      {"!-a",
       "ERROR: 1:2: expected an expression, got '-'\n"
       " | !-a\n"
       " | .^"},
      {"9223372036854775808",
       "ERROR: 1:1: expected a number that fits an int, got "
       "'9223372036854775808'\n"
       " | 9223372036854775808\n"
       " | ^"},
      {"-9223372036854775809",
       "ERROR: 1:1: expected a number that fits an int, got minus "
       "'9223372036854775809'\n"
       " | -9223372036854775809\n"
       " | ^"},
      {"18446744073709551616u",
       "ERROR: 1:1: expected a number that fits a uint, got "
       "'18446744073709551616u'\n"
       " | 18446744073709551616u\n"
       " | ^"},
      {"[1, 1e999]",
       "ERROR: 1:5: expected a number that fits a double, got '1e999'\n"
       " | [1, 1e999]\n"
       " | ....^"},
      {"0x1FFFFFFFFFFFFFFFF",
       "ERROR: 1:1: expected a number that fits an int, got "
       "'0x1FFFFFFFFFFFFFFFF'\n"
       " | 0x1FFFFFFFFFFFFFFFF\n"
       " | ^"},
      {"a == 'b",
       "ERROR: 1:8: expected ' to close the literal, got end of text\n"
       " | a == 'b\n"
       " | .......^"},
      {"'a\nb'",
       "ERROR: 1:3: expected ' to close the literal, got end of line\n"
       " | 'a\n"
       " | ..^"},
      {"'''a'",
       "ERROR: 1:6: expected ''' to close the literal, got end of text\n"
       " | '''a'\n"
       " | .....^"},
      {R"('a\')",
       "ERROR: 1:5: expected ' to close the literal, got end of text\n"
       " | 'a\\'\n"
       " | ....^"},
      {R"('é\q')",
       "ERROR: 1:3: expected an escape after '\\', got 'q'\n"
       " | 'é\\q'\n"
       " | ..^"},
      {"'a\\\nb'",
       "ERROR: 1:3: expected an escape after '\\', got byte 0x0A\n"
       " | 'a\\\n"
       " | ..^"},
      {R"('\x4')",
       "ERROR: 1:2: expected 2 hexadecimal digits in the escape\n"
       " | '\\x4'\n"
       " | .^"},
      {R"('\u12g4')",
       "ERROR: 1:2: expected 4 hexadecimal digits in the escape\n"
       " | '\\u12g4'\n"
       " | .^"},
      {R"('\08')",
       "ERROR: 1:2: expected 3 octal digits in the escape\n"
       " | '\\08'\n"
       " | .^"},
      {R"('\ud800')",
       "ERROR: 1:2: expected a code point that text can hold, got \\ud800\n"
       " | '\\ud800'\n"
       " | .^"},
      {R"('\U00110000')",
       "ERROR: 1:2: expected a code point that text can hold, got "
       "\\U00110000\n"
       " | '\\U00110000'\n"
       " | .^"},
      {R"(b'\u0041')",
       "ERROR: 1:3: expected an escape for bytes after '\\', got 'u'\n"
       " | b'\\u0041'\n"
       " | ..^"},
      {"a.`b",
       "ERROR: 1:5: expected ` to close the name, got end of text\n"
       " | a.`b\n"
       " | ....^"},
      {"a.`b\nc`",
       "ERROR: 1:5: expected ` to close the name, got end of line\n"
       " | a.`b\n"
       " | ....^"},
      {"a.``",
       "ERROR: 1:3: expected a field name, got an empty one\n"
       " | a.``\n"
       " | ..^"},
      {R"(a.`b\q`)",
       "ERROR: 1:5: expected an escape after '\\', got 'q'\n"
       " | a.`b\\q`\n"
       " | ....^"},
      {"has(a)",
       "ERROR: 1:5: expected a field such as a.b as the argument of has()\n"
       " | has(a)\n"
       " | ....^"},
      {"has(a.b, c)",
       "ERROR: 1:1: expected one argument of has(), got 2\n"
       " | has(a.b, c)\n"
       " | ^"},
      {"has(has(a.b))",
       "ERROR: 1:5: expected a field such as a.b as the argument of has()\n"
       " | has(has(a.b))\n"
       " | ....^"},
      {"doc.tags.exists(t.a, t == 'a')",
       "ERROR: 1:18: expected a name for the variable of the macro\n"
       " | doc.tags.exists(t.a, t == 'a')\n"
       " | .................^"},
      {"[1].map(__result__, 1)",
       "ERROR: 1:9: expected a name that does not hide the result of the "
       "macro, got '__result__'\n"
       " | [1].map(__result__, 1)\n"
       " | ........^"},
      {"a.all(k, k, true)",
       "ERROR: 1:10: expected two names that differ for the variables of the "
       "macro\n"
       " | a.all(k, k, true)\n"
       " | .........^"},
      {"cel.block(a, b)",
       "ERROR: 1:11: expected a list as the first argument of cel.block()\n"
       " | cel.block(a, b)\n"
       " | ..........^"},
      {"a.B{c}",
       "ERROR: 1:6: expected ':', got '}'\n"
       " | a.B{c}\n"
       " | .....^"},
      {"1 {}",
       "ERROR: 1:3: expected end of text, got '{'\n"
       " | 1 {}\n"
       " | ..^"},
      {"a == \xff",
       "ERROR: 1:6: expected UTF-8, got byte 0xFF\n"
       " | a == \uFFFD\n"
       " | .....^"},
  };
  for (const TreeCase& c : cases) EXPECT_EQ(ParseAndShow(c.text), c.tree);
}

TEST(ParserTest, MacrosAreWrittenOut) {
  const TreeCase cases[] = {
      {"a.all(x, p)",
       "fold(x of a; true, @not_strictly_false(@result), _&&_(@result, p), "
       "@result)"},
      {"a.exists(x, p)",
       "fold(x of a; false, @not_strictly_false(!_(@result)), "
       "_||_(@result, p), @result)"},
      {"a.exists_one(x, p)",
       "fold(x of a; 0, true, _?_:_(p, _+_(@result, 1), @result), "
       "_==_(@result, 1))"},
      {"a.map(x, t)", "fold(x of a; [], true, _+_(@result, [t]), @result)"},
      {"a.map(x, p, t)",
       "fold(x of a; [], true, _?_:_(p, _+_(@result, [t]), @result), "
       "@result)"},
      {"a.filter(x, p)",
       "fold(x of a; [], true, _?_:_(p, _+_(@result, [x]), @result), "
       "@result)"},
      {"a.transformMap(k, v, t)",
       "fold(k of a; {}, true, cel.@mapInsert(@result, k, t), @result)"},
      {"cel.bind(x, a, b)", "fold(#unused of []; a, false, x, b)"},
      {"cel.block([a], cel.index(0))", "cel.@block([a], @index0)"},
  };
  for (const TreeCase& one : cases) {
    EXPECT_EQ(ParseAndShow(one.text), one.tree) << one.text;
  }
}

TEST(ParserTest, AMacroIsOneOnlyWithItsOwnNumberOfArguments) {
  EXPECT_EQ(ParseAndShow("map(a)"), "map(a)") << "only as a member";
  EXPECT_EQ(ParseAndShow("a.map(x)"), "a.map(x)");
  EXPECT_EQ(ParseAndShow("a.bind(x, 1, x)"), "a.bind(x, 1, x)")
      << "only of cel";
}

TEST(ParserTest, OptionalEntriesAndFieldsAreRead) {
  const TreeCase cases[] = {
      {"a.?b.c", "_?._(a, \"b\").c"},
      {"a[?b]", "_[?_](a, b)"},
      {"a ? [?b] : c", "_?_:_(a, [b], c)"},
  };
  for (const TreeCase& one : cases) {
    EXPECT_EQ(ParseAndShow(one.text), one.tree) << one.text;
  }
  for (std::string_view text :
       {"[?a, b]", "{?\"k\": v, \"l\": w}", "a.B{c: 1, ?d: e}", "[1, ?2]"}) {
    EXPECT_EQ(Print(Parse(text)->root()), text);
  }
}

}  // namespace
}  // namespace streamer::cel
