#include "cel/tree_builder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "cel/parser.h"
#include "cel/printer.h"
#include "support/random_expression.h"
#include "value/json.h"

namespace streamer::cel {
namespace {

std::string IdentityOf(const Expr& node) {
  std::string key;
  AppendIdentity(node, key);
  return key;
}

TEST(TreeBuilderTest, BuildsWhatTheParserReads) {
  TreeBuilder builder;
  const Expr* doc = builder.Identifier("doc");
  const Expr* text = builder.Literal(Value::String("a"));
  const Expr* root = builder.Call(
      operators::kAnd, {builder.Call(operators::kGreaterEqual,
                                     {builder.Select(doc, "price"),
                                      builder.Literal(Value::Int(10))}),
                        builder.MemberCall(builder.Select(doc, "name"),
                                           "startsWith", std::span(&text, 1))});
  EXPECT_EQ(Print(*root), "doc.price >= 10 && doc.name.startsWith(\"a\")");
  EXPECT_EQ(IdentityOf(Parse(Print(*root))->root()), IdentityOf(*root));
}

TEST(TreeBuilderTest, NothingCanBeInjected) {
  TreeBuilder builder;
  std::string hostile = "x\" || true || \"\\";
  const Expr* root = builder.Call(
      operators::kEqual, {builder.Select(builder.Identifier("doc"), hostile),
                          builder.Literal(Value::String(hostile))});
  Tree parsed = Parse(Print(*root)).value();
  EXPECT_EQ(IdentityOf(parsed.root()), IdentityOf(*root));
}

TEST(TreeBuilderTest, EveryValueBecomesAnExpressionThatMakesIt) {
  Arena arena;
  struct Case {
    Value value;
    std::string_view printed;
  };
  const Value parts[] = {Value::Int(1), Value::Double(std::nan(""))};
  ListValue list(parts);
  const Case cases[] = {
      {Value::Null(), "null"},
      {Value::Int(-1), "-1"},
      {ParseJson(R"([1,"a",[null]])", arena).value(), R"([1, "a", [null]])"},
      {ParseJson(R"({"a":{"b":[1]}})", arena).value(), R"({"a": {"b": [1]}})"},
      {ParseJson(R"([{"a":1}])", arena).value(), R"([{"a": 1}])"},
      {Value::List(&list), R"([1, double("NaN")])"},
      {Value::Double(HUGE_VAL), R"(double("Infinity"))"},
      {Value::Double(-HUGE_VAL), R"(double("-Infinity"))"},
      {Value::Timestamp({0, 0}), R"(timestamp("1970-01-01T00:00:00Z"))"},
      {Value::Duration({90, 0}), R"(duration("90s"))"},
      {Value::Type("int"), "int"},
      {Value::Type("google.protobuf.Timestamp"), "google.protobuf.Timestamp"},
  };
  for (const Case& c : cases) {
    TreeBuilder builder;
    const Expr* node = builder.Literal(c.value);
    EXPECT_EQ(Print(*node), c.printed);
    EXPECT_EQ(IdentityOf(Parse(c.printed)->root()), IdentityOf(*node));
  }
}

TEST(TreeBuilderTest, ChainSplitsAsTheParserDoes) {
  for (int terms = 1; terms <= 40; ++terms) {
    TreeBuilder builder;
    std::vector<const Expr*> nodes;
    std::string text;
    for (int i = 0; i < terms; ++i) {
      std::string name = "v" + std::to_string(i);
      nodes.push_back(builder.Identifier(name));
      text += (i > 0 ? " || " : "") + name;
    }
    const Expr* chain = builder.Chain(operators::kOr, nodes);
    EXPECT_EQ(IdentityOf(Parse(text)->root()), IdentityOf(*chain));
    EXPECT_EQ(Print(*chain), text);
    EXPECT_LE(1 << (chain->depth - 1), 2 * terms) << "balanced";
  }
}

TEST(TreeBuilderTest, NodesKnowTheirDepthAndHaveDistinctIds) {
  support::Random random(support::SeedOf("NodesKnowTheirDepth"));
  SCOPED_TRACE(random.seed_note());
  support::RandomExpressions expressions(random,
                                         support::ExpressionStyle::kAnything);
  auto check = [](auto& self, const Expr& node,
                  std::set<std::uint32_t>& ids) -> int {
    int deepest = 0;
    if (node.operand != nullptr) deepest = self(self, *node.operand, ids);
    for (const Expr* argument : node.arguments) {
      deepest = std::max(deepest, self(self, *argument, ids));
    }
    EXPECT_TRUE(ids.insert(node.id).second);
    EXPECT_EQ(node.depth, deepest + 1);
    return deepest + 1;
  };
  for (int i = 0; i < 200; ++i) {
    std::set<std::uint32_t> ids;
    Tree tree = expressions.Draw(5);
    check(check, tree.root(), ids);
  }
}

TEST(TreeBuilderTest, DepthSaturates) {
  TreeBuilder builder;
  const Expr* node = builder.Identifier("a");
  for (int i = 0; i < 70'000; ++i) node = builder.Select(node, "b");
  EXPECT_EQ(node->depth, 65'535);
}

TEST(TreeBuilderTest, ACopyIsTheSameExpressionInOtherMemory) {
  std::string text = "doc.a.f([1, 'x'], {b: has(c.d)}) ? -e : [g]";
  TreeBuilder builder;
  const Expr* copy = nullptr;
  std::string identity;
  {
    Tree tree = Parse(text).value();
    identity = IdentityOf(tree.root());
    copy = builder.Copy(tree.root());
    EXPECT_EQ(copy->position.column, tree.root().position.column);
    EXPECT_EQ(copy->depth, tree.root().depth);
  }
  EXPECT_EQ(IdentityOf(*copy), identity);
  EXPECT_EQ(copy->id, builder.node_count()) << "made last";
  Tree tree = std::move(builder).Finish(copy, "text");
  EXPECT_EQ(tree.text(), "text");
  EXPECT_EQ(&tree.root(), copy);
}

TEST(TreeBuilderTest, PositionsAreThoseSet) {
  TreeBuilder builder;
  builder.set_position({.offset = 7, .line = 2, .column = 3});
  EXPECT_EQ(builder.Identifier("a")->position.offset, 7u);
  EXPECT_EQ(builder.Literal(Value::Null())->position.line, 2u);
}

}  // namespace
}  // namespace streamer::cel
