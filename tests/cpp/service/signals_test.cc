#include "service/internal/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

namespace streamer {
namespace {

// Sent to one thread only: threads that other tests left behind do not block
// the signals.
TEST(SignalsTest, ASignalSentBeforeTheWaitIsNotLost) {
  SignalWatch watch;
  raise(SIGTERM);
  EXPECT_EQ(watch.Wait(), SIGTERM);
  raise(SIGINT);
  EXPECT_EQ(watch.WaitFor(std::chrono::hours(1)), SIGINT);
}

TEST(SignalsTest, AThreadStartedLaterLeavesTheSignalsToTheWatch) {
  SignalWatch watch;
  const pthread_t waiting = pthread_self();
  std::thread other([waiting] {
    raise(SIGTERM);  // blocked here too: nothing happens
    pthread_kill(waiting, SIGINT);
  });
  EXPECT_EQ(watch.WaitFor(std::chrono::hours(1)), SIGINT);
  other.join();
}

TEST(SignalsTest, AWaitEndsAfterItsTime) {
  SignalWatch watch;
  EXPECT_EQ(watch.WaitFor(std::chrono::milliseconds(1)), 0);
  EXPECT_EQ(watch.WaitFor(Duration::zero()), 0);
}

TEST(SignalsTest, APeerThatGoesAwayIsNoSignal) {
  SignalWatch watch;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace streamer
