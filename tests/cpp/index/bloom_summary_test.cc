#include "index/bloom_summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "support/random.h"
#include "support/random_filter.h"
#include "value/document.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

std::shared_ptr<const Filter> Compiled(const std::string& expression) {
  return Filter::Compile({.conditions = {}, .expression = expression}).value();
}

// An insertion of `json`.
class Event {
 public:
  explicit Event(const std::string& json, std::string_view operation = "insert")
      : document_(Document::Parse(json).value()) {
    input_[FilterVariable::kDoc] = document_->root();
    input_[FilterVariable::kData] = document_->root();
    input_[FilterVariable::kBefore] = Value::Null();
    input_[FilterVariable::kOp] = Value::String(operation);
    input_[FilterVariable::kTenant] = Value::String("t");
    input_[FilterVariable::kCollection] = Value::String("c");
    input_[FilterVariable::kId] = Value::String("d");
    input_[FilterVariable::kTimestamp] = Value::Null();
  }
  [[nodiscard]] const FilterInput& input() const { return input_; }

 private:
  std::shared_ptr<const Document> document_;
  FilterInput input_;
};

class BloomSummaryTest : public testing::Test {
 protected:
  void Add(const std::string& expression) {
    summary_.Add(*Compiled(expression));
  }
  void Remove(const std::string& expression) {
    summary_.Remove(*Compiled(expression));
  }
  bool MayMatch(const std::string& json, std::string_view op = "insert") {
    return summary_.MayMatch(Event(json, op).input());
  }
  // Of the events asked about.
  [[nodiscard]] double FalsePositiveRate() const {
    const auto let_through = static_cast<double>(counts_.false_positives);
    return let_through /
           (let_through + static_cast<double>(counts_.turned_away));
  }

  BloomCounts counts_;
  BloomSummary summary_{{.false_positive_rate = 0.01, .rebuild_interval = 10},
                        counts_};
};

TEST_F(BloomSummaryTest, AnEmptyOneTurnsEveryEventAway) {
  EXPECT_FALSE(MayMatch(R"({"a":1})"));
  EXPECT_EQ(counts_.turned_away, 1u);
}

TEST_F(BloomSummaryTest, AnEventThatTouchesAKeyMayMatch) {
  Add("doc.room == 'r1'");
  Add("doc.n in [1, 2.5, -3]");
  Add("doc.active");
  EXPECT_TRUE(MayMatch(R"({"room":"r1"})"));
  EXPECT_TRUE(MayMatch(R"({"n":2.5})"));
  EXPECT_TRUE(MayMatch(R"({"n":-3})"));
  EXPECT_TRUE(MayMatch(R"({"active":true})"));
  EXPECT_FALSE(MayMatch(R"({"room":"r2","n":3,"active":false})"));
  EXPECT_FALSE(MayMatch(R"({"other":"r1"})"));
}

TEST_F(BloomSummaryTest, NumbersAreOneKeyWhateverTheirType) {
  Add("doc.n == 1");
  Add("doc.n == 2u");
  Add("doc.n == 3.0");
  Add("doc.n == 9007199254740993");  // 2^53 + 1
  Add("doc.n == 0");
  for (const char* number :
       {"1", "1.0", "2", "2.0", "3", "9007199254740993", "-0.0"}) {
    EXPECT_TRUE(MayMatch(absl::StrCat(R"({"n":)", number, "}"))) << number;
  }
  EXPECT_FALSE(MayMatch(R"({"n":4})"));
  EXPECT_FALSE(MayMatch(R"({"n":"1"})"));
}

TEST_F(BloomSummaryTest, OneKeyStandsForAConjunctionTheNarrowest) {
  Add("op == 'insert' && doc.active && doc.room == 'r1' && doc.n > 3");
  EXPECT_FALSE(summary_.is_always_maybe());
  EXPECT_EQ(summary_.key_count(), 1u);
  EXPECT_FALSE(MayMatch(R"({"active":true,"room":"r2","n":4})"));
  EXPECT_TRUE(MayMatch(R"({"room":"r1"})"));
}

TEST_F(BloomSummaryTest, EachSideOfAnOrHasItsKey) {
  Add("doc.room == 'r1' || doc.user == 'u1'");
  EXPECT_TRUE(MayMatch(R"({"room":"r1"})"));
  EXPECT_TRUE(MayMatch(R"({"user":"u1"})"));
  EXPECT_FALSE(MayMatch(R"({"user":"r1"})"));
}

