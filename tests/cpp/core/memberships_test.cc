#include "core/internal/memberships.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "event/body.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MembershipsTest : public testing::Test {
 protected:
  void Add(std::uint64_t handle, const std::string& expression,
           const std::string& collection = "c") {
    memberships_.Add(SubscriptionHandle(handle), "t", collection,
                     support::MakeFilter(expression));
  }
  void Remove(std::uint64_t handle) {
    memberships_.Remove(SubscriptionHandle(handle));
  }

  // The next event of document "d": it is `document` now, was `before`; "" is
  // none. "1 entered", … for each subscription that is told of it.
  std::vector<std::string> Told(Operation operation,
                                const std::string& document,
                                const std::string& before = "") {
    ++work_.number;
    return Match(operation, document, before);
  }
  std::vector<std::string> Inserted(const std::string& document) {
    return Told(Operation::kInsert, document);
  }
  std::vector<std::string> Updated(const std::string& document,
                                   const std::string& before = "") {
    return Told(Operation::kUpdate, document, before);
  }
  std::vector<std::string> Match(Operation operation,
                                 const std::string& document,
                                 const std::string& before) {
    const ChangeEvent event = MakeEvent(operation, document, before);
    const auto body = EventBody::Parse(event).value();
    const Memberships::Found& found = memberships_.Match(event, *body, work_);
    std::vector<std::string> told;
    for (std::size_t i = 0; i < found.handles.size(); ++i) {
      told.push_back(absl::StrCat(found.handles[i].value(), " ") +
                     std::string(NameOf(found.memberships[i])));
    }
    over_budget_ = found.over_budget;
    return told;
  }
  static ChangeEvent MakeEvent(Operation operation, const std::string& document,
                               const std::string& before) {
    auto source = std::make_shared<SourceEvent>(support::MakeEvent(1, "c"));
    source->document_id = "d";
    source->document = document;
    source->before = before;
    ChangeEvent event;
    event.operation = operation;
    event.source = std::move(source);
    return event;
  }

  Memberships memberships_{
      support::kLowBudget,
      {.remembered_documents = 100, .remembered_subscriptions = 3}};
  MembershipWork work_;
  std::vector<SubscriptionHandle> over_budget_;
};

TEST_F(MembershipsTest, ABeforeImageMakesItExact) {
  Add(1, "doc.n > 5");
  Add(2, "data.n < 5");
  Add(3, "");
  EXPECT_THAT(Updated(R"({"n":7})", R"({"n":6})"),
              ElementsAre("1 changed", "3 changed"));
  EXPECT_THAT(Updated(R"({"n":2})", R"({"n":9})"),
              ElementsAre("1 left", "2 entered", "3 changed"));
  EXPECT_THAT(Updated(R"({"n":5})", R"({"n":5})"), ElementsAre("3 changed"));
  EXPECT_THAT(Told(Operation::kDelete, "", R"({"n":8})"),
              ElementsAre("1 left", "3 left"));
}

TEST_F(MembershipsTest, AnInsertEntersAndDisturbsNobodyElse) {
  Add(1, "doc.n > 5");
  Add(2, "doc.n < 5");
  EXPECT_THAT(Inserted(R"({"n":7})"), ElementsAre("1 entered"));
}

TEST_F(MembershipsTest, WithoutImagesTheLastEventOfTheDocumentTells) {
  Add(1, "doc.n > 5");
  Add(2, "doc.n < 5");
  Inserted(R"({"n":7})");
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 changed"));
  EXPECT_THAT(Updated(R"({"n":1})"), ElementsAre("1 left", "2 entered"));
  EXPECT_THAT(Updated(R"({"n":5})"), ElementsAre("2 left"));
  EXPECT_THAT(Updated(R"({"n":5})"), IsEmpty());
  EXPECT_THAT(Updated(R"({"n":6})"), ElementsAre("1 entered"));
  EXPECT_THAT(Told(Operation::kDelete, ""), ElementsAre("1 left"));
  EXPECT_THAT(Told(Operation::kDelete, ""), IsEmpty());
}

TEST_F(MembershipsTest, OfADocumentThatIsNewToItNothingIsKnown) {
  Add(1, "doc.n > 5");
  Add(2, "doc.n < 5");
  EXPECT_THAT(Updated(R"({"n":7})"),
              ElementsAre("1 unknown_in", "2 unknown_out"));
  EXPECT_THAT(Updated(R"({"n":7})"), ElementsAre("1 changed"));
}

TEST_F(MembershipsTest, ADeletedDocumentIsOutWhateverTheFilterSays) {
  Add(1, "");
  Add(2, "op == 'delete'");
  EXPECT_THAT(Told(Operation::kDelete, ""),
              ElementsAre("1 unknown_out", "2 unknown_out"));
  EXPECT_THAT(Told(Operation::kDelete, R"({"n":1})", R"({"n":1})"),
              ElementsAre("1 left"));
  // A tombstone, before and after.
  EXPECT_THAT(Told(Operation::kDelete, R"({"n":1,"deleted":true})",
                   R"({"n":1,"deleted":true})"),
              IsEmpty());
}

TEST_F(MembershipsTest, AFilterOnTheOperationSeesTheImageAsUpdated) {
  Add(1, "op != 'delete' && doc.n > 5");
  Add(2, "op == 'insert'");
  EXPECT_THAT(Told(Operation::kDelete, "", R"({"n":8})"),
              ElementsAre("1 left"));
  EXPECT_THAT(Inserted(R"({"n":8})"), ElementsAre("1 entered", "2 entered"));
  EXPECT_THAT(Updated(R"({"n":8})", R"({"n":8})"), ElementsAre("1 changed"));
}

