#include "index/internal/crowd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "support/random.h"
#include "value/containers.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

constexpr std::uint32_t kNumbers = 5;  // paths 0 … 4
constexpr std::uint32_t kTexts = 3;    // paths 5 … 7
constexpr std::uint32_t kPaths = kNumbers + kTexts;

// Conjunctions over a few paths, and what an event is to them.
class CrowdTest : public testing::Test {
 protected:
  struct Range {
    double low;
    double high;
  };

  ConjunctionId Add(const std::vector<PredicateRecord>& records) {
    HungConjunction hung;
    hung.SetRecords(records);
    return ConjunctionId(conjunctions_.Add(std::move(hung)));
  }
  static void AppendRange(PathId path, Range range,
                          std::vector<PredicateRecord>& records) {
    PredicateRecord record;
    record.path = path;
    record.test = RecordTest::kNumber;
    record.ordering = PredicateKind::kGreaterEqual;
    record.number = range.low;
    records.push_back(record);
    record.ordering = PredicateKind::kLess;
    record.number = range.high;
    records.push_back(record);
  }
  void AppendText(PathId path, const std::string& text,
                  std::vector<PredicateRecord>& records) {
    PredicateRecord record;
    record.path = path;
    record.test = RecordTest::kTerm;
    const Value constant = Value::String(text);
    record.reference = {terms_.Acquire(path, constant).value(),
                        CellOfTerm(constant)};
    records.push_back(record);
  }
  // Ranges and texts of some of the paths, each once.
  ConjunctionId AddRandom(Random& random) {
    std::vector<PredicateRecord> records;
    for (std::uint32_t path = 0; path < kPaths; ++path) {
      if (!random.Chance(1, 2)) continue;
      if (path < kNumbers) {
        const double low = static_cast<double>(random.Below(1'000));
        AppendRange(PathId(path),
                    {low, low + static_cast<double>(random.Below(300))},
                    records);
      } else {
        AppendText(PathId(path), "t" + std::to_string(random.Below(40)),
                   records);
      }
    }
    return Add(records);
  }

  void BeginEvent() {
    values_.clear();
    values_.reserve(kPaths);
    texts_.clear();
    texts_.reserve(kPaths);
    scratch_.BeginEvent(kPaths);
  }
  void Set(PathId path, const Value& value) {
    scratch_.SetPath(path, values_.emplace_back(value));
  }
  void SetText(PathId path, std::string text) {
    Set(path, Value::String(texts_.emplace_back(std::move(text))));
  }
  void SetRandomEvent(Random& random) {
    BeginEvent();
    for (std::uint32_t path = 0; path < kPaths; ++path) {
      if (random.Chance(1, 10)) continue;
      if ((path < kNumbers) != random.Chance(1, 20)) {
        Set(PathId(path),
            Value::Double(static_cast<double>(random.Below(1'300))));
      } else {
        SetText(PathId(path), "t" + std::to_string(random.Below(40)));
      }
    }
  }
  bool Satisfies(ConjunctionId id) {
    const HungConjunction& hung = conjunctions_[id.value()];
    for (std::uint32_t i = 0; i < hung.record_count; ++i) {
      if (!verifier_.Holds(hung.record(i), scratch_)) return false;
    }
    return true;
  }

  std::set<ConjunctionId> Possible(const Crowd& crowd) {
    std::set<ConjunctionId> possible;
    auto insert = [&](ConjunctionId id) {
      EXPECT_TRUE(possible.insert(id).second);
    };
    crowd.ForEachPossible(scratch_, insert);
    return possible;
  }
  static std::set<ConjunctionId> All(const Crowd& crowd) {
    std::set<ConjunctionId> all;
    crowd.ForEach([&](ConjunctionId id) { all.insert(id); });
    return all;
  }
  const CrowdSource& source() { return conjunctions_; }

  Pool<HungConjunction> conjunctions_;
  PathTrie paths_;
  TermTable terms_;
  SharedPredicates shared_;
  const Verifier verifier_{paths_, terms_, shared_};
  IndexScratch scratch_;
  std::vector<Value> values_;
  std::vector<std::string> texts_;
};

TEST_F(CrowdTest, WhatAnEventSatisfiesIsPossibleUnderChurn) {
  Random random(SeedOf("CrowdTest"));
  SCOPED_TRACE(random.seed_note());
  Crowd crowd;
  std::vector<ConjunctionId> live;
  std::size_t satisfied = 0;
  // Grows over several blocks, shrinks to little, grows again.
  for (const std::size_t target : {6'000u, 150u, 2'500u}) {
    while (live.size() != target) {
      const bool grows = live.size() < target;
      if (random.Chance(4, 5) == grows) {
        live.push_back(AddRandom(random));
        crowd.Insert(live.back(), source());
      } else if (!live.empty()) {
        std::swap(live[random.Below(live.size())], live.back());
        ASSERT_TRUE(crowd.Erase(live.back(), source()));
        ASSERT_FALSE(crowd.Contains(live.back()));
        conjunctions_.Remove(live.back().value());
        live.pop_back();
      }
      if (!random.Chance(1, 200)) continue;
      ASSERT_EQ(crowd.size(), live.size());
      SetRandomEvent(random);
      const std::set<ConjunctionId> possible = Possible(crowd);
      for (ConjunctionId id : live) {
        if (!Satisfies(id)) continue;
        ++satisfied;
        ASSERT_TRUE(possible.contains(id));
      }
    }
    EXPECT_EQ(All(crowd), std::set<ConjunctionId>(live.begin(), live.end()));
  }
  EXPECT_GT(satisfied, 1'000u);
}

TEST_F(CrowdTest, FewAreLeftToLookAt) {
  Random random(SeedOf("CrowdTest.Few"));
  std::vector<ConjunctionId> ids;
  for (int i = 0; i < 4'000; ++i) {
    std::vector<PredicateRecord> records;
    for (std::uint32_t path = 0; path < kNumbers; ++path) {
      const double low = static_cast<double>(random.Below(900));
      AppendRange(PathId(path), {low, low + 100}, records);
    }
    ids.push_back(Add(records));
  }
  Crowd crowd;
  crowd.InsertAll(ids, source());
  std::size_t possible = 0;
  for (int i = 0; i < 20; ++i) {
    BeginEvent();
    for (std::uint32_t path = 0; path < kNumbers; ++path) {
      Set(PathId(path),
          Value::Int(static_cast<std::int64_t>(random.Below(1'000))));
    }
    possible += Possible(crowd).size();
  }
  // Each of five columns leaves a sixth of 80,000.
  EXPECT_LT(possible, 200u);
}

TEST_F(CrowdTest, AbsentAndForeignValuesExclude) {
  std::vector<PredicateRecord> records;
  AppendRange(PathId(0), {0, 10}, records);
  AppendText(PathId(6), "x", records);
  const ConjunctionId id = Add(records);
  Crowd crowd;
  crowd.InsertAll(std::span(&id, 1), source());
  BeginEvent();
  Set(PathId(0), Value::Int(5));
  EXPECT_TRUE(Possible(crowd).empty());
  SetText(PathId(6), "x");
  EXPECT_EQ(Possible(crowd).size(), 1u);
  BeginEvent();
  SetText(PathId(0), "5");
  SetText(PathId(6), "x");
  EXPECT_TRUE(Possible(crowd).empty());
}

TEST_F(CrowdTest, MembersMayLieInAnyOfTheCellsOfAContainer) {
  const auto filter =
      Filter::Compile({.conditions = {}, .expression = "'b' in doc.a"}).value();
  PredicateRecord record;
  record.path = PathId(0);
  record.test = RecordTest::kShared;
  const Predicate& predicate = filter->conjunctions()[0].predicates[0];
  record.ordering = predicate.kind;
  record.reference = {shared_.Acquire(predicate).value(),
                      CellsAskedBy(predicate)};
  const ConjunctionId id = Add({record});
  Crowd crowd;
  crowd.InsertAll(std::span(&id, 1), source());
  const std::vector<Value> items = {Value::String("c"), Value::String("b")};
  const ListValue two(items);
  const ListValue none({});
  BeginEvent();
  Set(PathId(0), Value::List(&two));
  EXPECT_EQ(Possible(crowd).size(), 1u);
  BeginEvent();
  Set(PathId(0), Value::List(&none));
  EXPECT_TRUE(Possible(crowd).empty());
  BeginEvent();
  SetText(PathId(0), "b");
  EXPECT_TRUE(Possible(crowd).empty());
}

TEST_F(CrowdTest, NumbersAtTheEdgesOfFloatsAreNotLost) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  constexpr double kTenth = 0.1;
  std::vector<ConjunctionId> ids;
  for (const Range range :
       {Range{-kLargest, kLargest}, Range{kTenth, kTenth + 1e-12},
        Range{1e300, kLargest}, Range{-0.0, 1e-300},
        Range{16777216, 16777218}}) {
    std::vector<PredicateRecord> records;
    AppendRange(PathId(0), range, records);
    ids.push_back(Add(records));
  }
  Crowd crowd;
  crowd.InsertAll(ids, source());
  for (double number :
       {kTenth, 1e300, 2e300, 0.0, -0.0, 16777217.0, -1e308, 5e-324}) {
    BeginEvent();
    Set(PathId(0), Value::Double(number));
    const std::set<ConjunctionId> possible = Possible(crowd);
    for (ConjunctionId id : ids) {
      EXPECT_TRUE(!Satisfies(id) || possible.contains(id)) << number;
    }
  }
}

TEST_F(CrowdTest, MemoryFollowsTheConjunctions) {
  Random random(SeedOf("CrowdTest.Memory"));
  Crowd crowd;
  std::vector<ConjunctionId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(AddRandom(random));
  crowd.InsertAll(ids, source());
  const std::size_t small = crowd.memory_bytes();
  for (int i = 0; i < 6'000; ++i) {
    ids.push_back(AddRandom(random));
    crowd.Insert(ids.back(), source());
  }
  EXPECT_GT(crowd.memory_bytes(), 20 * small);
  for (; ids.size() > 100; ids.pop_back()) {
    ASSERT_TRUE(crowd.Erase(ids.back(), source()));
  }
  EXPECT_LE(crowd.memory_bytes(), 2 * small);
  for (; !ids.empty(); ids.pop_back()) {
    ASSERT_TRUE(crowd.Erase(ids.back(), source()));
  }
  EXPECT_EQ(crowd.size(), 0u);
  EXPECT_LT(crowd.memory_bytes(), 100u);
}

}  // namespace
}  // namespace streamer
