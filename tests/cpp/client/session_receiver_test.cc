#include "client/session_receiver.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace streamer {
namespace {

using Continuity = SessionWelcome::Continuity;
using Course = SessionReceiver::Course;

SessionWelcome Welcome(std::uint64_t session, Continuity continuity,
                       std::uint64_t next_seq) {
  return {.session = session,
          .continuity = continuity,
          .next_seq = next_seq,
          .from_progress = "p1-1-0",
          .to_progress = "p1-1-9"};
}

SessionEntry Live(std::uint64_t seq, std::string_view progress,
                  std::uint32_t part = 0) {
  return {.seq = seq, .part = part, .progress = progress};
}

class SessionReceiverTest : public ::testing::Test {
 protected:
  // A new session of number 7.
  SessionReceiverTest() : receiver_(SessionPlace()) {
    receiver_.Announce();
    EXPECT_EQ(*receiver_.Welcomed(Welcome(7, Continuity::kNew, 1)),
              Course::kStartedOver);
  }

  // The number under which an entry was admitted, or 0/0/0.
  EntryNumber Admit(const SessionEntry& entry) {
    const auto admission = receiver_.Admit(entry);
    EXPECT_TRUE(admission.ok()) << admission.status();
    return admission.ok() ? admission->number : EntryNumber();
  }

  void Receive(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      EXPECT_FALSE(Admit(Live(seq, Progress(seq))).is_null()) << seq;
    }
  }

  // The text lives as long as the test.
  std::string_view Progress(std::uint64_t offset) {
    return *texts_.emplace_back(
        std::make_unique<std::string>("p1-1-" + std::to_string(offset)));
  }

  Course Resume(std::uint64_t session, Continuity continuity,
                std::uint64_t next_seq) {
    receiver_.Announce();
    return *receiver_.Welcomed(Welcome(session, continuity, next_seq));
  }

  std::vector<std::unique_ptr<std::string>> texts_;
  SessionReceiver receiver_;
};

TEST_F(SessionReceiverTest, NumbersThatFollowEachOtherAreAdmittedOnce) {
  Receive(1, 3);
  EXPECT_EQ(receiver_.last_seq(), 3u);
  EXPECT_EQ(receiver_.last_progress(), "p1-1-3");
  EXPECT_TRUE(Admit(Live(3, "p1-1-3")).is_null());
  EXPECT_TRUE(Admit(Live(1, "p1-1-1")).is_null());
  EXPECT_EQ(receiver_.duplicates(), 2u);
}

TEST_F(SessionReceiverTest, ANumberThatIsLeftOutIsNeverHidden) {
  Receive(1, 3);
  EXPECT_EQ(receiver_.Admit(Live(5, "p1-1-5")).status(),
            Internal("seq: expected 4 after 3, got 5"));
  EXPECT_EQ(receiver_.Admit(Live(0, "p1-1-5")).status(),
            Internal("seq: expected at least 1, got 0"));
  EXPECT_EQ(receiver_.last_seq(), 3u);
  Receive(4, 5);
}

TEST_F(SessionReceiverTest, WhatIsProcessedIsAcknowledgedTogether) {
  Receive(1, 5);
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  receiver_.ProcessUpTo({1, 3, 0});
  EXPECT_FALSE(receiver_.TakeAcknowledgement(4).has_value());
  const auto three = receiver_.TakeAcknowledgement(3);
  ASSERT_TRUE(three.has_value());
  EXPECT_EQ(three->session, 7u);
  EXPECT_EQ(three->seq, 3u);
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  receiver_.ProcessUpTo({1, 5, 0});
  EXPECT_EQ(receiver_.TakeAcknowledgement(256)->seq, 5u);
}

TEST_F(SessionReceiverTest, AnEntryProcessedAloneWaitsForThoseBeforeIt) {
  Receive(1, 3);
  receiver_.Process({1, 2, 0});
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  receiver_.ProcessUpTo({1, 1, 0});
  EXPECT_EQ(receiver_.TakeAcknowledgement(1)->seq, 2u);
}

TEST_F(SessionReceiverTest, ThePlaceIsBeforeTheOldestThatIsNotProcessed) {
  Receive(1, 4);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 0, ""}));
  receiver_.ProcessUpTo({1, 2, 0});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 2, "p1-1-2"}));
  receiver_.ProcessUpTo({1, 4, 0});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 4, "p1-1-4"}));
}

