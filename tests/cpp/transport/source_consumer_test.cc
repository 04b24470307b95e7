#include "transport/source_consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transport/source_messages.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct ActionText {
  std::string operator()(const source_action::OpenStream& action) {
    return "open " + action.consumer_id + " after \"" + action.after + "\"" +
           (action.coalesces ? " coalescing" : "");
  }
  std::string operator()(const source_action::CancelStream&) {
    return "cancel";
  }
  std::string operator()(const source_action::Read&) { return "read"; }
  std::string operator()(const source_action::Append& action) {
    std::string text = "append";
    for (const SourceEvent& event : action.events) text += " " + NameOf(event);
    return text;
  }
  std::string operator()(const source_action::RecordMarker& action) {
    return "record " + action.backend + " " + action.marker;
  }

 private:
  static std::string NameOf(const SourceEvent& event) {
    if (event.loss == nullptr) return event.event_id;
    const SourceLoss& loss = *event.loss;
    if (loss.kind == SourceLoss::Kind::kUnreadable) {
      return "[" + event.event_id + ": " + loss.reason + "]";
    }
    return "[gap " + event.backend + " \"" + loss.from + "\" to \"" + loss.to +
           "\": " + loss.reason + "]";
  }
};

std::vector<std::string> Text(const SourceActions& actions) {
  std::vector<std::string> text;
  for (const SourceAction& action : actions) {
    text.push_back(std::visit(ActionText(), action));
  }
  return text;
}

SourceMessage Malformed(const std::string& marker) {
  SourceMessage message = Event(marker);
  message.event->loss = std::make_shared<const SourceLoss>(SourceLoss{
      .kind = SourceLoss::Kind::kUnreadable, .reason = "expected JSON"});
  return message;
}

SourceConsumer Started(const SourceStart& start,
                       const SourceConsumerOptions& options = Options()) {
  SourceConsumer consumer(options, start);
  consumer.Start(At(seconds(0)));
  return consumer;
}

// Opens the next stream, when it is due.
std::vector<std::string> Reopen(SourceConsumer& consumer) {
  return Text(consumer.Tick(*consumer.NextDeadline()));
}

TEST(SourceConsumerTest, BeginsAfterTheLastMarkerOfTheLog) {
  SourceConsumerOptions options = Options();
  options.coalesces = true;
  SourceConsumer consumer(options, {.marker = "m7", .is_new = false});
  EXPECT_THAT(Text(consumer.Start(At(seconds(0)))),
              ElementsAre("open node-5f-1 after \"m7\" coalescing", "read"));
}

