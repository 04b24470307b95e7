#include "index/collection_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "value/document.h"

namespace streamer {
namespace {

class CollectionIndexTest : public testing::Test {
 protected:
  EntryId Add(const std::string& expression) {
    auto filter =
        Filter::Compile({.conditions = {}, .expression = expression}).value();
    return index_.Add(SubscriptionHandle(++last_), std::move(filter));
  }

  // Finds the candidates of a document; see scratch_.
  const std::vector<Candidate>& Find(const std::string& json) {
    document_ = Document::Parse(json).value();
    FilterInput input;
    input[FilterVariable::kDoc] = document_->root();
    index_.FindCandidates(input, scratch_);
    return scratch_.candidates;
  }

  // The predicate that the only conjunction of `expression` hangs on.
  PredicateKind AccessOf(const std::string& expression) {
    const EntryId entry = Add(expression);
    const auto access = index_.AccessPredicate(entry, 0);
    EXPECT_TRUE(access.has_value()) << expression;
    return index_.filter(entry)
        .conjunctions()[0]
        .predicates[access.value_or(0)]
        .kind;
  }

  // The path through which the only conjunction of an entry is reached.
  std::string PathOfAccess(EntryId entry) {
    const auto access = index_.AccessPredicate(entry, 0);
    if (!access.has_value()) return "";
    const Conjunction& conjunction = index_.filter(entry).conjunctions()[0];
    return conjunction.predicates[*access].path.segments().front();
  }