TEST_F(SessionReceiverTest, AGapFoundHereStandsBetweenWhatCame) {
  const EntryNumber first_gap = receiver_.NumberGap();
  EXPECT_LT(first_gap, Admit(Live(1, "p1-1-1")));
  const EntryNumber part = Admit(Live(2, "p1-1-2", 1));
  const EntryNumber gap = receiver_.NumberGap();
  const EntryNumber next_gap = receiver_.NumberGap();
  EXPECT_LT(part, gap);
  EXPECT_LT(gap, next_gap);
  EXPECT_LT(next_gap, Admit(Live(2, "p1-1-2", 2)));
  receiver_.ProcessUpTo(gap);
  EXPECT_TRUE(receiver_.processed().has_unread_loss);
  EXPECT_TRUE(receiver_.PlaceAfter(gap).has_unread_loss);
  EXPECT_FALSE(receiver_.PlaceAfter(next_gap).has_unread_loss);
  receiver_.Process(next_gap);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 1, "p1-1-1"}));
}

TEST_F(SessionReceiverTest, NoticesAndThePastDoNotMoveTheProgress) {
  Receive(1, 1);
  Admit({.seq = 2});
  Admit({.seq = 3, .progress = "p1-1-0", .is_catching_up = true});
  EXPECT_EQ(receiver_.last_progress(), "p1-1-1");
  receiver_.ProcessUpTo({1, 3, 0});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 3, "p1-1-1"}));
}

TEST_F(SessionReceiverTest, ResentNumbersAreDroppedAndTheNextIsAdmitted) {
  Receive(1, 4);
  receiver_.ProcessUpTo({1, 2, 0});
  EXPECT_EQ(receiver_.Announce(), (SessionPlace{7, 2, "p1-1-2"}));
  EXPECT_EQ(*receiver_.Welcomed(Welcome(7, Continuity::kComplete, 3)),
            Course::kContinued);
  EXPECT_TRUE(Admit(Live(3, "p1-1-3")).is_null());
  EXPECT_TRUE(Admit(Live(4, "p1-1-4")).is_null());
  EXPECT_EQ(Admit(Live(5, "p1-1-5")), (EntryNumber{1, 5, 0}));
  // What was announced needs no acknowledgement.
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
}

TEST_F(SessionReceiverTest, AServiceThatSkipsNumbersHasLostThem) {
  Receive(1, 2);
  EXPECT_EQ(Resume(7, Continuity::kNothingMissed, 4), Course::kSkipped);
  EXPECT_EQ(Admit(Live(4, "p1-1-4")), (EntryNumber{2, 4, 0}));
}

TEST_F(SessionReceiverTest, AnotherEpochIsContinuedByPosition) {
  Receive(1, 4);
  receiver_.ProcessUpTo({1, 4, 0});
  EXPECT_EQ(Resume(8, Continuity::kComplete, 1), Course::kContinued);
  EXPECT_TRUE(Admit(Live(1, "p1-1-3")).is_null());
  // From the log: for a subscription that had not got it.
  EXPECT_FALSE(Admit({.seq = 2, .progress = "p1-1-2", .is_catching_up = true})
                   .is_null());
  EXPECT_TRUE(Admit(Live(3, "p1-1-4")).is_null());
  EXPECT_EQ(Admit(Live(4, "p1-1-5")), (EntryNumber{2, 4, 0}));
  EXPECT_EQ(receiver_.duplicates(), 2u);
  EXPECT_EQ(receiver_.session(), 8u);
}

TEST_F(SessionReceiverTest, DroppingByPositionDoesNotMoveTheProgressBack) {
  Receive(1, 4);
  receiver_.ProcessUpTo({1, 4, 0});
  Resume(8, Continuity::kComplete, 1);
  Admit(Live(1, "p1-1-2"));
  EXPECT_EQ(receiver_.processed(), (SessionPlace{8, 1, "p1-1-4"}));
}

// The tail of the log was lost: its offsets are given anew, to other events.
TEST_F(SessionReceiverTest, AnOffsetOfALaterLogEpochIsAnotherEvent) {
  Receive(1, 4);
  Resume(8, Continuity::kComplete, 1);
  EXPECT_FALSE(Admit(Live(1, "p1-2-3")).is_null());
}

TEST_F(SessionReceiverTest, APositionThatCannotBeReadIsKept) {
  Receive(1, 4);
  Resume(8, Continuity::kComplete, 1);
  EXPECT_FALSE(Admit(Live(1, "elsewhere")).is_null());
}