TEST_F(BloomSummaryTest, WhatHangsElsewhereMakesItSayMaybeUntilItGoes) {
  for (const char* expression :
       {"", "doc.n > 3", "doc.name.startsWith('a')", "doc.name.contains('a')",
        "!has(doc.n)", "'a' in doc.tags", "doc.id == 'd'", "doc.n % 2 == 0",
        "doc.list == [1]", "doc.room != 'r1'",
        "doc.room == 'r1' || doc.n > 3"}) {
    Add(expression);
    EXPECT_TRUE(summary_.is_always_maybe()) << expression;
    EXPECT_TRUE(MayMatch(R"({"a":1})")) << expression;
    Remove(expression);
    EXPECT_FALSE(summary_.is_always_maybe()) << expression;
    EXPECT_FALSE(MayMatch(R"({"a":1})")) << expression;
  }
}

TEST_F(BloomSummaryTest, WhatAsksForADerivedValueMakesItSayMaybe) {
  Add("doc.a == 1");
  Add("doc.a + 1 == 3");
  EXPECT_TRUE(summary_.is_always_maybe());
  EXPECT_TRUE(MayMatch(R"({"a":2})"));
  Remove("doc.a + 1 == 3");
  EXPECT_FALSE(MayMatch(R"({"a":2})"));
}

TEST_F(BloomSummaryTest, ADeleteMayAlwaysMatch) {
  Add("doc.room == 'r1'");
  EXPECT_TRUE(MayMatch(R"({"room":"r2"})", "delete"));
  EXPECT_FALSE(MayMatch(R"({"room":"r2"})", "update"));
}

TEST_F(BloomSummaryTest, AFilterThatCanNeverMatchAddsNothing) {
  Add("false");
  EXPECT_FALSE(summary_.is_always_maybe());
  EXPECT_EQ(summary_.key_count(), 0u);
  EXPECT_FALSE(MayMatch(R"({"n":1})"));
}

TEST_F(BloomSummaryTest, VeryManyPathsMakeItSayMaybe) {
  for (int i = 0; i < 33; ++i) Add(absl::StrCat("doc.f", i, " == 1"));
  EXPECT_TRUE(summary_.is_always_maybe());
  Remove("doc.f7 == 1");
  EXPECT_FALSE(summary_.is_always_maybe());
  EXPECT_FALSE(MayMatch(R"({"f7":1})"));
  EXPECT_TRUE(MayMatch(R"({"f8":1})"));
}

TEST_F(BloomSummaryTest, AKeyStaysAsLongAsAnyFilterHasIt) {
  Add("doc.room == 'r1'");
  Add("doc.room == 'r1' && doc.n > 3");
  Remove("doc.room == 'r1'");
  EXPECT_EQ(summary_.key_count(), 1u);
  EXPECT_TRUE(MayMatch(R"({"room":"r1"})"));
}

