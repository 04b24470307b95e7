#include "cel/variables.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cel/evaluator.h"
#include "cel/parser.h"
#include "cel/program.h"
#include "support/evaluate_both.h"

namespace streamer::cel {
namespace {

TEST(VariablesTest, NamesAloneAreDyn) {
  Variables variables({"a", "b.c"});
  EXPECT_EQ(variables.Find("b.c"), 1u);
  EXPECT_EQ(variables.Find("b"), std::nullopt);
  EXPECT_EQ(FormatType(variables.type(0)), "dyn");
  EXPECT_TRUE(variables.has_qualified_names());
  EXPECT_FALSE(Variables({"a"}).has_qualified_names());
}

TEST(VariablesTest, DeclarationsThatAreWrongAreRefused) {
  EXPECT_EQ(MessageOf(Variables::Declare({{"a", "lst("}}).status()),
            "the type of variable 'a': expected the name of a type, got end "
            "of text");
  EXPECT_EQ(
      MessageOf(Variables::Declare({{"a", "int"}, {"a", "int"}}).status()),
      "expected each variable once, got 'a' twice");
}

// Variables a, x.a, x.y.a and x.y in container x.y, bound to their own names.
std::string Evaluate(std::string_view text) {
  const std::vector<Declaration> declarations = {{"a", "dyn"},
                                                 {"x.a", "dyn"},
                                                 {"x.y.a", "dyn"},
                                                 {"x.z", "dyn"},
                                                 {"b", "dyn"}};
  Variables variables = Variables::Declare(declarations, "x.y").value();
  std::vector<Value> bindings;
  for (const Declaration& declaration : declarations) {
    bindings.push_back(Value::String(declaration.name));
  }
  Arena arena;
  Tree tree = Parse(text).value();
  auto program = Program::Compile(tree, variables);
  if (!program.ok()) return "refused";
  Value fast = program->Evaluate(bindings, arena);
  Value slow = SlowEvaluate(tree.root(), variables, bindings, arena);
  return support::MeanTheSame(fast, slow) ? support::Show(fast)
                                          : "disagreement";
}

TEST(VariablesTest, ANameIsSoughtFromTheContainerOutward) {
  EXPECT_EQ(Evaluate("a"), "\"x.y.a\"");
  EXPECT_EQ(Evaluate(".a"), "\"a\"");
  EXPECT_EQ(Evaluate("z"), "\"x.z\"");
  EXPECT_EQ(Evaluate("b"), "\"b\"");
  EXPECT_EQ(Evaluate("x.a"), "\"x.a\"");
  EXPECT_EQ(Evaluate("y.a"), "\"x.y.a\"");
  EXPECT_EQ(Evaluate(".x.y.a"), "\"x.y.a\"");
  EXPECT_EQ(Evaluate(".z"), "refused");
}

TEST(VariablesTest, AVariableOfAMacroHidesEveryOther) {
  EXPECT_EQ(Evaluate("[1].map(a, a)"), "[1]");
  EXPECT_EQ(Evaluate("[1].map(a, .a)"), "[\"a\"]");
  EXPECT_EQ(Evaluate("[{'a': 7}].map(x, x.a)"), "[7]");
  EXPECT_EQ(Evaluate("[1].map(a, [2].map(a, a))"), "[[2]]");
  EXPECT_EQ(Evaluate("[[1].map(a, a), [a]]"), "[[1], [\"x.y.a\"]]");
}

TEST(VariablesTest, AVariableHidesTypesWhoseNamesBeginWithItsOwn) {
  Variables variables({"int", "google"});
  Arena arena;
  const Value bindings[] = {Value::Int(3), Value::Null()};
  auto evaluate = [&](std::string_view text) {
    auto program = Program::Compile(Parse(text).value(), variables);
    return support::Show(program->Evaluate(bindings, arena));
  };
  EXPECT_EQ(evaluate("int"), "3");
  EXPECT_EQ(evaluate("google.protobuf.Timestamp"),
            "error: no such overload: null_type.protobuf");
}

}  // namespace
}  // namespace streamer::cel
