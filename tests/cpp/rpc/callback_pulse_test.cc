#include "rpc/callback_pulse.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace streamer {
namespace {

using std::chrono::milliseconds;

TEST(CallbackPulseTest, BeatsUntilItEnds) {
  const CallbackPulse pulse(milliseconds(1));
  while (pulse.beats() < 20) std::this_thread::yield();
}

TEST(CallbackPulseTest, EndsBeforeItsFirstBeat) {
  const CallbackPulse pulse(std::chrono::hours(1));
  EXPECT_EQ(pulse.beats(), 0);
}

TEST(CallbackPulseTest, BeatsMoreOftenThanGrpcFallsAsleep) {
  EXPECT_LT(2 * CallbackPulse::kInterval, milliseconds(1000));
}

TEST(CallbackPulseTest, IsOneForAllWhoHoldIt) {
  const std::shared_ptr<CallbackPulse> first = CallbackPulse::Share();
  EXPECT_EQ(CallbackPulse::Share(), first);
}

TEST(CallbackPulseTest, BeginsAnewOnceNobodyHoldsIt) {
  const std::weak_ptr<CallbackPulse> gone = CallbackPulse::Share();
  EXPECT_TRUE(gone.expired());
  EXPECT_NE(CallbackPulse::Share(), nullptr);
}

}  // namespace
}  // namespace streamer
