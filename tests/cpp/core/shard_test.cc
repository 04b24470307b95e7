#include "core/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/bloom_summary.h"
#include "support/core_events.h"

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

}  // namespace
}  // namespace streamer