TEST_F(SessionReceiverTest, UnprocessedEntriesOfAnEarlierEpochHoldThePlace) {
  Receive(1, 4);
  receiver_.ProcessUpTo({1, 2, 0});
  Resume(8, Continuity::kComplete, 1);
  Admit(Live(1, "p1-1-3"));
  Admit(Live(2, "p1-1-4"));
  Admit(Live(3, "p1-1-5"));
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 2, "p1-1-2"}));
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  receiver_.ProcessUpTo({1, 4, 0});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{8, 2, "p1-1-4"}));
  EXPECT_EQ(receiver_.TakeAcknowledgement(1)->seq, 2u);
}

// Announced is the earlier epoch, so the service forgets by position what it
// has sent in this one and nobody received.
TEST_F(SessionReceiverTest, NumbersMayBeLeftOutWhenAnEarlierEpochIsAnnounced) {
  Receive(1, 4);
  Resume(8, Continuity::kComplete, 1);
  receiver_.ProcessUpTo({1, 3, 0});
  EXPECT_EQ(Resume(8, Continuity::kComplete, 4), Course::kContinued);
  EXPECT_TRUE(Admit(Live(4, "p1-1-4")).is_null());
  EXPECT_EQ(Admit(Live(5, "p1-1-5")), (EntryNumber{2, 5, 0}));
}

// The service heard an announcement whose welcome nobody heard.
TEST_F(SessionReceiverTest, AnAnnouncementWithoutAWelcomeMayHaveBeenHeard) {
  Receive(1, 4);
  Resume(8, Continuity::kComplete, 1);
  receiver_.ProcessUpTo({1, 3, 0});
  EXPECT_EQ(receiver_.Announce(), (SessionPlace{7, 3, "p1-1-3"}));
  receiver_.ProcessUpTo({1, 4, 0});
  EXPECT_EQ(receiver_.Announce(), (SessionPlace{8, 0, "p1-1-4"}));
  EXPECT_EQ(*receiver_.Welcomed(Welcome(8, Continuity::kComplete, 4)),
            Course::kContinued);
  EXPECT_TRUE(Admit(Live(4, "p1-1-4")).is_null());
  EXPECT_EQ(Admit(Live(5, "p1-1-5")), (EntryNumber{2, 5, 0}));
}

TEST_F(SessionReceiverTest, ALostSessionBeginsAnew) {
  Receive(1, 4);
  EXPECT_EQ(Resume(9, Continuity::kLost, 1), Course::kStartedOver);
  EXPECT_EQ(Admit(Live(1, "p1-1-2")), (EntryNumber{2, 1, 0}));
  receiver_.ProcessUpTo({2, 1, 0});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{9, 1, "p1-1-2"}));
}

// The service takes for lost what another process acknowledged.
TEST_F(SessionReceiverTest, WhatWasReceivedIsNotLostNorTakenAgain) {
  Receive(1, 5);
  EXPECT_EQ(Resume(7, Continuity::kLost, 4), Course::kContinued);
  EXPECT_TRUE(Admit(Live(4, "p1-1-4")).is_null());
  EXPECT_TRUE(Admit(Live(5, "p1-1-5")).is_null());
  EXPECT_FALSE(Admit(Live(6, "p1-1-6")).is_null());
  EXPECT_EQ(Resume(7, Continuity::kLost, 8), Course::kStartedOver);
  EXPECT_FALSE(Admit(Live(8, "p1-1-8")).is_null());
}

TEST_F(SessionReceiverTest, ANewSessionIsNotContinuedWhateverIsSaid) {
  SessionReceiver receiver{SessionPlace()};
  receiver.Announce();
  EXPECT_EQ(*receiver.Welcomed(Welcome(3, Continuity::kComplete, 1)),
            Course::kStartedOver);
}

TEST_F(SessionReceiverTest, AWelcomeWithoutNumbersIsRefused) {
  receiver_.Announce();
  EXPECT_EQ(receiver_.Welcomed(Welcome(0, Continuity::kNew, 1)).status(),
            Internal("welcome: expected a session and a next_seq, got session "
                     "0 and next_seq 1"));
  EXPECT_EQ(receiver_.Welcomed(Welcome(7, Continuity::kNew, 0)).status(),
            Internal("welcome: expected a session and a next_seq, got session "
                     "7 and next_seq 0"));
  EXPECT_EQ(receiver_.session(), 7u);
}

