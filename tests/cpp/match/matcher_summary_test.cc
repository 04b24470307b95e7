// The summaries that a Matcher keeps, against ScanMatcher: they may say maybe
// in vain, but never no to an event that somebody's filter matches.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "match/matched.h"
#include "match/matcher.h"
#include "match/scan_matcher.h"
#include "support/random.h"

namespace streamer {
namespace {

using support::Random;
using support::SeedOf;

class MatcherSummaryTest : public testing::Test {
 protected:
  void Add(std::uint64_t handle, const std::string& expression,
           const std::string& collection = "rooms") {
    matcher_.Add(SubscriptionHandle(handle), "acme", collection,
                 CompileText(expression));
  }
  // Whether the summary, as another process sees it, lets the event through.
  bool MayMatch(const std::string& json, const std::string& collection) {
    const auto document = Document::Parse(json).value();
    return ReceivedSummary::FromBytes(matcher_.Summary("acme", collection))
        .value()
        .MayMatch(InputOf(document->root()).values);
  }
  bool MayMatch(const std::string& json) { return MayMatch(json, "rooms"); }

  Matcher matcher_{cel::kEvaluationBudget,
                   {.false_positive_rate = 0.01, .rebuild_interval = 5}};
  MatchScratch scratch_;
};

TEST_F(MatcherSummaryTest, OfACollectionNobodySubscribesToThereIsNone) {
  EXPECT_EQ(matcher_.Summary("acme", "rooms"), "");
  Add(1, "doc.n == 1");
  EXPECT_EQ(matcher_.Summary("acme", "halls"), "");
  EXPECT_EQ(matcher_.Summary("other", "rooms"), "");
  EXPECT_NE(matcher_.Summary("acme", "rooms"), "");
  matcher_.Remove(SubscriptionHandle(1));
  EXPECT_EQ(matcher_.Summary("acme", "rooms"), "");
}

TEST_F(MatcherSummaryTest, ItFollowsTheSubscriptionsOfItsCollection) {
  Add(1, "doc.n == 1");
  Add(2, "doc.n == 2", "halls");
  EXPECT_TRUE(MayMatch(R"({"n":1})"));
  EXPECT_FALSE(MayMatch(R"({"n":2})"));
  Add(3, "doc.n == 3");
  EXPECT_TRUE(MayMatch(R"({"n":3})"));
  matcher_.Remove(SubscriptionHandle(1));
  Add(4, "doc.n > 100");
  EXPECT_TRUE(MayMatch(R"({"n":2})"));
  matcher_.Remove(SubscriptionHandle(4));
  EXPECT_FALSE(MayMatch(R"({"n":2})"));
}

TEST_F(MatcherSummaryTest, ALargeOneSaysMaybeUntilItIsComplete) {
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    Add(i, absl::StrCat("doc.n == ", i));
  }
  EXPECT_TRUE(MayMatch(R"({"n":-1})"));
  int asked = 1;
  while (MayMatch(R"({"n":-1})") && asked < 100) ++asked;
  EXPECT_GT(asked, 2);
  EXPECT_LT(asked, 10);
  for (std::uint64_t i = 1; i <= 10'000; i += 97) {
    EXPECT_TRUE(MayMatch(absl::StrCat(R"({"n":)", i, "}")));
  }
}

TEST_F(MatcherSummaryTest, EventsBringItForwardToo) {
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    Add(i, absl::StrCat("doc.n == ", i));
  }
  EXPECT_TRUE(MayMatch(R"({"n":-1})"));
  for (int i = 0; i < 200; ++i) MatchedBy(matcher_, R"({"n":-1})");
  EXPECT_FALSE(MayMatch(R"({"n":-1})"));
  // Each sixteenth of those that came when it was complete was tried.
  const BloomCounts& counts = matcher_.statistics().bloom;
  EXPECT_GT(counts.turned_away, 5u);
  EXPECT_LT(counts.turned_away, 13u);
  EXPECT_EQ(counts.false_positives, 0u);
}

