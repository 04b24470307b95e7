// Tests of the generator in tests/cpp/support: a random test is worth what
// its generator reaches.
#include "support/random_expression.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "cel/functions.h"
#include "cel/printer.h"

namespace streamer::support {
namespace {

void CollectNames(const cel::Expr& node, std::set<std::string>& names) {
  static const char* const kKinds[] = {"literal", "identifier",   "select",
                                       "call",    "list",         "map",
                                       "message", "comprehension"};
  names.insert(kKinds[static_cast<int>(node.kind)]);
  if (node.is_test) names.insert("has");
  if (node.kind == cel::ExprKind::kCall) {
    std::string name(node.name);
    if (node.operand != nullptr) {
      bool is_namespaced = node.operand->kind == cel::ExprKind::kIdentifier &&
                           cel::IsFunctionNamespace(node.operand->name);
      name =
          (is_namespaced ? std::string(node.operand->name) : "") + "." + name;
    }
    names.insert(name);
  }
  if (node.comprehension != nullptr) {
    names.insert("macro " +
                 std::to_string(static_cast<int>(node.comprehension->macro)));
  }
  if (node.operand != nullptr) CollectNames(*node.operand, names);
  for (const cel::Expr* argument : node.arguments) {
    CollectNames(*argument, names);
  }
}

TEST(RandomExpressionsTest, AnythingReachesEveryConstructAndFunction) {
  Random random(1);
  RandomExpressions generator(random, ExpressionStyle::kAnything);
  std::set<std::string> names;
  for (int i = 0; i < 20000; ++i) CollectNames(generator.Draw(4).root(), names);
  for (const cel::FunctionEntry& entry : cel::AllFunctions()) {
    bool is_member = entry.style == cel::CallStyle::kMember;
    EXPECT_TRUE(names.count((is_member ? "." : "") + std::string(entry.name)))
        << entry.name;
  }
  for (const char* name :
       {"literal", "identifier", "select", "call", "list", "map",
        "comprehension", "has", "_&&_", "_||_", "_?_:_"}) {
    EXPECT_TRUE(names.count(name)) << name;
  }
  for (int macro = 1; macro <= static_cast<int>(cel::Macro::kSortBy); ++macro) {
    EXPECT_TRUE(names.count("macro " + std::to_string(macro))) << macro;
  }
}

TEST(RandomExpressionsTest, OneSeedMakesOneExpression) {
  Random first(7);
  Random second(7);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(
        cel::Print(
            RandomExpressions(first, ExpressionStyle::kFilter).Draw(4).root()),
        cel::Print(RandomExpressions(second, ExpressionStyle::kFilter)
                       .Draw(4)
                       .root()));
  }
}

TEST(RandomExpressionsTest, BindingsFitTheVariables) {
  Random random(2);
  Arena arena;
  RandomValues values(random, arena, ValueRange::kJson);
  RandomExpressions filters(random, ExpressionStyle::kFilter);
  RandomExpressions anything(random, ExpressionStyle::kAnything);
  int odd = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<Value> bindings = filters.DrawBindings(values);
    ASSERT_EQ(bindings.size(), RandomExpressions::variables().names().size());
    EXPECT_TRUE(bindings[0].is(ValueKind::kMap));
    if (!anything.DrawBindings(values)[0].is(ValueKind::kMap)) ++odd;
  }
  EXPECT_GT(odd, 5) << "a document that is no map must be met";
}

}  // namespace
}  // namespace streamer::support
