// Streams without a session that take too little.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/core_harness.h"
#include "support/core_events.h"

namespace streamer {
namespace {

using support::MakeEvent;
using support::MakeSubscribe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StalledGatewayTest : public ::testing::Test {
 protected:
  StalledGatewayTest() {
    core_.Sequence(ConnectGateway{
        .gateway = kPlain, .gateway_id = "p", .initial_credit = 2});
    core_.Sequence(MakeSubscribe(kPlain, "s", "c", "true"));
    for (std::int64_t i = 1; i <= 4; ++i) core_.Sequence(MakeEvent(i, "c"));
    core_.Settle();
    core_.Take(kPlain);
  }

  static constexpr GatewayHandle kPlain{1};
  CoreHarness core_{2};
};

TEST_F(StalledGatewayTest, WhoHasNotTakenAnOldEventIsClosed) {
  core_.CloseStalled(0);
  EXPECT_THAT(core_.Take(kPlain), IsEmpty());
  core_.CloseStalled(1);
  EXPECT_THAT(core_.Take(kPlain),
              ElementsAre("closed expected the gateway to take the event at "
                          "p1-1-1 within gateway.stall_timeout"));
  core_.SaveProgress();
  EXPECT_EQ(core_.saved().watermark, 4u);
}

// Nobody knows how old that is, if the log has dropped it already.
TEST_F(StalledGatewayTest, WhoIsNotClosedHoldsUpNothingThatIsOlder) {
  core_.SaveProgress(3);
  EXPECT_EQ(core_.saved().watermark, 3u);
  EXPECT_THAT(core_.Take(kPlain), IsEmpty());
}

// What is read from the log again is old however fast it is taken.
TEST_F(StalledGatewayTest, WhoCatchesUpIsNot) {
  constexpr GatewayHandle kLate{2};
  core_.Grant(kPlain, 2);
  core_.Grant(kPlain, 2);
  core_.Sequence(ConnectGateway{
      .gateway = kLate, .gateway_id = "l", .initial_credit = 100});
  Subscribe late = MakeSubscribe(kLate, "s", "c", "true");
  late.resume_after = Position{1, 0};
  core_.Sequence(late);
  core_.Settle();
  EXPECT_EQ(core_.Take(kLate).size(), 5u);
  core_.SaveProgress();
  EXPECT_EQ(core_.saved().watermark, 4u);
  core_.CloseStalled(4);
  EXPECT_THAT(core_.Take(kLate), IsEmpty());
}

TEST_F(StalledGatewayTest, WhoTakesALittleInTimeIsNot) {
  core_.Grant(kPlain, 2);
  core_.CloseStalled(2);
  EXPECT_THAT(core_.Take(kPlain),
              ElementsAre("delivery 3 e3 [s]", "delivery 4 e4 [s]"));
  core_.CloseStalled(3);
  EXPECT_EQ(core_.Take(kPlain).size(), 1u);
}

}  // namespace
}  // namespace streamer