// A body that nothing needs whole is not refused because a summary was tried.
TEST_F(MatcherSummaryTest, TryingItChangesNothingAboutAnEvent) {
  Add(1, "doc.n == 1");
  ASSERT_FALSE(MayMatch(R"({"n":2})"));
  ChangeEvent event;
  auto source = std::make_shared<SourceEvent>();
  source->tenant = "acme";
  source->collection = "rooms";
  source->document_id = "d";
  source->document = R"({"n":2,"m":})";
  event.source = source;
  Matcher without;
  without.Add(SubscriptionHandle(1), "acme", "rooms",
              CompileText("doc.n == 1"));
  MatchScratch other;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(MatchedBy(matcher_, MakeMatchInput(event), scratch_),
              MatchedBy(without, MakeMatchInput(event), other));
    EXPECT_EQ(scratch_.problem, other.problem);
  }
}

TEST_F(MatcherSummaryTest, ItsMemoryIsCountedAndComesBack) {
  Add(1, "doc.n == -1");
  const std::size_t without = matcher_.memory_bytes();
  ASSERT_NE(matcher_.Summary("acme", "rooms"), "");
  const std::size_t small = matcher_.memory_bytes();
  EXPECT_GT(small, without);
  for (std::uint64_t i = 2; i <= 3'000; ++i) {
    Add(i, absl::StrCat("doc.n == ", i));
  }
  const std::size_t full = matcher_.memory_bytes();
  for (std::uint64_t i = 2; i <= 3'000; ++i) {
    matcher_.Remove(SubscriptionHandle(i));
  }
  EXPECT_LT(matcher_.memory_bytes(), full / 4);
}

// Random equalities come and go, the summary is asked for early, so that it is
// made, grown and built anew while they do.
TEST(MatcherSummaryChurnTest, ItNeverTurnsAwayWhatTheScanMatches) {
  Random random(SeedOf("MatcherSummaryChurnTest"));
  SCOPED_TRACE(random.seed_note());
  std::uint64_t matched = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t rebuilds = 0;
  for (int round = 0; round < 20; ++round) {
    Matcher matcher(cel::kEvaluationBudget, {.rebuild_interval = 5});
    ScanMatcher scan;
    MatchScratch scratch;
    std::vector<std::uint64_t> live;
    std::uint64_t last = 0;
    const std::size_t asked_from = random.Below(500);
    for (std::size_t step = 0; step < 2'000; ++step) {
      const bool grows = (step / 400) % 2 == 0;
      if (live.empty() || random.Chance(grows ? 3 : 1, 4)) {
        const auto filter = CompileText(absl::StrCat(
            "doc.n in [", random.Below(400), ", ", random.Below(400),
            ".0] && doc.m == 's", random.Below(3), "' || doc.m == 'm",
            random.Below(400), "'"));
        live.push_back(++last);
        matcher.Add(SubscriptionHandle(last), "acme", "rooms", filter);
        scan.Add(SubscriptionHandle(last), "acme", "rooms", filter);
      } else {
        const std::size_t place = random.Below(live.size());
        matcher.Remove(SubscriptionHandle(live[place]));
        scan.Remove(SubscriptionHandle(live[place]));
        live[place] = live.back();
        live.pop_back();
      }
      if (step < asked_from || live.empty()) continue;
      const auto document =
          Document::Parse(
              absl::StrCat(R"({"n":)", random.Below(400), R"(,"m":")",
                           random.Pick({"s1", "s2", "m7", "m8", "m9"}),
                           R"("})"))
              .value();
      const MatchInput input = InputOf(document->root());
      const bool may_match =
          ReceivedSummary::FromBytes(matcher.Summary("acme", "rooms"))
              .value()
              .MayMatch(input.values);
      const bool matches = !scan.Match(input, scratch).empty();
      ASSERT_TRUE(may_match || !matches) << "step " << step;
      matched += matches ? 1 : 0;
      turned_away += may_match ? 0 : 1;
    }
    rebuilds += matcher.statistics().bloom.rebuilds;
  }
  EXPECT_GT(matched, 500u);
  EXPECT_GT(turned_away, 500u);
  EXPECT_GT(rebuilds, 20u);
}

}  // namespace
}  // namespace streamer
