#include "index/internal/constraint.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "filter/filter.h"
#include "value/containers.h"

namespace streamer {
namespace {

constexpr PathId kPath{4};
constexpr float kInfinity = Constraint::kInfinity;

class ConstraintTest : public testing::Test {
 protected:
  static PredicateRecord Number(PredicateKind ordering, double number,
                                Answer wanted = Answer::kTrue) {
    PredicateRecord record;
    record.path = kPath;
    record.test = RecordTest::kNumber;
    record.ordering = ordering;
    record.wanted = wanted;
    record.number = number;
    return record;
  }
  PredicateRecord Term(const Value& constant, Answer wanted = Answer::kTrue) {
    PredicateRecord record;
    record.path = kPath;
    record.test = RecordTest::kTerm;
    record.wanted = wanted;
    record.reference = terms_.Acquire(kPath, constant).value();
    return record;
  }
  // The first predicate of the only conjunction of `expression`.
  PredicateRecord Shared(const std::string& expression) {
    filters_.push_back(
        Filter::Compile({.conditions = {}, .expression = expression}).value());
    PredicateRecord record;
    record.path = kPath;
    record.test = RecordTest::kShared;
    record.reference =
        shared_
            .Acquire(filters_.back()->conjunctions().front().predicates.front())
            .value();
    return record;
  }
  std::vector<Constraint> Read(const std::vector<PredicateRecord>& records) {
    HungConjunction hung;
    hung.SetRecords(records);
    std::vector<Constraint> constraints(3);  // what stood there before goes
    ConstraintReader(terms_, shared_).Read(hung, constraints);
    return constraints;
  }

  TermTable terms_;
  SharedPredicates shared_;
  std::vector<std::shared_ptr<const Filter>> filters_;
};

TEST_F(ConstraintTest, OrderingsOfOneNumberAreOneRange) {
  const auto constraints = Read({Number(PredicateKind::kGreaterEqual, 3),
                                 Number(PredicateKind::kLess, 7.5),
                                 Number(PredicateKind::kGreater, 4)});
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].kind, ConstraintKind::kNumber);
  EXPECT_EQ(constraints[0].path, kPath);
  EXPECT_EQ(constraints[0].low, 4.0f);
  EXPECT_EQ(constraints[0].high, 7.5f);
  EXPECT_FALSE(constraints[0].holds_other);
}

TEST_F(ConstraintTest, ARefusedOrderingBoundsTheOtherWayAndHoldsForNaN) {
  const auto constraints =
      Read({Number(PredicateKind::kLess, 3, Answer::kFalse)});
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].low, 3.0f);
  EXPECT_EQ(constraints[0].high, kInfinity);
  EXPECT_TRUE(constraints[0].holds_other);
  const auto both = Read({Number(PredicateKind::kLess, 3, Answer::kFalse),
                          Number(PredicateKind::kLess, 9)});
  ASSERT_EQ(both.size(), 1u);
  EXPECT_FALSE(both[0].holds_other);
}

TEST_F(ConstraintTest, AConstantAllowsItsCell) {
  const auto constraints = Read({Term(Value::String("x"))});
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].kind, ConstraintKind::kTerm);
  EXPECT_EQ(constraints[0].cells, CellOfTerm(Value::String("x")));
  EXPECT_EQ(Read({Term(Value::String("y"), Answer::kFalse)}).size(), 0u);
}

TEST_F(ConstraintTest, OneOfSeveralConstantsAllowsTheCellsOfAll) {
  const auto constraints = Read({Shared("doc.a in [1, 'b', null]")});
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].cells, CellOfTerm(Value::Int(1)) |
                                      CellOfTerm(Value::String("b")) |
                                      CellOfTerm(Value::Null()));
}

TEST_F(ConstraintTest, WhatHasNoCellSaysNothing) {
  EXPECT_EQ(Read({Shared("doc.a in [1, [2]]")}).size(), 0u);
  EXPECT_EQ(Read({Shared("doc.a == [2]")}).size(), 0u);
  EXPECT_EQ(Read({Shared("doc.a.startsWith('x')")}).size(), 0u);
  EXPECT_EQ(Read({Shared("!(doc.a in [1, 2])")}).size(), 0u);
}

TEST_F(ConstraintTest, OfSeveralMembersTheFirstIsMeant) {
  const auto constraints = Read({Shared("'x' in doc.a"), Shared("7 in doc.a")});
  ASSERT_EQ(constraints.size(), 1u);
  EXPECT_EQ(constraints[0].kind, ConstraintKind::kMember);
  EXPECT_EQ(constraints[0].cells, CellOfTerm(Value::String("x")));
}

TEST_F(ConstraintTest, EqualNumbersShareACellWhateverTheirType) {
  EXPECT_EQ(CellOfTerm(Value::Int(5)), CellOfTerm(Value::Double(5)));
  EXPECT_EQ(CellOfTerm(Value::Uint(5)), CellOfTerm(Value::Double(5)));
  EXPECT_EQ(CellOfTerm(Value::Double(-0.0)), CellOfTerm(Value::Int(0)));
  const std::int64_t large = std::int64_t{1} << 53;
  EXPECT_EQ(CellOfTerm(Value::Int(large + 1)),
            CellOfTerm(Value::Double(static_cast<double>(large))));
}

TEST_F(ConstraintTest, ConstantsSpreadOverAllCells) {
  std::vector<int> count(kCells);
  for (int i = 0; i < 1'600; ++i) {
    const std::string text = "value-" + std::to_string(i);
    ++count[static_cast<std::size_t>(
        std::countr_zero(CellOfTerm(Value::String(text))))];
  }
  for (int of_cell : count) EXPECT_GT(of_cell, 50);
}

TEST_F(ConstraintTest, ContainersAndNaNHaveNoCell) {
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
