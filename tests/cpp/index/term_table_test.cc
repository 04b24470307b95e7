#include "index/internal/term_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace streamer {
namespace {

constexpr PathId kPath{3};

TEST(TermTableTest, EqualConstantsOfOnePathAreOneTerm) {
  TermTable terms;
  const TermId one = terms.Acquire(kPath, Value::Int(1));
  EXPECT_EQ(terms.Acquire(kPath, Value::Double(1.0)), one);
  EXPECT_EQ(terms.Acquire(kPath, Value::Uint(1)), one);
  EXPECT_NE(terms.Acquire(PathId(4), Value::Int(1)), one);
  EXPECT_NE(terms.Acquire(kPath, Value::Bool(true)), one);
  EXPECT_NE(terms.Acquire(kPath, Value::String("1")), one);
  EXPECT_NE(terms.Acquire(kPath, Value::Bytes("1")),
            terms.Find(kPath, Value::String("1")));
  EXPECT_EQ(terms.Acquire(kPath, Value::Double(-0.0)),
            terms.Acquire(kPath, Value::Int(0)));
}

TEST(TermTableTest, ATermOwnsItsText) {
  TermTable terms;
  TermId term;
  {
    const std::string text = "a text that is longer than any buffer";
    term = terms.Acquire(kPath, Value::String(text));
  }
  EXPECT_EQ(terms[term].value.text(), "a text that is longer than any buffer");
}

TEST(TermTableTest, ATermGoesWithItsLastReference) {
  TermTable terms;
  const TermId term = terms.Acquire(kPath, Value::String("x"));
  terms.Acquire(kPath, Value::String("x"));
  terms.Release(term);
  EXPECT_EQ(terms.Find(kPath, Value::String("x")), term);
  terms.Release(term);
  EXPECT_EQ(terms.Find(kPath, Value::String("x")), TermTable::kNone);
  EXPECT_EQ(terms.memory_bytes(), 0u);
}

TEST(TermTableTest, NumbersFromTwoTo53OnShareATermAndMustBeChecked) {
  TermTable terms;
  constexpr std::int64_t kLimit = std::int64_t{1} << 53;
  EXPECT_EQ(terms.Acquire(kPath, Value::Int(kLimit)),
            terms.Acquire(kPath, Value::Int(kLimit + 1)));
  EXPECT_EQ(LookupOf(Value::Int(kLimit)), Lookup::kChecked);
  EXPECT_EQ(LookupOf(Value::Int(-kLimit)), Lookup::kChecked);
  EXPECT_EQ(LookupOf(Value::Int(kLimit - 1)), Lookup::kExact);
  EXPECT_EQ(LookupOf(Value::Double(HUGE_VAL)), Lookup::kChecked);
}

TEST(TermTableTest, ThreeStepsFindWhatOneFinds) {
  TermTable terms;
  for (int i = 0; i < 1'000; ++i) terms.Acquire(kPath, Value::Int(i));
  for (int i = -10; i < 1'010; ++i) {
    const Value value = i % 2 == 0 ? Value::Int(i) : Value::Double(i);
    IndexScratch::TermLookup lookup{kPath};
    ASSERT_TRUE(terms.BeginFind(lookup, value));
    const TermId found = terms.Find(kPath, value);
    if (!terms.ContinueFind(lookup)) {
      EXPECT_EQ(found, TermTable::kNone);
      continue;
    }
    EXPECT_EQ(terms.EndFind(lookup, value), found);
    EXPECT_TRUE(found == TermTable::kNone ||
                &terms.Likely(lookup) == &terms[found]);
  }
  IndexScratch::TermLookup lookup{kPath};
  EXPECT_FALSE(terms.BeginFind(lookup, Value::Double(NAN)));
}

TEST(TermTableTest, WhatIsNoTermIsNeverFound) {
  TermTable terms;
  const Value nan = Value::Double(std::nan(""));
  const Value time = Value::Timestamp({0, 0});
  EXPECT_EQ(LookupOf(nan), Lookup::kNever);
  EXPECT_EQ(LookupOf(time), Lookup::kNone);
  EXPECT_EQ(terms.Find(kPath, nan), TermTable::kNone);
  EXPECT_EQ(terms.Find(kPath, time), TermTable::kNone);
}

}  // namespace
}  // namespace streamer
