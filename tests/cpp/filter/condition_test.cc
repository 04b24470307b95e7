#include "filter/condition.h"

#include <gtest/gtest.h>
#include <array>

namespace streamer {
namespace {

struct SpellingCase {
  Operator op;
  std::string_view symbol;
  std::string_view word;
};

constexpr std::array<SpellingCase, 8> kSpellings = {{
    {Operator::kEqual, "==", "eq"},
    {Operator::kNotEqual, "!=", "ne"},
    {Operator::kGreater, ">", "gt"},
    {Operator::kGreaterEqual, ">=", "gte"},
    {Operator::kLess, "<", "lt"},
    {Operator::kLessEqual, "<=", "lte"},
    {Operator::kIn, "in", "in"},
    {Operator::kContains, "contains", "array-contains"},
}};

TEST(OperatorTest, BothSpellingsAreReadAndTheSymbolIsWritten) {
  for (const SpellingCase& spelling : kSpellings) {
    EXPECT_EQ(ParseOperator(spelling.symbol).value(), spelling.op);
    EXPECT_EQ(ParseOperator(spelling.word).value(), spelling.op);
    EXPECT_EQ(Format(spelling.op), spelling.symbol);
  }
}

TEST(OperatorTest, AnotherSpellingIsRefusedWithTheListOfThoseThereAre) {
  EXPECT_EQ(MessageOf(ParseOperator("=~").status()),
            "expected one of \"==\", \"eq\", \"!=\", \"ne\", \">\", \"gt\", "
            "\">=\", \"gte\", \"<\", \"lt\", \"<=\", \"lte\", \"in\", "
            "\"contains\", \"array-contains\", got \"=~\"");
  EXPECT_EQ(ParseOperator("EQ").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(ParseOperator("").ok());
}

}  // namespace
}  // namespace streamer
