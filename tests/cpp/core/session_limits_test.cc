// Sessions: what cannot begin now, and what cannot go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/session_fixture.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;

class SessionLimitsTest : public SessionFixture {};

TEST_F(SessionLimitsTest, NoneBeginsWhileNothingCanBeSaved) {
  const GatewayHandle first = Open();
  Subscribe(first, "s");
  Seen(first);
  const SessionNumber number = opened_.session;
  const Status unsaved = Unavailable("the disk is full");
  EXPECT_THAT(Seen(Open({.unsaved = unsaved})),
              ElementsAre("closed the disk is full"));
  EXPECT_THAT(Seen(Open({.gateway_id = "other", .unsaved = unsaved})),
              ElementsAre("closed the disk is full"));
  // What there was is as it was.
  Events(1, 1);
  EXPECT_THAT(Seen(first), ElementsAre("delivery 1 e1 [s]"));
  // To go on changes nothing that would have to be saved.
  EXPECT_THAT(
      Seen(Open({.session = number, .last_sequence = 1, .unsaved = unsaved})),
      ElementsAre("opened nothing missed, next 2, has 1"));
}

// A number has room for 4,095 epochs; each restart takes one.
TEST_F(SessionLimitsTest, WithoutANextEpochItIsLostWithAllThatWasSavedOfIt) {
  Subscribe(Open(), "s");
  constexpr int kEpochs = (1 << kSessionEpochBits) - 1;
  for (int restart = 0; restart < kEpochs; ++restart) {
    if (restart == kEpochs - 1) {
      EXPECT_THAT(Seen(Open({.session = opened_.session})),
                  ElementsAre("opened nothing missed, next 1, has 1"));
    }
    Restart();
  }
  EXPECT_THAT(Seen(Open({.session = opened_.session})),
              ElementsAre("opened lost, next 1, has 0"));
  Restart();
  EXPECT_THAT(Seen(Open({.session = opened_.session})),
              ElementsAre("opened nothing missed, next 1, has 0"));
}

}  // namespace
}  // namespace streamer