TEST_F(SessionReceiverTest, PartsAreAdmittedInOrderUnderOneNumber) {
  Receive(1, 1);
  EXPECT_EQ(Admit(Live(2, "p1-1-2", 1)), (EntryNumber{1, 2, 0}));
  EXPECT_EQ(receiver_.Admit(Live(2, "p1-1-2", 3)).status(),
            Internal("seq: expected 3 after part 1 of 2, got part 3 of 2"));
  EXPECT_EQ(Admit(Live(2, "p1-1-2", 2)), (EntryNumber{1, 2, 1}));
  EXPECT_TRUE(Admit(Live(2, "p1-1-2", 1)).is_null());
  EXPECT_EQ(receiver_.Admit(Live(3, "p1-1-3", 2)).status(),
            Internal("seq: expected 3 after part 2 of 2, got part 2 of 3"));
  EXPECT_EQ(Admit(Live(3, "p1-1-3")), (EntryNumber{1, 3, 0}));
}

SessionEntry PartOf(std::uint64_t seq, std::string_view progress,
                    std::uint32_t part, std::uint32_t parts) {
  return {.seq = seq, .part = part, .parts = parts, .progress = progress};
}

TEST_F(SessionReceiverTest, PartsThatAreCountedAreReceivedWithTheLastOne) {
  Admit(PartOf(1, "p1-1-1", 1, 3));
  Admit(PartOf(1, "p1-1-1", 2, 3));
  receiver_.ProcessUpTo({1, 1, 1});
  EXPECT_EQ(receiver_.last_seq(), 0u);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 0, ""}));
  EXPECT_EQ(Admit(PartOf(1, "p1-1-1", 3, 3)), (EntryNumber{1, 1, 2}));
  EXPECT_EQ(receiver_.last_seq(), 1u);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 0, ""}));
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  receiver_.ProcessUpTo({1, 1, 2});
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 1, "p1-1-1"}));
  EXPECT_EQ(receiver_.TakeAcknowledgement(1)->seq, 1u);
}

// Without the count it would come again: its last part might have been missing.
TEST_F(SessionReceiverTest, ADeliveryWhoseLastPartCameIsNotTakenAgain) {
  for (const std::uint32_t part : {1u, 2u}) {
    Admit(PartOf(1, "p1-1-1", part, 2));
  }
  EXPECT_EQ(Resume(7, Continuity::kComplete, 1), Course::kContinued);
  EXPECT_TRUE(Admit(PartOf(1, "p1-1-1", 1, 2)).is_null());
  EXPECT_TRUE(Admit(PartOf(1, "p1-1-1", 2, 2)).is_null());
  EXPECT_EQ(Admit(Live(2, "p1-1-2")), (EntryNumber{1, 2, 0}));
}

TEST_F(SessionReceiverTest, ADeliveryWhoseLastPartCameIsKnownByPosition) {
  for (const std::uint32_t part : {1u, 2u}) {
    Admit(PartOf(1, "p1-1-1", part, 2));
  }
  EXPECT_EQ(Resume(8, Continuity::kComplete, 1), Course::kContinued);
  EXPECT_TRUE(Admit(PartOf(1, "p1-1-1", 1, 2)).is_null());
  EXPECT_EQ(receiver_.last_seq(), 0u);
  EXPECT_TRUE(Admit(PartOf(1, "p1-1-1", 2, 2)).is_null());
  EXPECT_EQ(receiver_.last_seq(), 1u);
  EXPECT_EQ(receiver_.last_progress(), "p1-1-1");
}

TEST_F(SessionReceiverTest, PartsCountAsReceivedOnceTheNextNumberComes) {
  Admit(Live(1, "p1-1-1", 1));
  Admit(Live(1, "p1-1-1", 2));
  receiver_.ProcessUpTo({1, 1, 1});
  EXPECT_EQ(receiver_.last_seq(), 0u);
  EXPECT_EQ(receiver_.newest_seq(), 1u);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 0, ""}));
  EXPECT_FALSE(receiver_.TakeAcknowledgement(1).has_value());
  Receive(2, 2);
  EXPECT_EQ(receiver_.last_seq(), 2u);
  EXPECT_EQ(receiver_.processed(), (SessionPlace{7, 1, "p1-1-1"}));
  EXPECT_EQ(receiver_.TakeAcknowledgement(1)->seq, 1u);
}