TEST_F(BloomSummaryTest, ItGrowsWithItsKeysAndKeepsItsRate) {
  for (const int keys : {100, 1'000, 20'000}) {
    for (int i = 0; i < keys; ++i) {
      Add(absl::StrCat("doc.room == 'r", keys, "-", i, "'"));
    }
    counts_ = {};
    for (int i = 0; i < 20'000; ++i) {
      MayMatch(absl::StrCat(R"({"room":"s)", i, R"("})"));
    }
    EXPECT_LT(FalsePositiveRate(), 0.01) << keys;
    EXPECT_EQ(counts_.turned_away + counts_.false_positives, 20'000u);
  }
  // It is a Bloom filter and no table.
  EXPECT_GT(counts_.false_positives, 0u);
}

TEST_F(BloomSummaryTest, SeveralPathsTogetherKeepTheRateOfAnEvent) {
  for (int i = 0; i < 3'000; ++i) {
    for (const char* path : {"a", "b", "c", "d", "e"}) {
      Add(absl::StrCat("doc.", path, " == 'v", i, "'"));
    }
  }
  counts_ = {};
  for (int i = 0; i < 20'000; ++i) {
    const std::string value = absl::StrCat(R"(:"w)", i, R"(")");
    MayMatch(absl::StrCat(R"({"a")", value, R"(,"b")", value, R"(,"c")", value,
                          R"(,"d")", value, R"(,"e")", value, "}"));
  }
  EXPECT_LT(FalsePositiveRate(), 0.01);
  EXPECT_GT(counts_.false_positives, 0u);
}

TEST_F(BloomSummaryTest, RemovalsDegradeItUntilItIsBuiltAnew) {
  for (int i = 0; i < 4'000; ++i) Add(absl::StrCat("doc.n == ", i));
  const std::uint64_t grown = counts_.rebuilds;
  for (int i = 0; i < 3'500; ++i) Remove(absl::StrCat("doc.n == ", i));
  EXPECT_GT(counts_.rebuilds, grown);
  for (int i = 3'500; i < 4'000; ++i) {
    EXPECT_TRUE(MayMatch(absl::StrCat(R"({"n":)", i, "}"))) << i;
  }
  counts_ = {};
  for (int i = 0; i < 3'500; ++i) MayMatch(absl::StrCat(R"({"n":)", i, "}"));
  EXPECT_LT(FalsePositiveRate(), 0.5);
}

TEST_F(BloomSummaryTest, GivesAllMemoryBack) {
  const std::size_t empty = summary_.memory_bytes();
  for (int i = 0; i < 10'000; ++i) Add(absl::StrCat("doc.n == ", i));
  const std::size_t full = summary_.memory_bytes();
  EXPECT_GT(full, 10'000u);
  EXPECT_LT(full, 10'000u * 48);
  for (int i = 0; i < 10'000; ++i) Remove(absl::StrCat("doc.n == ", i));
  EXPECT_LE(summary_.memory_bytes(), empty + 64);
  EXPECT_EQ(summary_.key_count(), 0u);
  EXPECT_FALSE(MayMatch(R"({"n":1})"));
}

// Random filters, most of them equalities, come and go; whatever one of them
// matches is never turned away: by the summary nor by its bytes, in the middle
// of building another.
TEST(BloomSummaryChurnTest, NothingThatMatchesIsEverTurnedAway) {
  Random random(SeedOf("BloomSummaryChurnTest"));
  SCOPED_TRACE(random.seed_note());
  BloomCounts counts;
  BloomSummary summary({.false_positive_rate = 0.01, .rebuild_interval = 3},
                       counts);
  std::vector<std::shared_ptr<const Filter>> live;
  Arena arena;
  std::uint64_t matched = 0;
  const auto random_filter = [&] {
    std::string text;
    const std::size_t terms = 1 + random.Below(3);
    for (std::size_t i = 0; i < terms; ++i) {
      if (i > 0) text += random.Chance(1, 2) ? " && " : " || ";
      const std::string path =
          absl::StrCat("doc.", random.Pick({"a", "b.c", "d"}));
      const std::uint64_t n = random.Below(300);
      text += random.Pick(
          {absl::StrCat(path, " == ", n), absl::StrCat(path, " == ", n, ".0"),
           absl::StrCat(path, " == 's", n, "'"),
           absl::StrCat(path, " in [", n, ", ", n + 1, "u, 's']"),
           absl::StrCat(path, " == null"), path,
           random.Chance(1, 50) ? absl::StrCat(path, " > ", n)
                                : absl::StrCat(path, " == ", n, "u")});
    }
    return Compiled(text);
  };
  const auto random_value = [&] {
    const std::uint64_t n = random.Below(300);
    return random.Pick({absl::StrCat(n), absl::StrCat(n, ".0"),
                        absl::StrCat("\"s", n, "\""), std::string("null"),
                        std::string("true"), std::string("[1]")});
  };
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = (step / 1'000) % 2 == 0;
    if (live.empty() || random.Chance(grows ? 3 : 1, 4)) {
      live.push_back(random_filter());
      summary.Add(*live.back());
    } else {
      const std::size_t place = random.Below(live.size());
      summary.Remove(*live[place]);
      live[place] = live.back();
      live.pop_back();
    }
    if (step % 10 != 0) continue;
    const Event event(absl::StrCat(R"({"a":)", random_value(), R"(,"b":{"c":)",
                                   random_value(), R"(},"d":)", random_value(),
                                   "}"));
    bool matches = false;
    for (const auto& filter : live) {
      arena.Reset();
      matches = matches || filter->Evaluate(event.input(), arena).is_true();
    }
    if (!matches) continue;
    ++matched;
    ASSERT_TRUE(summary.MayMatch(event.input())) << step;
    ASSERT_TRUE(ReceivedSummary::FromBytes(summary.ToBytes())
                    .value()
                    .MayMatch(event.input()))
        << step;
  }
  EXPECT_GT(matched, 200u);
  EXPECT_GT(counts.rebuilds, 10u);
}

TEST_F(BloomSummaryTest, BytesSayWhatTheSummarySays) {
  for (int i = 0; i < 2'000; ++i) Add(absl::StrCat("doc.n == ", i));
  Add("data.a.b == 'x'");
  Add("id == 'd7'");
  const std::string bytes = summary_.ToBytes();
  const auto received = ReceivedSummary::FromBytes(bytes);
  ASSERT_TRUE(received.ok()) << received.status();
  for (int i = 0; i < 10'000; ++i) {
    const Event event(absl::StrCat(R"({"n":)", i, "}"));
    EXPECT_EQ(received->MayMatch(event.input()),
              summary_.MayMatch(event.input()));
  }
  EXPECT_TRUE(received->MayMatch(Event(R"({"a":{"b":"x"}})").input()));
  EXPECT_TRUE(received->MayMatch(Event("{}", "delete").input()));
  EXPECT_EQ(received->ToBytes(), bytes);
}

TEST_F(BloomSummaryTest, BytesOfMaybeSayMaybe) {
  const Event event(R"({"n":1})");
  EXPECT_TRUE(ReceivedSummary::FromBytes(BloomSummary::BytesOfMaybe())
                  .value()
                  .MayMatch(event.input()));
  EXPECT_FALSE(ReceivedSummary::FromBytes(summary_.ToBytes())
                   .value()
                   .MayMatch(event.input()));
  Add("doc.n > 1");
  EXPECT_TRUE(ReceivedSummary::FromBytes(summary_.ToBytes())
                  .value()
                  .MayMatch(event.input()));
}

class SummaryBytesTest : public BloomSummaryTest {
 protected:
  SummaryBytesTest() {
    Add("doc.n == 1");
    bytes_ = summary_.ToBytes();
  }
  // With a checksum that fits.
  static std::string Sealed(std::string bytes) {
    bytes.resize(bytes.size() - 8);
    const std::uint64_t checksum = HashBytes(bytes);
    for (int i = 0; i < 64; i += 8) {
      bytes.push_back(static_cast<char>(checksum >> i));
    }
    return bytes;
  }
  static void ExpectRefused(const std::string& bytes,
                            const std::string& message) {
    EXPECT_EQ(ReceivedSummary::FromBytes(bytes).status(),
              InvalidArgument(message));
  }

  std::string bytes_;
};

TEST_F(SummaryBytesTest, AnyChangedByteIsNoticed) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    std::string changed = bytes_;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_FALSE(ReceivedSummary::FromBytes(changed).ok()) << i;
  }
}

TEST_F(SummaryBytesTest, AnyMissingByteIsNoticed) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_FALSE(ReceivedSummary::FromBytes(bytes_.substr(0, size)).ok())
        << size;
  }
}

TEST_F(SummaryBytesTest, ARefusalSaysWhatWasExpectedWhere) {
  ExpectRefused("SBLM", "summary: expected at least 84 bytes, got 4");
  std::string changed = bytes_;
  changed[0] = 'X';
  ExpectRefused(changed, "summary, byte 0: expected \"SBLM\", got other bytes");
  changed = bytes_;
  changed[4] = 2;
  ExpectRefused(changed, "summary, byte 4: expected version 1, got 2");
  changed = bytes_;
  changed[5] = 2;
  ExpectRefused(Sealed(changed), "summary, byte 5: expected 0 or 1, got 2");
  changed = bytes_;
  changed[8] = 0;
  ExpectRefused(Sealed(changed),
                "summary, byte 8: expected at least 1 block, got 0");
  changed = bytes_;
  changed[12] = 8;
  ExpectRefused(Sealed(changed),
                "summary, byte 12: expected a variable below 8, got 8");
  changed = bytes_;
  changed[17] = '.';
  ExpectRefused(Sealed(changed),
                "summary, byte 17: expected a path, got " +
                    std::string(MessageOf(FieldPath::Parse(".").status())));
}

TEST_F(SummaryBytesTest, LengthsThatDoNotFitAreRefused) {
  std::string changed = bytes_;
  ++changed[8];
  const std::size_t blocks = (bytes_.size() - 12 - 6 - 8) / 64;
  ExpectRefused(Sealed(changed),
                absl::StrCat("summary, byte 18: expected ", 64 * (blocks + 1),
                             " bytes more, got ", 64 * blocks));
  changed[8] = static_cast<char>(changed[8] - 2);
  if (blocks > 1) {
    ExpectRefused(Sealed(changed),
                  absl::StrCat("summary, byte ", 18 + 64 * (blocks - 1),
                               ": expected the end, got 64 bytes more"));
  }
}

TEST_F(SummaryBytesTest, AChecksumThatDoesNotFitIsNamed) {
  std::string changed = bytes_;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  const std::string message(
      MessageOf(ReceivedSummary::FromBytes(changed).status()));
  EXPECT_TRUE(message.starts_with(absl::StrCat(
      "summary, byte ", bytes_.size() - 8, ": expected checksum ")))
      << message;
}

}  // namespace
}  // namespace streamer
