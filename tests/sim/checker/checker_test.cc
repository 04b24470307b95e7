// The checker, told histories that are wrong in one way each.
#include "sim/checker/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sim/change_generator.h"
#include "sim/checker/checker_fixture.h"

namespace streamer::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSourceGap = "the source lost events: it said so";

TEST_F(CheckerTest, IsContentWithWhatIsRight) {
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesALoss) {
  Deliver({1, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_EQ(complaints_[0].text,
            "g at 4000 ms: event e3 at p1-1-3 did not come to subscription s "
            "(t c doc.n % 2 == 1, after 0)");
}

TEST_F(CheckerTest, TakesWhatWasNotProcessedForLost) {
  Deliver({1, 3});
  Delivered last = Delivery(5);
  last.is_processed = false;
  Note(last);
  EXPECT_THAT(Broken(), ElementsAre("I1"));
}

TEST_F(CheckerTest, AllowsWhatWasDeclaredLost) {
  history_.causes.push_back({.kind = Cause::Kind::kSourceGap});
  Deliver({1});
  Note(Notice(2, 4, kSourceGap));
  Deliver({5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesALossBesideTheDeclaredOne) {
  history_.causes.push_back({.kind = Cause::Kind::kSourceGap});
  Note(Notice(2, 4, kSourceGap));
  Deliver({5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
}

TEST_F(CheckerTest, SeesALagLongAfterAllWasWhole) {
  history_.whole_since = MonotonicTime(seconds(1));
  Deliver({1, 3});  // late, but all was broken not long ago
  second_ = 20;
  history_.source[4].logged_at.monotonic = MonotonicTime(milliseconds(20'899));
  Deliver({5});
  EXPECT_THAT(Broken(), ElementsAre("I8"));
  EXPECT_EQ(complaints_[0].text,
            "g received e5 101 ms after the source had it, 20000 ms after all "
            "was whole");
  history_.source[4].logged_at.monotonic = MonotonicTime(milliseconds(20'900));
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesANoticeWithoutACause) {
  Deliver({1, 3, 5});
  Note(Notice(5, 5, kSourceGap));
  EXPECT_THAT(Broken(), ElementsAre("I11"));
}

TEST_F(CheckerTest, SeesANoticeOfAnotherTenant) {
  history_.causes.push_back(
      {.kind = Cause::Kind::kUnreadable, .tenant = "other"});
  Deliver({1, 3, 5});
  Note(Notice(5, 5, "an event of the source could not be read"));
  EXPECT_THAT(Broken(), ElementsAre("I11"));
  history_.causes[0].tenant = "t";
  EXPECT_THAT(Broken(), IsEmpty());
}

// As long as all events of a backend were seen, its tenants are known.
TEST_F(CheckerTest, SeesANoticeOfAnotherBackend) {
  history_.causes.push_back({.kind = Cause::Kind::kSourceGap,
                             .backend = ChangeGenerator::BackendOf("north")});
  history_.starts = {MonotonicTime()};
  Deliver({1, 3, 5});
  Note(Notice(5, 5, kSourceGap));
  EXPECT_THAT(Broken(), ElementsAre("I11"));
  history_.starts.emplace_back();
  EXPECT_THAT(Broken(), IsEmpty());
}

// In the place of the fourth event.
class LossTest : public CheckerTest {
 protected:
  LossTest() {
    history_.causes = {{.kind = Cause::Kind::kSourceGap},
                       {.kind = Cause::Kind::kUnreadable}};
    Lose(SourceLoss::Kind::kGap, "");
  }
  void Lose(SourceLoss::Kind kind, const std::string& tenant) {
    SourceEvent event = *Event(4);
    event.tenant = tenant;
    event.collection.clear();
    event.loss = std::make_shared<const SourceLoss>(SourceLoss{.kind = kind});
    history_.log[3].event = std::make_shared<const SourceEvent>(event);
  }
};

TEST_F(LossTest, IsNotPassedOverInSilence) {
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_THAT(complaints_[0].text,
              HasSubstr("events were lost at p1-1-4, and nobody told "
                        "subscription s"));
}

TEST_F(LossTest, IsTold) {
  Deliver({1, 3});
  Note(Notice(3, 4, "the source lost events: trimmed"));
  Deliver({5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(LossTest, OfWhatNobodyCouldReadIsToldToWhoSeesEveryChange) {
  Lose(SourceLoss::Kind::kUnreadable, "t");
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
  auto& asked = std::get<Answered>(history_.gateways[0].records[1].what);
  asked.request.expression.clear();
  history_.gateways[0].records.resize(2);
  sequence_ = 0;
  Deliver({1, 2, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  Lose(SourceLoss::Kind::kUnreadable, "other");
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesThatNobodyToldAPlainGateway) {
  history_.gateways[0].is_session = false;
  for (GatewayRecord& record : history_.gateways[0].records) {
    record.at = MonotonicTime(seconds(1));
  }
  history_.causes.push_back({.kind = Cause::Kind::kSourceGap});
  history_.source_losses.push_back({.after = 5,
                                    .upto = 9,
                                    .first_held = 10,
                                    .at = MonotonicTime(seconds(100))});
  for (const std::uint64_t offset : {1, 3, 5}) {
    Delivered delivered = Delivery(offset);
    delivered.session = delivered.sequence = 0;
    delivered.progress.clear();
    Note(delivered);
  }
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("nobody told subscription s"));
}

TEST_F(CheckerTest, SeesAGapThatWasNone) {
  history_.source_losses.push_back({.after = 3, .upto = 3, .first_held = 4});
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I11"));
}

TEST_F(CheckerTest, SeesWhatDoesNotMatch) {
  Deliver({1, 2, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("does not match"));
}

TEST_F(CheckerTest, SeesWhatIsInNoLog) {
  Deliver({1, 3, 5, 7});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

TEST_F(CheckerTest, SeesAnotherEventAtThePlace) {
  Delivered wrong = Delivery(1);
  wrong.document_id = "d9";
  Note(wrong);
  Deliver({3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
}

TEST_F(CheckerTest, SeesAnotherOperation) {
  Delivered wrong = Delivery(1);
  wrong.operation = Operation::kUpdate;
  Note(wrong);
  Deliver({3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("was \"insert\", not \"update\""));
}

TEST_F(CheckerTest, SeesWhatLiesBeforeTheStart) {
  Note(Answered{{.id = "later", .tenant = "t", .collection = "c"}, Place(3)});
  Delivered early = Delivery(2);
  early.subscription_ids = {"later"};
  Note(early);
  Deliver({1, 3, 5});
  for (const std::uint64_t offset : {4, 5}) {
    Delivered right = Delivery(offset);
    right.subscription_ids = {"later"};
    Note(right);
  }
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("lies before its start"));
}

TEST_F(CheckerTest, SeesWhatComesToAnEndedSubscription) {
  Deliver({1});
  Note(Ended{"s"});
  Deliver({3});
  EXPECT_THAT(Broken(), ElementsAre("I2"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("which is not live"));
}

// Its reader is slow, and the id has another filter since.
TEST_F(CheckerTest, TakesNothingOfALostSessionForASubscriptionAfterIt) {
  Deliver({1, 3, 5});
  Note(ProcessStarted{2, true});
  Note(Welcomed{.asked_session = 1,
                .session = 1u << 20,
                .continuity = SessionWelcome::Continuity::kLost});
  Delivered before = Delivery(2);
  before.subscription_ids = {"other"};
  Note(before);
  Note(Answered{{.id = "other", .tenant = "t", .collection = "c"}, Place(5)});
  EXPECT_THAT(Broken(), ElementsAre());
}

TEST_F(CheckerTest, SeesWhatComesTwice) {
  Deliver({1, 3, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I3"));
}

TEST_F(CheckerTest, AllowsWhatSaysThatItComesAgainInTheNextEpoch) {
  Deliver({1, 3});
  Delivered again = Delivery(3);
  again.session = 2;
  again.is_redelivered = true;
  Note(again);
  Delivered next = Delivery(5);
  next.session = 2;
  Note(next);
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesTheWrongOrder) {
  Deliver({3, 1, 5});
  EXPECT_THAT(Broken(), ElementsAre("I4"));
}

TEST_F(CheckerTest, SeesANumberLeftOut) {
  Deliver({1, 3, 5});
  Note(SequenceBroken{4, 5});
  EXPECT_THAT(Broken(), ElementsAre("I4"));
}

TEST_F(CheckerTest, SeesAnotherTenant) {
  auto foreign = std::make_shared<SourceEvent>(*history_.log[1].event);
  foreign->tenant = "u";
  foreign->document = R"({"n":7})";
  history_.log[1].event = foreign;
  Deliver({1});
  Delivered crossed = Delivery(2);
  crossed.tenant = "u";
  crossed.document = foreign->document;
  Note(crossed);
  Deliver({3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I5"));
}

TEST_F(CheckerTest, SeesThatSomethingWasMissedAfterAll) {
  Deliver({1});
  Note(Welcomed{.asked_session = 1,
                .session = 1,
                .continuity = SessionWelcome::Continuity::kNothingMissed,
                .to_progress = Place(4)});
  Deliver({3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I7"));
}

TEST_F(CheckerTest, SeesASessionForgotten) {
  Deliver({1, 3, 5});
  Note(Welcomed{.asked_session = 1,
                .session = 2,
                .continuity = SessionWelcome::Continuity::kNew});
  EXPECT_THAT(Broken(), ElementsAre("I7"));
}

TEST_F(CheckerTest, SeesThatTheLogMissesWhatTheSourceHas) {
  history_.source.push_back({{1, 6}, Event(6), {}});
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_EQ(complaints_[0].text,
            "event e6 at 6 of the source never came to the log");
}

TEST_F(CheckerTest, SeesThatNothingIsSaidWhereASessionWasLost) {
  Deliver({1});
  Note(Welcomed{.asked_session = 1,
                .session = 4097,
                .continuity = SessionWelcome::Continuity::kLost,
                .from_progress = Place(1),
                .to_progress = Place(4)});
  Deliver({5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
}

// Another process acknowledged it, and this one has it too.
TEST_F(CheckerTest, SeesALossOfWhatWasReceived) {
  history_.causes.push_back({.kind = Cause::Kind::kGatewayLost});
  Deliver({1, 3});
  Note(Welcomed{.asked_session = 1,
                .session = 1,
                .continuity = SessionWelcome::Continuity::kLost,
                .to_progress = Place(4),
                .is_all_received = true});
  Note(Notice(3, 4, "the service lost continuity of the session"));
  Deliver({5});
  EXPECT_THAT(Broken(), ElementsAre("I11"));
}

// An answer says where what is promised begins.
TEST_F(CheckerTest, AllowsWhatLiesBeforeWhereALostSessionBeginsAgain) {
  Note(ProcessStarted{2, true});
  Note(Welcomed{.asked_session = 1,
                .session = 4097,
                .continuity = SessionWelcome::Continuity::kLost,
                .to_progress = Place(2)});
  Note(Answered{{.id = "s",
                 .tenant = "t",
                 .collection = "c",
                 .expression = "doc.n % 2 == 1"},
                Place(3)});
  Deliver({5});
  EXPECT_THAT(Broken(), IsEmpty());
}

// What was joined to an event that is known already went nowhere with it.
TEST_F(CheckerTest, SeesWhatWasJoinedToARepeat) {
  history_.coalesces = true;
  auto changed = std::make_shared<SourceEvent>(*Event(6));
  changed->document_id = "d5";
  auto repeat = std::make_shared<SourceEvent>(*history_.log[4].event);
  repeat->upstream_marker = Place(7);
  history_.source.push_back({{1, 6}, changed, {}});
  history_.source.push_back({{1, 7}, repeat, {}});
  history_.log.push_back({{1, 6}, repeat, {}});
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
}

// A later event of the document does not stand for an insert that it was not
// joined to.
TEST_F(CheckerTest, SeesAnInsertThatALaterEventSaysNothingOf) {
  history_.coalesces = true;
  const auto add = [&](std::uint64_t marker, SourceOperation operation) {
    auto event = std::make_shared<SourceEvent>(*Event(marker));
    event->document_id = "d6";
    event->operation = operation;
    event->upstream_marker = Place(marker);
    history_.source.push_back({{1, marker}, event, {}});
    return event;
  };
  add(6, SourceOperation::kInsert);
  auto later = add(7, SourceOperation::kUpdate);
  Deliver({1, 3, 5});
  for (const bool is_joined : {false, true}) {
    auto event = std::make_shared<SourceEvent>(*later);
    if (is_joined) event->operation = SourceOperation::kInsert;
    history_.log.resize(5);
    history_.log.push_back({{1, 6}, event, {}});
    const std::vector<std::string> broken = Broken();
    EXPECT_EQ(std::count(broken.begin(), broken.end(), "I1"),
              is_joined ? 1 : 2);
  }
}

TEST_F(CheckerTest, SeesTheLogInAnotherOrder) {
  std::swap(history_.log[1].event, history_.log[3].event);
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), Contains("I4"));
}

TEST_F(CheckerTest, ASourceThatIsNotKnownIsNotJudged) {
  history_.source.clear();
  history_.is_source_known = false;
  Deliver({1, 3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, ALostStoreExcusesANotice) {
  history_.causes.push_back({.kind = Cause::Kind::kStoreLost});
  Deliver({1, 3, 5});
  Note(Notice(5, 5, "the service lost continuity of the session"));
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesWhatTheProcessBeforeProcessed) {
  Deliver({1});
  Note(ProcessStarted{.process = 2, .is_resumed = true, .is_exact = true});
  for (const std::uint64_t offset : {1, 3, 5}) {
    Delivered delivered = Delivery(offset);
    delivered.process = 2;
    Note(delivered);
  }
  EXPECT_THAT(Broken(), ElementsAre("I3"));
}

TEST_F(CheckerTest, AllowsAgainWhatTheProcessBeforeDidNotProcess) {
  Delivered delivered = Delivery(1);
  delivered.is_processed = false;
  Note(delivered);
  Note(ProcessStarted{.process = 2, .is_resumed = true, .is_exact = true});
  delivered.process = 2;
  delivered.is_processed = true;
  Note(delivered);
  Deliver({3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

// As the service says that it may have, after a restart of its own.
TEST_F(CheckerTest, AllowsAgainWhatIsSaidToBeSentAgain) {
  Deliver({1});
  Note(ProcessStarted{.process = 2, .is_resumed = true, .is_exact = true});
  Delivered delivered = Delivery(1);
  delivered.process = 2;
  delivered.session = 2;
  delivered.is_redelivered = true;
  Note(delivered);
  Deliver({3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesMarkersAheadOfAGateway) {
  Deliver({1});
  Note(MarkerSaved{.places = {{"s", 3}}});
  Deliver({3, 5});
  EXPECT_THAT(Broken(), ElementsAre("I6"));
  EXPECT_THAT(complaints_[0].text,
              HasSubstr("the saved marker is at 3, and event e3"));
}

// It ended, was asked for again, and is saved before that is answered.
TEST_F(CheckerTest, AllowsMarkersOfALifeThatIsNotAnsweredYet) {
  Deliver({1});
  Note(MarkerSaved{.places = {{"s", 3}}, .begun = {{"s", 3}}});
  Deliver({3, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, AllowsMarkersBehindAGateway) {
  Deliver({1});
  Note(MarkerSaved{.places = {{"s", 2}}});
  Deliver({3});
  Note(MarkerSaved{.places = {{"s", 4}}});
  Deliver({5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, AllowsMarkersAheadOfWhatWillBeTold) {
  history_.causes.push_back({.kind = Cause::Kind::kSourceGap});
  Deliver({1});
  Note(MarkerSaved{.places = {{"s", 4}}, .noticed = {{1, 4}}});
  Note(Notice(1, 4, kSourceGap));
  Deliver({5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(CheckerTest, SeesADrainThatSavedTooLittle) {
  Deliver({1, 3, 5});
  const MarkerSaved saved = {.acknowledged = 3, .begun = {{"s", 0}}};
  Note(Drained{.session = 1, .sequence = 2, .saved = saved});
  EXPECT_THAT(Broken(), IsEmpty());
  Note(Drained{.session = 1, .sequence = 3, .saved = saved});
  EXPECT_THAT(Broken(), ElementsAre("I6"));
  EXPECT_THAT(complaints_[0].text,
              HasSubstr("a drain saved 3, and 5 was acknowledged"));
}

TEST_F(CheckerTest, SeesAPlainGatewayWhoseStreamADrainEndedTooEarly) {
  history_.gateways[0].is_session = false;
  Deliver({1});
  Note(Flushed{.begun = {{"s", Place(0)}}, .upto = 3});
  // The stream broke, and the next began after the fourth.
  Noticed noticed = Notice(0, 4, "the stream broke");
  noticed.gap.from_progress.clear();
  Note(noticed);
  Deliver({5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("event e3 at p1-1-3"));
}

// The third event deletes the second document and says no more than its key;
// all of them are wanted.
class BareDeleteTest : public CheckerTest {
 protected:
  BareDeleteTest() {
    Note(Ended{"s"});
    Note(Answered{{.id = "s", .tenant = "t", .collection = "c"}, Place(0)});
    auto gone = std::make_shared<SourceEvent>(*Event(3));
    gone->operation = SourceOperation::kDelete;
    gone->form = BodyForm::kStored;
    gone->stored_key = "t:h2";
    gone->document_id = "d2";
    gone->document.clear();
    history_.log[2].event = gone;
    history_.source[2].event = gone;
  }
  void NameTheKey() {
    auto named = std::make_shared<SourceEvent>(*Event(2));
    named->stored_key = "t:h2";
    history_.log[1].event = named;
  }
  Delivered DeleteDelivery() {
    Delivered delivered = Delivery(3);
    delivered.operation = Operation::kDelete;
    delivered.document_id = "d2";
    delivered.document.clear();
    return delivered;
  }
};

TEST_F(BareDeleteTest, IsOfTheDocumentWhoseKeyCameBefore) {
  NameTheKey();
  Deliver({1, 2});
  Note(DeleteDelivery());
  Deliver({4, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(BareDeleteTest, IsMissedWhenTheKeyCameBefore) {
  NameTheKey();
  Deliver({1, 2, 4, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_THAT(complaints_[0].text, HasSubstr("event e3 at p1-1-3 did not"));
}

TEST_F(BareDeleteTest, IsToldOfWhenNobodyKnowsTheKey) {
  Deliver({1, 2});
  Note(Notice(2, 3, "a deleted document could not be identified"));
  Deliver({4, 5});
  EXPECT_THAT(Broken(), IsEmpty());
}

TEST_F(BareDeleteTest, IsNotPassedOverInSilence) {
  Deliver({1, 2, 4, 5});
  EXPECT_THAT(Broken(), ElementsAre("I1"));
  EXPECT_THAT(complaints_[0].text,
              HasSubstr("the delete at p1-1-3 could not be named, and nobody "
                        "told subscription s"));
}

TEST_F(BareDeleteTest, IsNoneToTellOfWhenTheKeyCameBefore) {
  NameTheKey();
  Deliver({1, 2});
  Note(Notice(2, 3, "a deleted document could not be identified"));
  Deliver({4, 5});
  EXPECT_THAT(Broken(), ElementsAre("I11"));
}

}  // namespace
}  // namespace streamer::sim
