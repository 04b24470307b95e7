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
  static PredicateRecord Term(const Value& constant,
                              Answer wanted = Answer::kTrue) {
    PredicateRecord record;
    record.path = kPath;
    record.test = RecordTest::kTerm;
    record.ordering = PredicateKind::kEqual;
    record.wanted = wanted;
    record.reference = {
        0, wanted == Answer::kTrue ? CellOfTerm(constant) : CellSet{0}};
    return record;
  }
  // The first predicate of the only conjunction of `expression`.
  PredicateRecord Shared(const std::string& expression) {
    filters_.push_back(
        Filter::Compile({.conditions = {}, .expression = expression}).value());
    PredicateRecord record;
    record.path = kPath;
    record.test = RecordTest::kShared;
    const Predicate& predicate =
        filters_.back()->conjunctions().front().predicates.front();
    record.ordering = predicate.kind;
    record.wanted = predicate.wanted;
    record.reference = {0, CellsAskedBy(predicate)};
    return record;
  }
  static std::vector<Constraint> Read(
      const std::vector<PredicateRecord>& records) {
    HungConjunction hung;
    hung.SetRecords(records);
    std::vector<Constraint> constraints(3);  // what stood there before goes
    ReadConstraints(hung, constraints);
    return constraints;
  }

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

}  // namespace
}  // namespace streamer
