#include "core/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "index/bloom_summary.h"
#include "support/core_events.h"
#include "support/random.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ShardTest : public testing::Test {
 protected:
  void Add(std::uint64_t handle, const std::string& expression,
           const std::string& tenant = "t") {
    EXPECT_FALSE(
        shard_
            ->Process({NextOrdinal(),
                       AddFilter{SubscriptionHandle(handle), tenant, "c",
                                 support::MakeFilter(expression)}})
            .has_value());
  }
  ShardResult Match(SourceEvent source,
                    Operation operation = Operation::kInsert) {
    ChangeEvent event;
    event.operation = operation;
    event.source = std::make_shared<SourceEvent>(std::move(source));
    Ordinal ordinal = NextOrdinal();
    auto result = shard_->Process({ordinal, MatchEvent{std::move(event)}});
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(result->ordinal, ordinal);
    return *std::move(result);
  }
  Ordinal NextOrdinal() { return Ordinal(++last_ordinal_); }

  std::optional<Shard> shard_{std::in_place};
  std::uint64_t last_ordinal_ = 0;
};

TEST_F(ShardTest, MatchesGiveAscendingHandlesAndTheDeliveredText) {
  Add(3, "doc.n >= 7");
  Add(1, "doc.n == 7");
  Add(2, "doc.n == 8");
  ShardResult result = Match(support::MakeEvent(7, "c"));
  EXPECT_THAT(result.handles,
              ElementsAre(SubscriptionHandle(1), SubscriptionHandle(3)));
  ASSERT_NE(result.event, nullptr);
  EXPECT_EQ(result.event->document, R"({"n":7,"id":"d7","collection":"c"})");
  EXPECT_EQ(result.malformed, nullptr);
}

TEST_F(ShardTest, NoMatchIsAnEmptyResult) {
  Add(1, "doc.n == 8");
  ShardResult result = Match(support::MakeEvent(7, "c"));
  EXPECT_THAT(result.handles, IsEmpty());
  EXPECT_EQ(result.event, nullptr);
}

TEST_F(ShardTest, AFilterSeesEventsBetweenItsAdditionAndItsRemoval) {
  EXPECT_THAT(Match(support::MakeEvent(1, "c")).handles, IsEmpty());
  Add(1, "true");
  EXPECT_EQ(Match(support::MakeEvent(2, "c")).handles.size(), 1u);
  shard_->Process({NextOrdinal(), RemoveFilters{{SubscriptionHandle(1)}}});
  EXPECT_THAT(Match(support::MakeEvent(3, "c")).handles, IsEmpty());
}

TEST_F(ShardTest, AnEventNeverMeetsAFilterOfAnotherTenant) {
  Add(1, "", "u");
  EXPECT_THAT(Match(support::MakeEvent(1, "c")).handles, IsEmpty());
}

TEST_F(ShardTest, ABodyNobodySubscribesToIsNotParsed) {
  SourceEvent broken = support::MakeEvent(1, "c");
  broken.document = "{";
  EXPECT_EQ(Match(broken).malformed, nullptr);
  Add(1, "true");
  EXPECT_NE(Match(broken).malformed, nullptr);
}

TEST_F(ShardTest, AMalformedBodyIsReportedWithItsProblem) {
  Add(1, "true");
  SourceEvent broken = support::MakeEvent(1, "c");
  broken.document = "[1]";
  ShardResult result = Match(broken);
  EXPECT_THAT(result.handles, IsEmpty());
  ASSERT_NE(result.malformed, nullptr);
  EXPECT_EQ(result.malformed->problem,
            InvalidArgument("document: expected an object, got an array"));
  EXPECT_EQ(result.malformed->event.source->event_id, "e1");
}

TEST_F(ShardTest, ADeleteWithoutFieldsReachesDocumentMatchAllAndOperation) {
  Add(1, "");
  Add(2, "doc.id == 'd1'");
  Add(3, "op == 'delete'");
  Add(4, "doc.deleted");
  Add(5, "doc.n == 1");
  Add(6, "doc.id == 'other'");
  SourceEvent source = support::MakeEvent(1, "c");
  source.document.clear();
  ShardResult result = Match(source, Operation::kDelete);
  EXPECT_THAT(result.handles,
              ElementsAre(SubscriptionHandle(1), SubscriptionHandle(2),
                          SubscriptionHandle(3), SubscriptionHandle(4)));
  EXPECT_EQ(result.event->document, "");
}

TEST_F(ShardTest, AFilterThatIsCutOffEndsAtThatEvent) {
  shard_.emplace(support::kLowBudget);
  Add(2, support::CostlyExpression());
  Add(1, support::CostlyExpression());
  Add(3, "doc.n > 0");
  EXPECT_EQ(Match(support::MakeEvent(10, "c")).suspension, nullptr);
  const ShardResult dear = Match(support::MakeEvent(1000, "c"));
  EXPECT_THAT(dear.handles, ElementsAre(SubscriptionHandle(3)));
  ASSERT_NE(dear.suspension, nullptr);
  EXPECT_THAT(dear.suspension->handles,
              ElementsAre(SubscriptionHandle(1), SubscriptionHandle(2)));
  EXPECT_EQ(dear.suspension->reason,
            "its filter was cut off after 500 units of cost at event "
            "\"e1000\", which it may have matched");
  EXPECT_THAT(Match(support::MakeEvent(11, "c")).handles,
              ElementsAre(SubscriptionHandle(3)));
  EXPECT_EQ(shard_->statistics().match.over_budget, 1u);
}