TEST_F(MembershipsTest, ALaterSubscriptionKnowsOnlyWhatCameAfterIt) {
  Add(1, "doc.n > 5");
  Inserted(R"({"n":7})");
  Add(2, "doc.n > 5");
  EXPECT_THAT(Updated(R"({"n":1})"), ElementsAre("1 left", "2 unknown_out"));
  EXPECT_THAT(Updated(R"({"n":9})"), ElementsAre("1 entered", "2 entered"));
}

// The place of one that has ended passes to another.
TEST_F(MembershipsTest, NobodyInheritsWhatWasRememberedOfAnother) {
  Add(1, "doc.n > 5");
  Add(2, "doc.n > 5");
  Inserted(R"({"n":7})");
  Remove(1);
  Add(3, "doc.n > 100");
  EXPECT_THAT(Updated(R"({"n":1})"), ElementsAre("2 left", "3 unknown_out"));
}

TEST_F(MembershipsTest, ACollectionThatWasEmptiedBeginsAnew) {
  Add(1, "");
  Inserted(R"({"n":7})");
  EXPECT_EQ(memberships_.remembered(), 1u);
  Remove(1);
  EXPECT_TRUE(memberships_.is_empty());
  EXPECT_FALSE(memberships_.HasCollection("t", "c"));
  EXPECT_EQ(memberships_.remembered(), 0u);
  Add(2, "");
  EXPECT_TRUE(memberships_.HasCollection("t", "c"));
  EXPECT_THAT(Updated(R"({"n":7})"), ElementsAre("2 unknown_in"));
}

TEST_F(MembershipsTest, APastEventUsesNoMemoryAndLeavesNone) {
  Add(1, "doc.n > 5");
  Inserted(R"({"n":7})");
  work_.is_past = true;
  EXPECT_THAT(Match(Operation::kUpdate, R"({"n":7})", ""),
              ElementsAre("1 unknown_in"));
  EXPECT_THAT(Match(Operation::kUpdate, R"({"n":1})", ""),
              ElementsAre("1 unknown_out"));
  EXPECT_THAT(Match(Operation::kInsert, R"({"n":7})", ""),
              ElementsAre("1 unknown_in"));
  EXPECT_THAT(Match(Operation::kUpdate, R"({"n":1})", R"({"n":6})"),
              ElementsAre("1 left"));
  work_.is_past = false;
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 changed"));
}

TEST_F(MembershipsTest, WhatIsVoidIsNotUsed) {
  Add(1, "doc.n > 5");
  Inserted(R"({"n":7})");
  work_.remembered_from = work_.number + 1;
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 unknown_in"));
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 changed"));
}

TEST_F(MembershipsTest, AnEventThatIsNotRememberedMakesItsDocumentUnknown) {
  Add(1, "doc.n > 5");
  Inserted(R"({"n":7})");
  const std::uint64_t number = std::exchange(work_.number, 0);
  EXPECT_THAT(Match(Operation::kUpdate, R"({"n":1})", R"({"n":7})"),
              ElementsAre("1 left"));
  work_.number = number;
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 unknown_in"));
}

TEST_F(MembershipsTest, AnEventThatCouldNotBeReadMakesItsDocumentUnknown) {
  Add(1, "doc.n > 5");
  Inserted(R"({"n":7})");
  Add(2, "", "other");
  const ChangeEvent broken = MakeEvent(Operation::kUpdate, "{", "");
  work_.is_past = true;
  EXPECT_THAT(memberships_.Forget(broken, work_),
              ElementsAre(SubscriptionHandle(1)));
  work_.is_past = false;
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 changed"));
  EXPECT_THAT(memberships_.Forget(broken, work_),
              ElementsAre(SubscriptionHandle(1)));
  EXPECT_THAT(Updated(R"({"n":8})"), ElementsAre("1 unknown_in"));
}

TEST_F(MembershipsTest, OfACollectionWithTooManyNothingIsRemembered) {
  for (std::uint64_t i = 1; i <= 4; ++i) Add(i, "");
  Inserted(R"({"n":7})");
  EXPECT_EQ(memberships_.remembered(), 0u);
  Remove(2);
  Inserted(R"({"n":7})");
  EXPECT_THAT(Updated(R"({"n":8})"),
              ElementsAre("1 changed", "3 changed", "4 changed"));
}

TEST_F(MembershipsTest, CollectionsAndTenantsStandApart) {
  Add(1, "", "other");
  memberships_.Add(SubscriptionHandle(2), "u", "c", support::MakeFilter(""));
  EXPECT_FALSE(memberships_.HasCollection("t", "c"));
  EXPECT_THAT(Updated(R"({"n":7})"), IsEmpty());
}

// What it may have missed, it is not told half of.
TEST_F(MembershipsTest, AFilterThatIsCutOffOnEitherSideIsOverBudget) {
  Add(1, support::CostlyExpression());
  Add(2, "doc.n >= 10");
  EXPECT_THAT(Updated(R"({"n":10})", R"({"n":1000})"),
              ElementsAre("2 changed"));
  EXPECT_THAT(over_budget_, ElementsAre(SubscriptionHandle(1)));
  EXPECT_THAT(Updated(R"({"n":1000})", R"({"n":10})"),
              ElementsAre("2 changed"));
  EXPECT_THAT(over_budget_, ElementsAre(SubscriptionHandle(1)));
  EXPECT_THAT(Updated(R"({"n":10})", R"({"n":10})"),
              ElementsAre("1 changed", "2 changed"));
  EXPECT_THAT(over_budget_, IsEmpty());
}

TEST_F(MembershipsTest, RemovingWhatIsNotThereChangesNothing) {
  Add(1, "");
  Remove(2);
  EXPECT_THAT(Inserted(R"({"n":7})"), ElementsAre("1 entered"));
}

}  // namespace
}  // namespace streamer::internal
