#include "filter/filter_input.h"

#include <gtest/gtest.h>

namespace streamer {
namespace {

TEST(FilterInputTest, EveryVariableHasItsNameAtItsPlace) {
  const cel::Variables& variables = FilterVariables();
  ASSERT_EQ(variables.names().size(), kFilterVariableCount);
  auto place = [&](std::string_view name) { return variables.Find(name); };
  auto number = [](FilterVariable variable) {
    return static_cast<std::size_t>(variable);
  };
  EXPECT_EQ(place("doc"), number(FilterVariable::kDoc));
  EXPECT_EQ(place("data"), number(FilterVariable::kData));
  EXPECT_EQ(place("before"), number(FilterVariable::kBefore));
  EXPECT_EQ(place("op"), number(FilterVariable::kOp));
  EXPECT_EQ(place("tenant"), number(FilterVariable::kTenant));
  EXPECT_EQ(place("collection"), number(FilterVariable::kCollection));
  EXPECT_EQ(place("id"), number(FilterVariable::kId));
  EXPECT_EQ(place("timestamp"), number(FilterVariable::kTimestamp));
}

TEST(FilterInputTest, ValuesAreNullUntilSet) {
  FilterInput input;
  EXPECT_TRUE(input[FilterVariable::kBefore].is(ValueKind::kNull));
  input[FilterVariable::kOp] = Value::String("insert");
  EXPECT_EQ(input.values[3].text(), "insert");
}

}  // namespace
}  // namespace streamer