std::string Described(const ShardResult& result) {
  std::string text = absl::StrCat(result.ordinal.value(), ":");
  for (SubscriptionHandle handle : result.handles) {
    absl::StrAppend(&text, " ", handle.value());
  }
  if (result.event) absl::StrAppend(&text, " ", result.event->document);
  if (result.malformed) {
    absl::StrAppend(&text, " malformed ",
                    std::string(MessageOf(result.malformed->problem)));
  }
  if (result.suspension) {
    absl::StrAppend(&text, " suspended ", result.suspension->reason);
    for (SubscriptionHandle handle : result.suspension->handles) {
      absl::StrAppend(&text, " ", handle.value());
    }
  }
  return text;
}

// Filters that come, go and cost too much between events good and bad.
std::vector<ShardTask> RandomTasks(support::Random& random) {
  std::vector<ShardTask> tasks;
  for (std::uint64_t i = 1; i <= 400; ++i) {
    ShardTask& task = tasks.emplace_back(ShardTask{Ordinal(i), {}});
    if (random.Chance(1, 8)) {
      const std::string expression = random.Pick<std::string>(
          {support::CostlyExpression(), "doc.n > 20", "doc.n == 10", "",
           "data.n < 500 || data.size() > 3"});
      task.work = AddFilter{SubscriptionHandle(i), "t",
                            random.Pick<std::string>({"c", "d"}),
                            support::MakeFilter(expression)};
    } else if (random.Chance(1, 12)) {
      task.work = RemoveFilters{{SubscriptionHandle(random.Below(i) + 1)}};
    } else {
      auto source = std::make_shared<SourceEvent>(
          support::MakeEvent(random.Pick<std::int64_t>({10, 11, 30, 1000}),
                             random.Pick<std::string>({"c", "c", "d", "e"})));
      if (random.Chance(1, 15)) source->document = "{\"n\": 1,";
      if (random.Chance(1, 15)) source->document.append(70'000, ' ');
      ChangeEvent event;
      event.source = std::move(source);
      task.work = MatchEvent{std::move(event)};
    }
  }
  return tasks;
}

TEST_F(ShardTest, TasksTakenTogetherGiveTheResultsOfTasksOneByOne) {
  support::Random random(support::SeedOf("ShardTest.Together"));
  SCOPED_TRACE(random.seed_note());
  for (int round = 0; round < 10; ++round) {
    std::vector<ShardTask> tasks = RandomTasks(random);
    std::vector<std::string> expected;
    Shard one_by_one(support::kLowBudget);
    for (const ShardTask& task : tasks) {
      const auto result = one_by_one.Process(task);
      if (result) expected.push_back(Described(*result));
    }
    Shard together(support::kLowBudget);
    std::vector<ShardResult> results;
    std::size_t calls = 0;
    for (std::span<ShardTask> rest = tasks; !rest.empty(); ++calls) {
      const std::size_t chunk = std::min(rest.size(), 1 + random.Below(40));
      rest = rest.subspan(together.ProcessSome(rest.first(chunk), results));
    }
    std::vector<std::string> got;
    for (const ShardResult& result : results) got.push_back(Described(result));
    ASSERT_EQ(got, expected);
    EXPECT_LT(calls, tasks.size() * 3 / 4);
    const MatchStatistics& counts = together.statistics().match;
    EXPECT_EQ(counts.events, one_by_one.statistics().match.events);
    EXPECT_EQ(counts.matches, one_by_one.statistics().match.matches);
    EXPECT_EQ(counts.over_budget, one_by_one.statistics().match.over_budget);
    EXPECT_GT(counts.over_budget, 0u);
  }
}

TEST_F(ShardTest, AQuestionIsAnsweredAtOnceAndHasNoResult) {
  Add(1, "doc.n == 7");
  std::vector<std::string> answers;
  for (const char* collection : {"c", "d"}) {
    EXPECT_FALSE(
        shard_
            ->Process({NextOrdinal(), Summarize{"t", collection,
                                                [&](std::string answer) {
                                                  answers.push_back(
                                                      std::move(answer));
                                                }}})
            .has_value());
  }
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_TRUE(ReceivedSummary::FromBytes(answers[0]).ok());
  EXPECT_EQ(answers[1], "");
}

TEST_F(ShardTest, EqualFiltersAreCountedOnce) {
  Add(1, "doc.n == 1");
  Add(2, "doc.n == 1");
  Add(3, "doc.n == 2");
  EXPECT_EQ(shard_->statistics().distinct_filters, 2u);
}

class MembershipShardTest : public ShardTest {
 protected:
  void AddMembership(std::uint64_t handle, const std::string& expression) {
    shard_->Process(
        {NextOrdinal(), AddFilter{SubscriptionHandle(handle), "t", "c",
                                  support::MakeFilter(expression), true}});
  }
  ShardResult Update(const std::string& document, const std::string& before) {
    SourceEvent source = support::MakeEvent(7, "c");
    source.document = document;
    source.before = before;
    ChangeEvent event;
    event.operation = Operation::kUpdate;
    event.source = std::make_shared<SourceEvent>(std::move(source));
    work_.number += 1;
    return *shard_->Process({NextOrdinal(), MatchEvent{event, work_}});
  }
  // "1", "2 left": handles, and what the event did to each that asked.
  static std::vector<std::string> TextOf(const ShardResult& result) {
    std::vector<std::string> text;
    for (std::size_t i = 0; i < result.handles.size(); ++i) {
      text.push_back(absl::StrCat(result.handles[i].value()));
      if (result.memberships.empty()) continue;
      if (result.memberships[i] == Membership::kNone) continue;
      text.back() += " " + std::string(NameOf(result.memberships[i]));
    }
    return text;
  }

  MembershipWork work_;
};

TEST_F(MembershipShardTest, TheyStandAmongTheOthersInOrderOfHandle) {
  AddMembership(1, "doc.n > 5");
  Add(2, "doc.n < 5");
  AddMembership(3, "doc.n < 5");
  Add(4, "true");
  const ShardResult result = Update(R"({"n":1})", R"({"n":9})");
  EXPECT_THAT(TextOf(result), ElementsAre("1 left", "2", "3 entered", "4"));
  EXPECT_EQ(result.event->document, R"({"n":1,"id":"d7","collection":"c"})");
}

TEST_F(MembershipShardTest, AnEventOfOthersOnlyNamesNone) {
  AddMembership(1, "doc.n > 5");
  Add(2, "doc.n < 5");
  const ShardResult result = Update(R"({"n":1})", R"({"n":2})");
  EXPECT_THAT(TextOf(result), ElementsAre("2"));
  EXPECT_THAT(result.memberships, IsEmpty());
}

TEST_F(MembershipShardTest, ARemovedOneIsToldOfNothing) {
  AddMembership(1, "");
  AddMembership(2, "");
  shard_->Process({NextOrdinal(), RemoveFilters{{SubscriptionHandle(1)}}});
  EXPECT_THAT(TextOf(Update("{}", "{}")), ElementsAre("2 changed"));
}

TEST_F(MembershipShardTest, AnEventIsReadWholeForThem) {
  AddMembership(1, "doc.n > 5");
  const ShardResult result = Update(R"({"n":7})", "{");
  EXPECT_THAT(result.handles, IsEmpty());
  ASSERT_NE(result.malformed, nullptr);
  EXPECT_EQ(result.malformed->problem.code(), InvalidArgument("").code());
  EXPECT_THAT(result.malformed->unsure, ElementsAre(SubscriptionHandle(1)));
  // What it made of the document, nobody knows.
  EXPECT_THAT(TextOf(Update(R"({"n":7})", "")), ElementsAre("1 unknown_in"));
}

TEST_F(MembershipShardTest, OneThatIsCutOffIsSuspendedWithTheOthers) {
  shard_.emplace(support::kLowBudget);
  AddMembership(1, support::CostlyExpression());
  Add(2, support::CostlyExpression());
  AddMembership(3, "");
  const ShardResult result = Update(R"({"n":1000})", R"({"n":10})");
  EXPECT_THAT(TextOf(result), ElementsAre("3 changed"));
  ASSERT_NE(result.suspension, nullptr);
  EXPECT_THAT(result.suspension->handles,
              ElementsAre(SubscriptionHandle(1), SubscriptionHandle(2)));
  EXPECT_THAT(TextOf(Update(R"({"n":10})", R"({"n":10})")),
              ElementsAre("3 changed"));
}

TEST_F(MembershipShardTest, TheSummaryOfTheirCollectionSaysMaybe) {
  Add(1, "doc.n == 7");
  AddMembership(2, "doc.n == 7");
  std::string answer;
  shard_->Process({NextOrdinal(), Summarize{"t", "c", [&](std::string summary) {
                                              answer = std::move(summary);
                                            }}});
  EXPECT_EQ(answer, BloomSummary::BytesOfMaybe());
}

TEST_F(MembershipShardTest, EventsAndMatchesAreCountedOnce) {
  AddMembership(1, "");
  Update("{}", "{}");
  EXPECT_EQ(shard_->statistics().match.events, 1u);
  EXPECT_EQ(shard_->statistics().match.matches, 1u);
  Add(2, "true");
  Update("{}", "{}");
  EXPECT_EQ(shard_->statistics().match.events, 2u);
  EXPECT_EQ(shard_->statistics().match.matches, 3u);
  EXPECT_EQ(shard_->statistics().distinct_filters, 2u);
}

}  // namespace
}  // namespace streamer
