#include "cel/evaluator.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/parser.h"
#include "support/evaluate_both.h"
#include "value/json.h"

namespace streamer::cel {
namespace {

std::string Evaluate(std::string_view text) {
  Arena arena;
  Tree tree = Parse(text).value();
  const Value bindings[] = {ParseJson(R"({"a":1})", arena).value()};
  return support::Show(
      SlowEvaluate(tree.root(), Variables({"doc"}), bindings, arena));
}

TEST(SlowEvaluateTest, WhatProgramRefusesIsAnErrorValue) {
  EXPECT_EQ(Evaluate("dco.a"), "error: undeclared reference to 'dco'");
  EXPECT_EQ(Evaluate("now()"), "error: undeclared reference to 'now'");
  EXPECT_EQ(Evaluate("doc.upper()"), "error: undeclared reference to 'upper'");
  EXPECT_EQ(Evaluate("size(doc, doc)"),
            "error: undeclared reference to 'size'");
  EXPECT_EQ(Evaluate("doc.a == 1 || dco.a"), "true");
  EXPECT_EQ(Evaluate("'a'.matches('(')"),
            "error: invalid pattern '(': missing ): (");
}

TEST(SlowEvaluateTest, AVariableHidesATypeOfTheSameName) {
  Arena arena;
  const Value bindings[] = {Value::Int(7)};
  Tree tree = Parse("int + int(1)").value();
  EXPECT_EQ(support::Show(
                SlowEvaluate(tree.root(), Variables({"int"}), bindings, arena)),
            "8");
  Program program = Program::Compile(tree, Variables({"int"})).value();
  EXPECT_EQ(support::Show(program.Evaluate(bindings, arena)), "8");
}

TEST(SlowEvaluateTest, AVariableHidesATypeThatBeginsWithItsName) {
  Arena arena;
  const Value bindings[] = {
      ParseJson(R"({"protobuf":{"Timestamp":"field"}})", arena).value()};
  Tree tree = Parse("google.protobuf.Timestamp").value();
  Variables variables({"google"});
  EXPECT_EQ(
      support::Show(SlowEvaluate(tree.root(), variables, bindings, arena)),
      "\"field\"");
  Program program = Program::Compile(tree, variables).value();
  EXPECT_EQ(support::Show(program.Evaluate(bindings, arena)), "\"field\"");
}

}  // namespace
}  // namespace streamer::cel
