// Notices to sessions that do not acknowledge them: few are kept and saved,
// however many there are to give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/session_fixture.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SessionNoticesTest : public SessionFixture {
 protected:
  GatewayHandle Begin() {
    const GatewayHandle stream = Open();
    Subscribe(stream, "s");
    Seen(stream);
    return stream;
  }
  // Nobody can tell which documents they delete.
  void DeleteUnknown(std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i <= last; ++i) {
      SourceEvent event = support::MakeEvent(i, "");
      event.operation = SourceOperation::kDelete;
      event.document_id.clear();
      event.stored_key = absl::StrCat("t:", i);
      core_->Sequence(event);
    }
    core_->Settle();
  }
  const SavedCursor& Saved() { return core_->saved().cursors.at("g"); }
};

TEST_F(SessionNoticesTest, ThatAreNotAcknowledgedAreFewAndOneIsForAllThatWait) {
  const GatewayHandle stream = Begin();
  DeleteUnknown(1, 500);
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("resync [s] after 0 to 1", "resync [s] after 1 to 2",
                  "resync [s] after 2 to 3", "resync [s] after 3 to 4"));
  core_->SaveProgress(500);
  ASSERT_EQ(Saved().resyncs.size(), 5u);
  EXPECT_EQ(Saved().resyncs.back().from, (Position{1, 4}));
  EXPECT_EQ(Saved().resyncs.back().to, (Position{1, 500}));
  core_->Acknowledge(stream, 1);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [s] after 4 to 500"));
  core_->Acknowledge(stream, 5);
  DeleteUnknown(501, 501);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [s] after 500 to 501"));
}

// Who has an event knows of every loss before it.
TEST_F(SessionNoticesTest, NoDeliveryOvertakesOneThatWaits) {
  const GatewayHandle stream = Begin();
  DeleteUnknown(1, 5);
  Events(6, 7);
  DeleteUnknown(8, 8);
  EXPECT_EQ(Seen(stream).size(), 4u);
  core_->Acknowledge(stream, 4);
  EXPECT_THAT(Seen(stream),
              ElementsAre("resync [s] after 4 to 8", "delivery 6 e6 [s]",
                          "delivery 7 e7 [s]"));
}

TEST_F(SessionNoticesTest, OneThatWaitsComesAfterThoseThatComeAgain) {
  GatewayHandle stream = Begin();
  DeleteUnknown(1, 6);
  Leave(stream);
  stream = Open({.session = opened_.session, .last_sequence = 1});
  EXPECT_THAT(
      Seen(stream),
      ElementsAre("opened complete, next 2, has 1", "resync [s] after 1 to 2",
                  "resync [s] after 2 to 3", "resync [s] after 3 to 4",
                  "resync [s] after 4 to 6"));
}

TEST_F(SessionNoticesTest, OneThatWaitsSurvivesARestart) {
  GatewayHandle stream = Begin();
  for (int i = 0; i < 9; ++i) {
    core_->Sequence(support::MakeGap("", "it said so"));
  }
  core_->Settle();
  EXPECT_EQ(Seen(stream).size(), 4u);
  Restart();
  stream = Open({.session = opened_.session});
  EXPECT_THAT(Seen(stream), ElementsAre("opened complete, next 1, has 1",
                                        "resync [s] after 0 to 9"));
}

// Nothing that waits behind it is kept for longer than all else is.
TEST_F(SessionNoticesTest, TooFarBehindWhatWaitsIsGivenUpInTheSameNotice) {
  const GatewayHandle stream = Begin();
  DeleteUnknown(1, 5);
  Events(6, 9);
  Seen(stream);
  core_->Sequence(LimitLag{{1, 6}});
  core_->Settle();
  EXPECT_THAT(Seen(stream), IsEmpty());
  EXPECT_EQ(core_->router().statistics().waiting, 0u);
  core_->Acknowledge(stream, 4);
  EXPECT_THAT(Seen(stream), ElementsAre("resync [] after 4 to 9"));
  core_->Acknowledge(stream, 5);
  Events(10, 10);
  EXPECT_THAT(Seen(stream), ElementsAre("delivery 6 e10 [s]"));
}

}  // namespace
}  // namespace streamer