  CollectionIndex index_;
  IndexScratch scratch_;
  std::shared_ptr<const Document> document_;
  std::uint64_t last_ = 0;
};

TEST_F(CollectionIndexTest, EqualFiltersAreOneEntryWithSeveralSubscribers) {
  const EntryId first = Add("doc.a == 1 && doc.b == 2");
  EXPECT_EQ(Add("doc.b == 2 && doc.a == 1"), first);
  EXPECT_NE(Add("doc.a == 1.0 && doc.b == 2"), first);
  EXPECT_EQ(index_.size(), 3u);
  EXPECT_EQ(index_.filter_count(), 2u);
  EXPECT_EQ(index_.subscribers(first).size(), 2u);
}

TEST_F(CollectionIndexTest, AnEntryGoesWithItsLastSubscriber) {
  const EntryId entry = Add("doc.a == 1");
  Add("doc.a == 1");
  index_.Remove(SubscriptionHandle(1), entry);
  EXPECT_EQ(Find(R"({"a": 1})").size(), 1u);
  index_.Remove(SubscriptionHandle(2), entry);
  EXPECT_EQ(Find(R"({"a": 1})").size(), 0u);
  EXPECT_EQ(index_.filter_count(), 0u);
  EXPECT_EQ(index_.memory_bytes(), CollectionIndex().memory_bytes());
}

TEST_F(CollectionIndexTest, ACandidateIsProvenUnlessAProgramMustDecide) {
  Add("doc.a == 1");
  ASSERT_EQ(Find(R"({"a": 1})").size(), 1u);
  EXPECT_TRUE(scratch_.candidates[0].is_proven);
  const EntryId entry = Add("doc.b == 1 && size(doc.c) > 1");
  ASSERT_EQ(Find(R"({"b": 1})").size(), 1u);
  EXPECT_FALSE(scratch_.candidates[0].is_proven);
  EXPECT_EQ(scratch_.candidates[0].entry, entry);
}

TEST_F(CollectionIndexTest, AProvenEntryIsACandidateOnceWhateverProvedIt) {
  Add("doc.a == 1 || doc.b == 1 || 'x' in doc.l");
  EXPECT_EQ(Find(R"({"a": 1, "b": 1, "l": ["x", "x"]})").size(), 1u);
}

TEST_F(CollectionIndexTest, UnprovenConjunctionsAreCandidatesEach) {
  Add("(doc.a == 1 && size(doc.l) > 1) || (doc.b == 1 && size(doc.l) > 2)");
  EXPECT_EQ(Find(R"({"a": 1, "b": 1})").size(), 2u);
}

TEST_F(CollectionIndexTest, AFilterThatCanNeverMatchHangsNowhere) {
  Add("false");
  Add("doc.a in []");
  Add("doc.a > 5 && doc.a < 3");
  Add("doc.s > 'b' && doc.s < 'a'");
  Find(R"({"a": 4, "s": "ab"})");
  EXPECT_EQ(scratch_.candidates.size(), 0u);
  EXPECT_EQ(scratch_.examined, 0u);
  EXPECT_EQ(index_.filter_count(), 4u);
}

TEST_F(CollectionIndexTest, ADerivedValueIsEvaluatedOnceForAllWhoAskForIt) {
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    Add("(doc.a + doc.b) % 1009 == " + n);
    Add("(doc.a + doc.b) % 1009 > " + n + " && size(doc.l) == " + n);
  }
  EXPECT_EQ(Find(R"({"a": 1000, "b": 16, "l": [1, 2, 3]})").size(), 2u);
  EXPECT_EQ(scratch_.derived, 2u);
  EXPECT_LE(scratch_.examined, 10u);
  EXPECT_TRUE(scratch_.candidates[0].is_proven);
  EXPECT_TRUE(scratch_.candidates[1].is_proven);
  EXPECT_EQ(Find(R"({"a": "x", "b": 16})").size(), 0u);
  EXPECT_EQ(scratch_.derived, 2u);
}

TEST_F(CollectionIndexTest, WhoAsksForAValueThatIsCutOffIsACandidateCutOff) {
  const std::string costly = "size(lists.range(doc.n)) == 7";
  const EntryId first = Add(costly + " || doc.a == 1");
  const EntryId second = Add("!has(doc.b) && " + costly);
  Add("has(doc.b) && " + costly);
  Add("doc.b != 1 && !(" + costly + ")");
  Add("doc.a == 2");
  Add("!has(doc.x) && " + costly + " && size(lists.range(doc.n)) in []");
  scratch_.evaluation_budget = 500;
  Find(R"({"n": 5000, "a": 1})");
  std::vector<EntryId> cut_off;
  std::vector<EntryId> proven;
  for (const Candidate& candidate : scratch_.candidates) {
    if (candidate.is_cut_off) cut_off.push_back(candidate.entry);
    if (candidate.is_proven) proven.push_back(candidate.entry);
  }
  EXPECT_EQ(cut_off, (std::vector{first, second}));
  EXPECT_EQ(proven, std::vector{first});
  Find(R"({"n": 7})");
  EXPECT_EQ(scratch_.candidates.size(), 2u);
}

TEST_F(CollectionIndexTest, OnlyWhatCannotBeLookedUpIsScanned) {
  Add("doc.a < doc.b");
  Add("!has(doc.a)");
  Add("doc.a == doc.b || doc.c == 1");
  EXPECT_EQ(index_.scan_count(), 3u);
  Add("size(doc.a) > 1");
  Add("doc.a.contains('x')");
  Add("doc.a != 1");
  Add("has(doc.a)");
  Add("!has(doc.a) && doc.b == 1");
  EXPECT_EQ(index_.scan_count(), 3u);
  Find("{}");
  EXPECT_EQ(scratch_.examined, 3u);
}

TEST_F(CollectionIndexTest, ConjunctionsHangOnWhatNarrowsMost) {
  EXPECT_EQ(AccessOf("doc.a > 1 && doc.b == 2"), PredicateKind::kEqual);
  EXPECT_EQ(AccessOf("doc.a != 1 && doc.b > 2"), PredicateKind::kGreater);
  EXPECT_EQ(AccessOf("doc.s.contains('x') && doc.s.startsWith('ab')"),
            PredicateKind::kStartsWith);
  EXPECT_EQ(AccessOf("'x' in doc.l && doc.s.endsWith('bcd')"),
            PredicateKind::kEndsWith);
  EXPECT_EQ(AccessOf("has(doc.q) && doc.r in [1, 2, 3]"), PredicateKind::kIn);
}

TEST_F(CollectionIndexTest, ACommonConstantGivesWayToARareOne) {
  for (int i = 0; i < 200; ++i) {
    Add("doc.status == 'active' && doc.key == 'k" + std::to_string(i) + "'");
  }
  Find(R"({"status": "active", "key": "k7"})");
  EXPECT_EQ(scratch_.candidates.size(), 1u);
  EXPECT_LE(scratch_.examined, 66u);
}

// It was hung when neither constant was known to be rare; when the list of the
// one that became common was divided, it was looked at again.
TEST_F(CollectionIndexTest, AnAccessThatBecameCrowdedIsLeft) {
  const EntryId first = Add("doc.a == 1 && doc.k == 'k'");
  EXPECT_EQ(PathOfAccess(first), "a");
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    Add("doc.a == 1 && size(doc.s) == " + number);
    Add("doc.k == " + number);
  }
  EXPECT_EQ(PathOfAccess(first), "k");
  EXPECT_EQ(Find(R"({"a": 1, "k": "k"})").size(), 101u);
}

TEST_F(CollectionIndexTest, RangesUnderACommonConstantLeadToFewCandidates) {
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    Add("doc.status == 'active' && doc.price >= " + n +
        " && doc.price <= " + n);
  }
  for (int i = 0; i < 600; ++i) {
    Add("doc.other == " + std::to_string(i));
  }
  Find(R"({"status": "active", "price": 7})");
  EXPECT_EQ(scratch_.candidates.size(), 1u);
  EXPECT_LE(scratch_.examined, 66u);
}

TEST_F(CollectionIndexTest, OneEntryMatchesEverything) {
  const EntryId entry = Add("true");
  EXPECT_EQ(Add("true"), entry);
  ASSERT_EQ(Find("{}").size(), 1u);
  EXPECT_TRUE(scratch_.candidates[0].is_proven);
  index_.Remove(SubscriptionHandle(1), entry);
  index_.Remove(SubscriptionHandle(2), entry);
  EXPECT_EQ(Find("{}").size(), 0u);
}

}  // namespace
}  // namespace streamer
