#include "index/internal/access.h"

#include <gtest/gtest.h>

#include <string>

namespace streamer {
namespace {

class AccessTest : public testing::Test {
 protected:
  // The only conjunction of `expression`; valid until the next call.
  const Conjunction& ConjunctionOf(const std::string& expression) {
    filter_ =
        Filter::Compile({.conditions = {}, .expression = expression}).value();
    EXPECT_EQ(filter_->conjunctions().size(), 1u) << expression;
    return filter_->conjunctions()[0];
  }
  Access Choose(const std::string& expression) {
    return AccessChooser(paths_, terms_).Choose(ConjunctionOf(expression));
  }
  // `uses` filters that name `constant` at doc.`field`.
  void Name(const std::string& field, const Value& constant, int uses) {
    for (int i = 0; i < uses; ++i) {
      const PathId path =
          paths_.Acquire(FilterVariable::kDoc, FieldPath::Parse(field).value());
      terms_.Acquire(path, constant);
      ++paths_[path].term_references;
    }
  }

  PathTrie paths_;
  TermTable terms_;
  std::shared_ptr<const Filter> filter_;
};

struct KindCase {
  std::string expression;
  AccessKind kind;
};

TEST_F(AccessTest, EveryPredicateOffersTheNarrowestWayThereIs) {
  for (const KindCase& test : std::vector<KindCase>{
           {"doc.a == 1", AccessKind::kEquality},
           {"doc.a", AccessKind::kEquality},
           {"!doc.a", AccessKind::kEquality},
           {"doc.a in [1, 'x']", AccessKind::kEquality},
           {"doc.a == [1]", AccessKind::kPresent},
           {"doc.a in [1, [2]]", AccessKind::kPresent},
           {"doc.a != 1", AccessKind::kPresent},
           {"!(doc.a in [1, 2])", AccessKind::kPresent},
           {"'x' in doc.a", AccessKind::kMember},
           {"[1] in doc.a", AccessKind::kPresent},
           {"!('x' in doc.a)", AccessKind::kPresent},
           {"doc.a < 5", AccessKind::kNumbers},
           {"!(doc.a < 5)", AccessKind::kNumbers},
           {"doc.a < 'x'", AccessKind::kTexts},
           {"doc.a < 5 && doc.b == 1", AccessKind::kEquality},
           {"doc.a < 5 && doc.b < 7", AccessKind::kCells},
           {"doc.a < 5 && doc.a > 1", AccessKind::kNumbers},
           {"!(doc.a < 5) && doc.b < 'x'", AccessKind::kNumbers},
           {"doc.a.startsWith('x')", AccessKind::kLiteral},
           {"doc.a.endsWith('x')", AccessKind::kLiteral},
           {"doc.a.endsWith('')", AccessKind::kPresent},
           {"!doc.a.startsWith('x')", AccessKind::kPresent},
           {"doc.a.contains('x')", AccessKind::kLiteral},
           {"!doc.a.contains('x')", AccessKind::kPresent},
           {"doc.a < true", AccessKind::kPresent},
           {"has(doc.a)", AccessKind::kPresent},
           {"!has(doc.a)", AccessKind::kScan},
           {"doc.a < doc.b", AccessKind::kScan},
           {"size(doc.a) > 1", AccessKind::kNumbers},
           {"doc.a + doc.b == 1", AccessKind::kEquality},
           {"'x' in doc.a.split(',')", AccessKind::kMember},
           {"doc.a in []", AccessKind::kNever},
           {"doc.a > 5 && doc.a <= 4", AccessKind::kNever},
       }) {
    EXPECT_EQ(Choose(test.expression).kind, test.kind) << test.expression;
    EXPECT_EQ(IsScanned(ConjunctionOf(test.expression)),
              test.kind == AccessKind::kScan)
        << test.expression;
  }
}

TEST_F(AccessTest, AConstantThatManyFiltersNameIsTakenToBeCommon) {
  Name("status", Value::String("active"), 90);
  Name("status", Value::String("gone"), 10);
  EXPECT_EQ(Choose("doc.status == 'active' && doc.price > 5").predicate, 1u);
  EXPECT_EQ(Choose("doc.status == 'gone' && doc.price > 5").predicate, 0u);
  EXPECT_EQ(Choose("doc.status == 'active' && doc.key == 'k'").predicate, 1u);
}

TEST_F(AccessTest, AllOrderingsOfOnePathAreOneInterval) {
  const Conjunction& conjunction = ConjunctionOf(
      "doc.a > 1 && doc.b > 7 && !(doc.a >= 9) && doc.a <= 20 && doc.a > 2.5");
  const NumberInterval interval =
      NumberIntervalOf(conjunction, {AccessKind::kNumbers, 0, 1});
  EXPECT_EQ(interval.low.number, 2.5);
  EXPECT_EQ(interval.high.number, 9);
  EXPECT_FALSE(interval.holds_nan);
}

TEST_F(AccessTest, OnlyOrderingsThatAreAllWantedFalseHoldForNan) {
  const Access access{AccessKind::kNumbers, 0, 1};
  EXPECT_TRUE(
      NumberIntervalOf(ConjunctionOf("!(doc.a < 1) && !(doc.a > 5)"), access)
          .holds_nan);
  EXPECT_FALSE(
      NumberIntervalOf(ConjunctionOf("!(doc.a < 1) && doc.a <= 5"), access)
          .holds_nan);
  // Nothing but NaN is neither at least 5 nor at most 1, and NaN is.
  EXPECT_EQ(Choose("!(doc.a < 5) && !(doc.a > 1)").kind, AccessKind::kNumbers);
}

TEST_F(AccessTest, OrderingsOfOneTextNarrowEachOther) {
  const TextInterval interval =
      TextIntervalOf(ConjunctionOf("doc.s >= 'ab' && doc.s < 'abx'"),
                     {AccessKind::kTexts, 0, 1});
  EXPECT_EQ(interval.low, (TextBound{"ab", false}));
  EXPECT_EQ(interval.high, (TextBound{"abx", false}));
}

TEST_F(AccessTest, AKeyIsReachedByEveryValueThatSatisfiesIt) {
  const Conjunction& conjunction = ConjunctionOf(
      "doc.a == 1 && doc.b in [1, 2, 3, 4, 5] && 'x' in doc.c && doc.d < 5 && "
      "!(doc.e < 5) && doc.f.contains('x') && doc.g != 1 && doc.h < 'x'");
  const Offers offers = OffersOf(conjunction);
  std::string keys;
  for (std::uint32_t i = 0; i < conjunction.predicates.size(); ++i) {
    if (offers[i].is_key) {
      keys += conjunction.predicates[i].path.segments().front();
    }
  }
  // Not: five places for one conjunction, one that NaN satisfies, any value
  // but one, and an interval of texts.
  EXPECT_EQ(keys, "acdf");
}

TEST_F(AccessTest, ReachingProvesEqualitiesAndClosedBoundsOnly) {
  auto is_proven = [&](const std::string& expression, std::uint32_t index) {
    const Conjunction& conjunction = ConjunctionOf(expression);
    const Access access = AccessChooser(paths_, terms_).Choose(conjunction);
    return IsProvenByAccess(conjunction, index, access);
  };
  EXPECT_TRUE(is_proven("doc.a == 1", 0));
  EXPECT_TRUE(is_proven("doc.a in [1, 2]", 0));
  EXPECT_TRUE(is_proven("'x' in doc.a", 0));
  EXPECT_TRUE(is_proven("has(doc.a)", 0));
  EXPECT_TRUE(is_proven("doc.a >= 1", 0));
  EXPECT_TRUE(is_proven("!(doc.a > 1)", 0));
  EXPECT_TRUE(is_proven("doc.a >= 1 && doc.a <= 5", 1));
  EXPECT_FALSE(is_proven("doc.a > 1", 0));
  EXPECT_FALSE(is_proven("!(doc.a >= 1)", 0));
  EXPECT_FALSE(is_proven("doc.a >= 1 && doc.b >= 5", 1));
  EXPECT_FALSE(is_proven("doc.a == 9007199254740993", 0));
  EXPECT_FALSE(is_proven("doc.a >= 9007199254740993", 0));
  EXPECT_FALSE(is_proven("doc.a >= 'x'", 0));
  EXPECT_FALSE(is_proven("doc.a == 1 && doc.b == 1", 1));
  EXPECT_FALSE(is_proven("doc.a != 1", 0));
}

}  // namespace
}  // namespace streamer
