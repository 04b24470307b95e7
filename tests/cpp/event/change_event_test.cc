#include "event/change_event.h"

#include <gtest/gtest.h>

namespace streamer {
namespace {

TEST(ChangeEventTest, OperationsHaveTheNamesThatFiltersCompareWith) {
  EXPECT_EQ(NameOf(Operation::kInsert), "insert");
  EXPECT_EQ(NameOf(Operation::kUpdate), "update");
  EXPECT_EQ(NameOf(Operation::kDelete), "delete");
}

TEST(ChangeEventTest, SourceOperationsHaveTheNamesOfTheWire) {
  EXPECT_EQ(NameOf(SourceOperation::kInsert), "insert");
  EXPECT_EQ(NameOf(SourceOperation::kUpdate), "update");
  EXPECT_EQ(NameOf(SourceOperation::kReplace), "replace");
  EXPECT_EQ(NameOf(SourceOperation::kDelete), "delete");
}

TEST(ChangeEventTest, ClusterTimeOrdersBySecondsThenIncrement) {
  EXPECT_LT((ClusterTime{1, 9}), (ClusterTime{2, 0}));
  EXPECT_LT((ClusterTime{2, 0}), (ClusterTime{2, 1}));
}

}  // namespace
}  // namespace streamer