TEST(SourceConsumerTest, AppendsWhatComesAndReadsOn) {
  SourceConsumer consumer = Started({});
  EXPECT_THAT(Text(consumer.Received(Event("1"), At(seconds(1)))),
              ElementsAre("append e1", "read"));
  // One batch at a time: what comes meanwhile waits together.
  EXPECT_THAT(Text(consumer.Received(Event("2"), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Received(Event("3"), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e2 e3"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))), IsEmpty());
  EXPECT_EQ(consumer.statistics().events, 3u);
}

TEST(SourceConsumerTest, ABatchIsBounded) {
  SourceConsumerOptions options = Options();
  options.batch_events = 2;
  SourceConsumer consumer = Started({}, options);
  for (const char* marker : {"1", "2", "3", "4"}) {
    consumer.Received(Event(marker), At(seconds(1)));
  }
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e2 e3"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e4"));
}

TEST(SourceConsumerTest, AHeartbeatsMarkerIsRecordedAfterWhatCameBefore) {
  SourceConsumer consumer = Started({});
  EXPECT_THAT(Text(consumer.Received(Heartbeat("1"), At(seconds(1)))),
              ElementsAre("record up 1", "read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))), IsEmpty());
  consumer.Received(Event("2"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Received(Heartbeat("3"), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("record up 3"));
  EXPECT_EQ(consumer.statistics().heartbeats, 2u);
}

TEST(SourceConsumerTest, AMarkerIsNotRecordedWhenALaterOneWaits) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  consumer.Received(Heartbeat("2"), At(seconds(1)));
  consumer.Received(Heartbeat("3"), At(seconds(1)));
  consumer.Received(Event("4"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e4"));
}

// An event without a marker does not stand for the markers before it.
TEST(SourceConsumerTest, AMarkerIsRecordedBeforeAnEventThatBringsNone) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  consumer.Received(Heartbeat("2"), At(seconds(1)));
  consumer.Received(Event(""), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("record up 2"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e"));
}

TEST(SourceConsumerTest, AnEmptyMarkerOrTheSameAgainRecordsNothing) {
  SourceConsumer consumer = Started({.marker = "7", .is_new = false});
  EXPECT_THAT(Text(consumer.Received(Heartbeat(""), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Received(Heartbeat("7"), At(seconds(1)))),
              ElementsAre("read"));
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"7\"", "read"));
}

TEST(SourceConsumerTest, AnEventThatCannotBeReadIsStoredAsALossInItsPlace) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  consumer.Received(Malformed("2"), At(seconds(1)));
  consumer.Received(Event("3"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append [e2: expected JSON] e3"));
  EXPECT_EQ(consumer.statistics().malformed, 1u);
  EXPECT_EQ(consumer.statistics().events, 2u);
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"3\"", "read"));
}

TEST(SourceConsumerTest, GoesOnAfterTheLastMarkerReceivedWithoutDoubling) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  consumer.Received(Event("2"), At(seconds(1)));
  EXPECT_THAT(
      Text(consumer.StreamBroken(Unavailable("gone"), "", At(seconds(1)))),
      IsEmpty());
  EXPECT_EQ(consumer.last_failure(), Unavailable("gone"));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"2\"", "read"));
  EXPECT_THAT(Text(consumer.Received(Event("3"), At(seconds(3)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(3)))),
              ElementsAre("append e2 e3"));
}

TEST(SourceConsumerTest, WaitsLongerWithEachFailureUntilAStreamWasGood) {
  SourceConsumer consumer = Started({});
  MonotonicTime now = At(seconds(0));
  Duration bound = milliseconds(200);
  for (int attempt = 0; attempt < 15; ++attempt) {
    consumer.StreamBroken(Unavailable("refused"), "", now);
    const Duration wait = *consumer.NextDeadline() - now;
    EXPECT_GE(wait, bound / 2);
    EXPECT_LE(wait, bound);
    EXPECT_THAT(Text(consumer.Tick(now + wait - Duration(1))), IsEmpty());
    now += wait;
    EXPECT_EQ(Text(consumer.Tick(now)).size(), 2u);
    bound = std::min<Duration>(bound * 2, seconds(30));
  }
  consumer.Received(Heartbeat("1"), now);
  now += seconds(5);
  consumer.StreamBroken(Unavailable("gone"), "", now);
  EXPECT_LE(*consumer.NextDeadline() - now, milliseconds(200));
}

TEST(SourceConsumerTest, SilenceBeyondTheLimitIsABrokenStream) {
  SourceConsumerOptions options = Options();
  options.attempt_timeout = seconds(10);
  options.silence_limit = seconds(30);
  SourceConsumer consumer = Started({}, options);
  EXPECT_EQ(consumer.NextDeadline(), At(seconds(10)));
  EXPECT_THAT(Text(consumer.Tick(At(seconds(10)))), ElementsAre("cancel"));
  EXPECT_EQ(consumer.last_failure(), Unavailable("no message within 10000 ms"));
  consumer.Tick(At(seconds(11)));
  consumer.Received(Heartbeat("1"), At(seconds(12)));
  consumer.Stored(OkStatus(), At(seconds(12)));
  EXPECT_EQ(consumer.NextDeadline(), At(seconds(42)));
  EXPECT_THAT(Text(consumer.Tick(At(seconds(41)))), IsEmpty());
  EXPECT_THAT(Text(consumer.Tick(At(seconds(42)))), ElementsAre("cancel"));
  EXPECT_EQ(consumer.last_failure(), Unavailable("no message within 30000 ms"));
}

// A stock puller sends nothing for 30 s, then a heartbeat each 30 s, of which
// one may be late.
TEST(SourceConsumerTest, AnIdleStreamWithHeartbeatsEachHalfMinuteIsLeftOpen) {
  SourceConsumer consumer = Started({});
  MonotonicTime now = At(seconds(0));
  for (int heartbeat = 1; heartbeat < 10; ++heartbeat) {
    now += heartbeat % 3 == 0 ? seconds(59) : seconds(31);
    EXPECT_GT(*consumer.NextDeadline(), now);
    EXPECT_THAT(Text(consumer.Tick(now)), IsEmpty());
    consumer.Received(Heartbeat(std::to_string(heartbeat)), now);
    consumer.Stored(OkStatus(), now);
    EXPECT_TRUE(consumer.IsReady(now));
  }
}

TEST(SourceConsumerTest, WhatCannotBeStoredIsOfferedAgainAndNothingRead) {
  SourceConsumerOptions options = Options();
  options.store_retry = milliseconds(100);
  SourceConsumer consumer = Started({}, options);
  consumer.Received(Event("1"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Stored(Unavailable("disk full"), At(seconds(1)))),
              IsEmpty());
  // The message that was being read comes still, and none after it.
  EXPECT_THAT(Text(consumer.Received(Event("2"), At(seconds(1)))), IsEmpty());
  EXPECT_EQ(consumer.NextDeadline(), At(milliseconds(1'100)));
  EXPECT_THAT(Text(consumer.Tick(At(milliseconds(1'100)))),
              ElementsAre("append e1 e2"));
  EXPECT_EQ(consumer.NextDeadline(), std::nullopt);
  consumer.Stored(Unavailable("disk full"), At(seconds(2)));
  // Silence proves nothing while nothing is read.
  EXPECT_THAT(Text(consumer.Tick(At(minutes(10)))),
              ElementsAre("append e1 e2"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(minutes(10)))),
              ElementsAre("read"));
  EXPECT_EQ(consumer.statistics().store_failures, 2u);
}

TEST(SourceConsumerTest, AMarkerThatCannotBeRecordedIsRecordedLater) {
  SourceConsumer consumer = Started({});
  consumer.Received(Heartbeat("1"), At(seconds(1)));
  consumer.Stored(Unavailable("disk full"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Tick(*consumer.NextDeadline())),
              ElementsAre("record up 1"));
}

TEST(SourceConsumerTest, ReadingStopsWhenTooMuchWaits) {
  SourceConsumerOptions options = Options();
  options.max_waiting_events = 3;
  SourceConsumer consumer = Started({}, options);
  consumer.Received(Event("1"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Received(Event("2"), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Received(Event("3"), At(seconds(1)))), IsEmpty());
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("append e2 e3", "read"));

  options = Options();
  options.max_waiting_bytes = 10'000;
  SourceConsumer other = Started({}, options);
  SourceMessage large = Event("1");
  large.event->document.assign(10'000, ' ');
  EXPECT_THAT(Text(other.Received(std::move(large), At(seconds(1)))),
              ElementsAre("append e1"));
  EXPECT_THAT(Text(other.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("read"));
}

SourceEvent Gap(const std::string& backend, SourceLoss loss) {
  SourceEvent gap;
  gap.backend = backend;
  gap.loss = std::make_shared<const SourceLoss>(std::move(loss));
  return gap;
}

TEST(SourceConsumerTest, AGapOfTheSourceIsStoredBetweenItsEvents) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  SourceMessage message = Event("9");
  message.gap = Gap("b", {.from = "1", .to = "8", .reason = "rolled over"});
  EXPECT_THAT(Text(consumer.Received(std::move(message), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre(R"(append [gap b "1" to "8": rolled over] e9)"));
  EXPECT_EQ(consumer.statistics().gaps, 1u);
}

TEST(SourceConsumerTest, AGapAloneIsStoredWithItsMarker) {
  SourceConsumer consumer = Started({});
  SourceMessage message;
  message.progress = "9";
  message.gap = Gap("b", {.from = "8", .to = "9", .reason = "rolled over"});
  const SourceActions actions =
      consumer.Received(std::move(message), At(seconds(1)));
  EXPECT_THAT(Text(actions),
              ElementsAre(R"(append [gap b "8" to "9": rolled over])", "read"));
  EXPECT_EQ(std::get<source_action::Append>(actions[0])
                .events.front()
                .upstream_marker,
            "9");
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))), IsEmpty());
}

TEST(SourceConsumerTest, ALossThatCannotBeStoredIsOfferedAgainAndNothingRead) {
  SourceConsumer consumer = Started({});
  EXPECT_THAT(Text(consumer.Received(Malformed("1"), At(seconds(1)))),
              ElementsAre("append [e1: expected JSON]", "read"));
  EXPECT_THAT(Text(consumer.Stored(Unavailable("disk full"), At(seconds(2)))),
              IsEmpty());
  EXPECT_THAT(Text(consumer.Received(Heartbeat(""), At(seconds(2)))),
              IsEmpty());
  EXPECT_THAT(Text(consumer.Tick(*consumer.NextDeadline())),
              ElementsAre("append [e1: expected JSON]"));
  EXPECT_EQ(consumer.statistics().malformed, 1u);
}

TEST(SourceConsumerTest, AMarkerThatIsGoneIsAGapUpToTheOldestThereIs) {
  SourceConsumer consumer = Started({.marker = "m1", .is_new = false});
  EXPECT_THAT(
      Text(consumer.StreamBroken(OutOfRange("trimmed"), "m5", At(seconds(1)))),
      ElementsAre(R"(append [gap up "m1" to "m5": trimmed])"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))), IsEmpty());
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"m5\"", "read"));
  // Nothing else is missing.
  EXPECT_THAT(Text(consumer.Received(Event("6"), At(seconds(2)))),
              ElementsAre("append e6", "read"));
}

TEST(SourceConsumerTest, AMarkerThatIsGoneDoesNotWaitForALongBackoff) {
  SourceConsumer consumer = Started({.marker = "m1", .is_new = false});
  MonotonicTime now;
  for (int i = 0; i < 10; ++i) {
    now = consumer.NextDeadline().value_or(At(seconds(0)));
    consumer.StreamBroken(Unavailable("refused"), "", now);
    now = *consumer.NextDeadline();
    consumer.Tick(now);
  }
  consumer.StreamBroken(OutOfRange("trimmed"), "m5", now);
  EXPECT_EQ(*consumer.NextDeadline(), now);
  // Refused again, it is not asked ever faster.
  consumer.Tick(now);
  consumer.StreamBroken(OutOfRange("trimmed"), "m6", now);
  EXPECT_GE(*consumer.NextDeadline() - now, milliseconds(100));
  EXPECT_LE(*consumer.NextDeadline() - now, milliseconds(200));
}

TEST(SourceConsumerTest, AMarkerThatIsGoneIsAGapUpToWhereTheSourceGoesOn) {
  struct Case {
    Status refusal;
    SourceMessage first;
    std::string gap;
  };
  const std::vector<Case> cases = {
      {OutOfRange("trimmed"), Heartbeat("m9"),
       R"(append [gap up "m1" to "m9": trimmed])"},
      {InvalidArgument("no such token"), Event("m10"),
       R"(append [gap up "m1" to "": no such token] em10)"},
  };
  for (const Case& one : cases) {
    SourceConsumer consumer = Started({.marker = "m1", .is_new = false});
    EXPECT_THAT(Text(consumer.StreamBroken(one.refusal, "", At(seconds(1)))),
                IsEmpty());
    EXPECT_THAT(Reopen(consumer),
                ElementsAre("open node-5f-2 after \"\"", "read"));
    // Not before the source is heard: until then more may be lost.
    consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
    EXPECT_THAT(Reopen(consumer),
                ElementsAre("open node-5f-3 after \"\"", "read"));
    EXPECT_EQ(Text(consumer.Received(one.first, At(seconds(3)))).front(),
              one.gap);
    EXPECT_EQ(consumer.statistics().gaps, 1u);
  }
}

TEST(SourceConsumerTest, ALogTrimmedPastASlowStreamIsAGap) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  consumer.Stored(OkStatus(), At(seconds(1)));
  EXPECT_THAT(
      Text(consumer.StreamBroken(OutOfRange("trimmed"), "5", At(seconds(2)))),
      ElementsAre(R"(append [gap up "1" to "5": trimmed])"));
}

TEST(SourceConsumerTest, InvalidArgumentOnAStreamThatWorkedIsNoGap) {
  SourceConsumer consumer = Started({});
  consumer.Received(Heartbeat("1"), At(seconds(1)));
  consumer.StreamBroken(InvalidArgument("what"), "5", At(seconds(2)));
  EXPECT_EQ(consumer.statistics().gaps, 0u);
  EXPECT_EQ(Reopen(consumer).front(), "open node-5f-2 after \"1\"");
}

// Whoever subscribed before the source was there was told that all comes from
// then on, and what the source got meanwhile does not.
TEST(SourceConsumerTest, OnlyTheFirstStreamOfANewLogBeginsWithoutAGap) {
  constexpr char kGap[] =
      R"(append [gap up "" to "4": there was no marker to go on from])";
  SourceConsumer first = Started({.is_new = true});
  EXPECT_THAT(Text(first.Received(Heartbeat("4"), At(seconds(1)))),
              ElementsAre("record up 4", "read"));

  SourceConsumer second = Started({.is_new = true});
  second.StreamBroken(Unavailable("refused"), "", At(seconds(0)));
  EXPECT_THAT(Reopen(second), ElementsAre("open node-5f-2 after \"\"", "read"));
  EXPECT_THAT(Text(second.Received(Heartbeat("4"), At(seconds(1)))),
              ElementsAre(kGap, "read"));
  EXPECT_THAT(Text(second.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("record up 4"));

  // A session goes on, or the log says nothing of where it was.
  SourceConsumer restarted = Started({.is_new = false});
  EXPECT_THAT(Text(restarted.Received(Heartbeat("4"), At(seconds(1)))),
              ElementsAre(kGap, "read"));
}

// A source of another make may give no markers but with events.
TEST(SourceConsumerTest, EachLaterStreamWithoutAMarkerBeginsWithAGap) {
  SourceConsumer consumer = Started({.is_new = true});
  EXPECT_THAT(Text(consumer.Received(Heartbeat(""), At(seconds(1)))),
              ElementsAre("read"));
  for (int stream = 2; stream < 5; ++stream) {
    consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
    Reopen(consumer);
    EXPECT_THAT(
        Text(consumer.Received(Heartbeat(""), At(seconds(3)))),
        ElementsAre(
            R"(append [gap up "" to "": there was no marker to go on from])",
            "read"));
    consumer.Stored(OkStatus(), At(seconds(3)));
  }
}

TEST(SourceConsumerTest, IsReadyWhileTheSourceIsFollowedAndALittleLonger) {
  SourceConsumerOptions options = Options();
  options.unready_after = seconds(30);
  SourceConsumer consumer = Started({}, options);
  EXPECT_FALSE(consumer.IsReady(At(seconds(0))));
  consumer.Received(Heartbeat("1"), At(seconds(1)));
  EXPECT_TRUE(consumer.IsReady(At(seconds(500))));
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(600)));
  EXPECT_TRUE(consumer.IsReady(At(seconds(630))));
  EXPECT_FALSE(consumer.IsReady(At(milliseconds(630'001))));
  // A stream that opens and says nothing changes nothing.
  consumer.Tick(*consumer.NextDeadline());
  consumer.StreamBroken(Unavailable("refused"), "", At(seconds(700)));
  EXPECT_FALSE(consumer.IsReady(At(seconds(700))));
  consumer.Tick(*consumer.NextDeadline());
  consumer.Received(Heartbeat("1"), At(seconds(710)));
  EXPECT_TRUE(consumer.IsReady(At(seconds(710))));
}

// The place at which it goes on cannot be read there, each time anew.
TEST(SourceConsumerTest, ASourceThatAlwaysBreaksOnceItIsHeardIsNotReady) {
  SourceConsumerOptions options = Options();
  options.unready_after = seconds(30);
  SourceConsumer consumer = Started({.marker = "1", .is_new = false}, options);
  const auto hear = [&](MonotonicTime now) {
    consumer.Tick(now);
    consumer.Received(Heartbeat("1"), now);
  };
  MonotonicTime now = At(seconds(0));
  consumer.Received(Heartbeat("1"), now);
  EXPECT_TRUE(consumer.IsReady(now));
  consumer.StreamBroken(DataLoss("damaged"), "", now);
  for (int attempt = 0; attempt < 20; ++attempt) {
    now = *consumer.NextDeadline();
    hear(now);
    EXPECT_EQ(consumer.IsReady(now), now <= At(seconds(30)));
    consumer.StreamBroken(DataLoss("damaged"), "", now);
  }
  EXPECT_GT(now, At(minutes(1)));
  EXPECT_FALSE(consumer.IsReady(now));
  // One that lasts is followed, and so is one that brings something.
  now = *consumer.NextDeadline();
  hear(now);
  EXPECT_FALSE(consumer.IsReady(now));
  EXPECT_TRUE(consumer.IsReady(now + seconds(5)));
  consumer.Received(Event("2"), now);
  EXPECT_TRUE(consumer.IsReady(now));
  consumer.StreamBroken(DataLoss("damaged"), "", now);
  EXPECT_TRUE(consumer.IsReady(now + seconds(30)));
}

TEST(SourceConsumerTest, NothingIsAskedForOnceItIsClosed) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Close()), ElementsAre("cancel"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))), IsEmpty());
  EXPECT_THAT(Text(consumer.Received(Event("2"), At(seconds(1)))), IsEmpty());
  EXPECT_THAT(Text(consumer.Tick(At(minutes(9)))), IsEmpty());
  EXPECT_THAT(Text(consumer.Close()), IsEmpty());
  EXPECT_EQ(consumer.NextDeadline(), std::nullopt);
  EXPECT_FALSE(consumer.IsReady(At(seconds(1))));
}

}  // namespace
}  // namespace streamer