TEST_F(SessionReceiverTest, PartsOfABrokenStreamComeAgainAndOnlyNewIdsCount) {
  ASSERT_TRUE(receiver_.Admit(Live(1, "p1-1-1", 1))->is_divided);
  EXPECT_TRUE(receiver_.NoteId("a"));
  EXPECT_TRUE(receiver_.NoteId("b"));
  EXPECT_EQ(receiver_.Announce(), (SessionPlace{7, 0, ""}));
  EXPECT_EQ(*receiver_.Welcomed(Welcome(7, Continuity::kComplete, 1)),
            Course::kContinued);
  // Divided otherwise, because "a" was unsubscribed meanwhile.
  const auto again = receiver_.Admit(Live(1, "p1-1-1", 1));
  EXPECT_EQ(again->number, (EntryNumber{1, 1, 1}));
  ASSERT_TRUE(again->is_divided);
  EXPECT_FALSE(receiver_.NoteId("b"));
  EXPECT_TRUE(receiver_.NoteId("c"));
  ASSERT_TRUE(receiver_.Admit(Live(1, "p1-1-1", 2))->is_divided);
  EXPECT_FALSE(receiver_.NoteId("c"));
  EXPECT_FALSE(receiver_.Admit(Live(2, "p1-1-2"))->is_divided);
}

TEST_F(SessionReceiverTest, PartsMayComeAgainAsOneWhole) {
  receiver_.Admit(Live(1, "p1-1-1", 1)).IgnoreError();
  receiver_.NoteId("a");
  Resume(7, Continuity::kComplete, 1);
  ASSERT_TRUE(receiver_.Admit(Live(1, "p1-1-1"))->is_divided);
  EXPECT_FALSE(receiver_.NoteId("a"));
  EXPECT_EQ(receiver_.last_seq(), 1u);
}

TEST_F(SessionReceiverTest, ADeliveryThatMayBeMissingPartsIsAwaitedByPosition) {
  Receive(1, 1);
  Admit(Live(2, "p1-1-2", 1));
  receiver_.ProcessUpTo({1, 2, 0});
  EXPECT_EQ(Resume(8, Continuity::kComplete, 1), Course::kContinued);
  EXPECT_TRUE(Admit(Live(1, "p1-1-1")).is_null());
  EXPECT_FALSE(Admit(Live(2, "p1-1-2", 1)).is_null());
}

TEST_F(SessionReceiverTest, WhatIsReadFromTheLogIsBehindUntilItIsProcessed) {
  Admit(Live(1, "p1-1-9"));
  const SessionEntry from_log{
      .seq = 2, .progress = "p1-1-5", .is_catching_up = true};
  Admit(from_log);
  receiver_.ProcessUpTo({1, 1, 0});
  EXPECT_EQ(receiver_.processed().behind, "p1-1-4");
  EXPECT_EQ(receiver_.PlaceAfter({1, 2, 0}).behind, "");
  receiver_.ProcessUpTo({1, 2, 0});
  EXPECT_EQ(receiver_.processed().behind, "");
}

TEST(SessionPlaceTest, ParseReadsWhatFormatWrites) {
  for (const SessionPlace& place :
       {SessionPlace{12, 345, "p1-7-1024"}, SessionPlace{1, 0, ""},
        SessionPlace{~0ull, ~0ull, "a-b"},
        SessionPlace{1, 2, "", true, "p1-7-9"},
        SessionPlace{1, 2, "p1-7-10", false, "p1-7-9"}}) {
    const auto parsed = ParseSessionPlace(FormatSessionPlace(place));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, place);
  }
  EXPECT_EQ(FormatSessionPlace({12, 345, "p1-7-1024"}), "s1-12-345-p1-7-1024");
  EXPECT_EQ(FormatSessionPlace({12, 345, "p1-7-1024", true, "p1-7-9"}),
            "s1-lost-12-345-p1-7-1024-behind-p1-7-9");
  EXPECT_EQ(FormatSessionPlace({12, 345, "p1-7-1024", true}),
            "s1-lost-12-345-p1-7-1024");
}

TEST(SessionPlaceTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "s1", "s1-", "s1-1", "s1-1-2", "s2-1-2-", "s1--2-", "s1-1--",
        "s1-01-2-", "s1--1-2-", "s1-99999999999999999999-1-", "s1-a-2-",
        "s1-lost-", "s1-lost-lost-1-2-", "s1-lost1-2-"}) {
    EXPECT_EQ(ParseSessionPlace(text).status(),
              InvalidArgument(std::string("expected the state of a session, "
                                          "got \"") +
                              text + "\""));
  }
}

}  // namespace
}  // namespace streamer
