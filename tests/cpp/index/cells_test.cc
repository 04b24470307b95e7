#include "index/internal/cells.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "value/containers.h"

namespace streamer {
namespace {

TEST(CellsTest, EqualNumbersShareACellWhateverTheirType) {
  EXPECT_EQ(CellOfTerm(Value::Int(5)), CellOfTerm(Value::Double(5)));
  EXPECT_EQ(CellOfTerm(Value::Uint(5)), CellOfTerm(Value::Double(5)));
  EXPECT_EQ(CellOfTerm(Value::Double(-0.0)), CellOfTerm(Value::Int(0)));
  const std::int64_t large = std::int64_t{1} << 53;
  EXPECT_EQ(CellOfTerm(Value::Int(large + 1)),
            CellOfTerm(Value::Double(static_cast<double>(large))));
}

TEST(CellsTest, ConstantsSpreadOverAllCells) {
  std::vector<int> count(kCellCount);
  for (int i = 0; i < 1'600; ++i) {
    const std::string text = "value-" + std::to_string(i);
    ++count[static_cast<std::size_t>(
        std::countr_zero(CellOfTerm(Value::String(text))))];
  }
  for (int of_cell : count) EXPECT_GT(of_cell, 50);
}

TEST(CellsTest, ContainersAndNaNHaveNoCell) {
  EXPECT_EQ(CellOfTerm(Value::Double(std::numeric_limits<double>::quiet_NaN())),
            0);
  const std::vector<Value> items = {Value::Int(1), Value::String("b"),
                                    Value::Int(1)};
  const ListValue kept(items);
  const Value list = Value::List(&kept);
  EXPECT_EQ(CellOfTerm(list), 0);
  EXPECT_EQ(CellsOfMembers(list),
            CellOfTerm(Value::Int(1)) | CellOfTerm(Value::String("b")));
  EXPECT_EQ(CellsOfMembers(Value::String("b")), 0);
}

}  // namespace
}  // namespace streamer
