// The checker, told histories of memberships that are wrong in one way each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/checker/checker.h"
#include "sim/checker/checker_fixture.h"

namespace streamer::sim {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One document that is inserted, changed, and changed again, and a subscription
// that asks what became of its first two states.
class MembershipCheckerTest : public CheckerTest {
 protected:
  MembershipCheckerTest() {
    history_.log.clear();
    history_.source.clear();
    history_.gateways[0].records.clear();
    Note(ProcessStarted{1, false});
    Note(Answered{{.id = "m",
                   .tenant = "t",
                   .collection = "c",
                   .expression = "doc.n < 3",
                   .membership = true},
                  Place(0)});
  }
  void Change(SourceOperation operation, const std::string& before = "") {
    const std::uint64_t number = history_.log.size() + 1;
    auto event = std::make_shared<SourceEvent>(*Event(number));
    event->document_id = "d";
    event->operation = operation;
    event->before = before;
    history_.log.push_back({{1, number}, event, {}});
    history_.source.push_back(history_.log.back());
  }
  Delivered Told(const std::string& membership, bool is_catching_up = false) {
    const std::uint64_t number = ++told_;
    Delivered told = Delivery(number);
    told.subscription_ids = {"m"};
    told.memberships = {membership};
    told.document_id = "d";
    told.is_catching_up = is_catching_up;
    const SourceOperation operation = history_.log[number - 1].event->operation;
    if (operation == SourceOperation::kUpdate) {
      told.operation = Operation::kUpdate;
    }
    return told;
  }
  void Tell(const std::vector<std::string>& memberships) {
    for (const std::string& membership : memberships) Note(Told(membership));
  }
  void ChangeThrice() {
    Change(SourceOperation::kInsert);
    Change(SourceOperation::kUpdate);
    Change(SourceOperation::kUpdate);
  }

 private:
  std::uint64_t told_ = 0;
};

TEST_F(MembershipCheckerTest, IsContentWithWhatIsRight) {
  ChangeThrice();
  Tell({"entered", "changed", "left"});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(MembershipCheckerTest, SeesThatItIsNotToldOfWhatLeft) {
  ChangeThrice();
  Tell({"entered", "changed"});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
}

TEST_F(MembershipCheckerTest, SeesWhatIsNotTrue) {
  ChangeThrice();
  Tell({"changed", "left", "unknown_in"});
  EXPECT_THAT(Broken(), ElementsAre("I2", "I2", "I2"));
}

// It is told of both at once what was told of the first.
TEST_F(MembershipCheckerTest, JudgesWhatIsMergedFromBeforeTheFirst) {
  history_.gateways[0].allows_merging = true;
  ChangeThrice();
  Told("entered");
  Delivered both = Told("entered");
  both.coalesced = 1;
  both.operation = Operation::kInsert;
  Note(both);
  Tell({"left"});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(MembershipCheckerTest, SeesThatItIsNotToldAtAll) {
  Change(SourceOperation::kInsert);
  Tell({""});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

TEST_F(MembershipCheckerTest, SeesAnUnknownThatIsKnown) {
  ChangeThrice();
  Tell({"entered", "unknown_in", "left"});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("after the event at 1"));
}

TEST_F(MembershipCheckerTest, AllowsAnUnknownAfterARestart) {
  ChangeThrice();
  Tell({"entered"});
  history_.starts = {MonotonicTime(seconds(second_))};
  Tell({"unknown_in", "left"});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(MembershipCheckerTest, SeesAnUnknownBesideABeforeImage) {
  Change(SourceOperation::kUpdate, R"({"n":1})");
  Tell({"unknown_in"});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

TEST_F(MembershipCheckerTest, SeesWhatNobodyCanKnow) {
  Change(SourceOperation::kUpdate);
  Tell({"changed"});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

// True as it is: but the subscription is not told of what it never was told.
TEST_F(MembershipCheckerTest, SeesWhatIsKnownFromBeforeItsStart) {
  ChangeThrice();
  std::get<Answered>(history_.gateways[0].records.back().what).from_progress =
      Place(1);
  Told("entered");
  Note(Told("changed"));
  Tell({"left"});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("before its start"));
}

TEST_F(MembershipCheckerTest, SeesThatThePastIsToldAsKnown) {
  Change(SourceOperation::kInsert);
  Note(Told("entered", true));
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

// What could not be read may have been a change of the same document.
TEST_F(MembershipCheckerTest, SeesThatWhatWasLostBetweenIsPassedOver) {
  ChangeThrice();
  auto unreadable = std::make_shared<SourceEvent>(*history_.log[1].event);
  unreadable->document = "[]";
  history_.source[1].event = unreadable;
  auto lost = std::make_shared<SourceEvent>(*unreadable);
  lost->loss = std::make_shared<const SourceLoss>(
      SourceLoss{.kind = SourceLoss::Kind::kUnreadable});
  history_.log[1].event = lost;
  history_.causes.push_back({.kind = Cause::Kind::kUnreadable});
  Tell({"entered"});
  Noticed noticed = Notice(1, 2, "an event of the source could not be read");
  noticed.gap.subscription_ids = {"m"};
  Note(noticed);
  Told("");  // the notice has its number
  Tell({"left"});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

}  // namespace
}  // namespace streamer::sim
