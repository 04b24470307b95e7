#include "runtime/internal/past_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>
#include <vector>

#include "store/memory_event_log.h"
#include "support/core_events.h"

namespace streamer::internal {
namespace {

using ::testing::SizeIs;

constexpr GatewayHandle kGateway(1);

// A sequencer that has taken all of a log of nine events, of which the last
// four are held, and a gateway that catches up from `after`.
class FeedPastTest : public ::testing::Test {
 protected:
  void CatchUpFrom(std::uint64_t after) {
    log_.Append(support::MakeEvents(1, 9, "c"), Instant()).value();
    std::vector<LogEntry> entries;
    ASSERT_TRUE(log_.Read({1, 0}, 9, entries).ok());
    for (const LogEntry& entry : entries) {
      sequencer_.Accept(entry, Instant(), output_);
    }
    log_.Release(log_.head());
    ASSERT_EQ(log_.first().offset, 6u);
    sequencer_.Accept(Command(ConnectGateway{kGateway, "g"}), Instant(),
                      output_);
    Subscribe subscribe = support::MakeSubscribe(kGateway, "s", "c", "true");
    subscribe.resume_after = Position{1, after};
    sequencer_.Accept(Command(subscribe), Instant(), output_);
    sequencer_.Accept(Command(ContinueHistory{kGateway, 100}), Instant(),
                      output_);
    output_.Clear();
  }
  EndPastEvents Feed(std::size_t limit) {
    output_.Clear();
    EXPECT_TRUE(FeedPast(log_, limit, sequencer_, scratch_, output_).ok());
    return std::get<EndPastEvents>(output_.steps.back().work);
  }

  MemoryEventLog log_{{.retained_events = 4}};
  Sequencer sequencer_{CoreOptions(), 1, Position{1, 0}};
  SequencerOutput output_{1};
  std::vector<LogEntry> scratch_;
};

TEST_F(FeedPastTest, NobodyWaitsForNothing) {
  EXPECT_TRUE(FeedPast(log_, 10, sequencer_, scratch_, output_).ok());
  EXPECT_THAT(output_.steps, SizeIs(0));
}

TEST_F(FeedPastTest, ABatchIsAsLargeAsItMayBe) {
  CatchUpFrom(6);
  const EndPastEvents first = Feed(2);
  EXPECT_THAT(output_.shards[0], SizeIs(2));
  EXPECT_EQ(first.upto, (Position{1, 8}));
  EXPECT_FALSE(first.is_live);
  sequencer_.Accept(Command(ContinueHistory{kGateway, 100}), Instant(),
                    output_);
  const EndPastEvents second = Feed(2);
  EXPECT_THAT(output_.shards[0], SizeIs(1));
  EXPECT_EQ(second.upto, (Position{1, 9}));
  EXPECT_TRUE(second.is_live);
}

TEST_F(FeedPastTest, WhatIsNoLongerHeldIsPassedOverAndSaid) {
  CatchUpFrom(2);
  const EndPastEvents lost = Feed(100);
  EXPECT_EQ(lost.lost_after, (Position{1, 2}));
  EXPECT_EQ(lost.upto, (Position{1, 5}));
  EXPECT_FALSE(lost.is_live);
  sequencer_.Accept(Command(ContinueHistory{kGateway, 100}), Instant(),
                    output_);
  EXPECT_TRUE(Feed(100).is_live);
  EXPECT_THAT(output_.shards[0], SizeIs(4));
}

}  // namespace
}  // namespace streamer::internal
