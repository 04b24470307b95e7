#include "transport/source_consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

MonotonicTime At(Duration since_start) {
  return MonotonicTime(since_start + std::chrono::hours(1));
}

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
    for (const SourceEvent& event : action.events) text += " " + event.event_id;
    return text;
  }
  std::string operator()(const source_action::RecordMarker& action) {
    return "record " + action.backend + " " + action.marker;
  }
  std::string operator()(const source_action::ReportGap& action) {
    return "gap " + action.gap.backend + " \"" + action.gap.from + "\" to \"" +
           action.gap.to + "\": " + action.gap.reason;
  }
  std::string operator()(const source_action::ReportMalformed& action) {
    return "malformed " + action.event.event_id + ": " + action.event.reason;
  }
};

std::vector<std::string> Text(const SourceActions& actions) {
  std::vector<std::string> text;
  for (const SourceAction& action : actions) {
    text.push_back(std::visit(ActionText(), action));
  }
  return text;
}

// An event called "e<marker>".
SourceMessage Event(const std::string& marker) {
  SourceMessage message;
  message.progress = marker;
  message.event.emplace();
  message.event->event_id = "e" + marker;
  message.event->upstream_marker = marker;
  return message;
}
SourceMessage Heartbeat(const std::string& marker) {
  SourceMessage message;
  message.progress = marker;
  return message;
}
SourceMessage Malformed(const std::string& marker) {
  SourceMessage message;
  message.progress = marker;
  message.malformed = MalformedSourceEvent{.event_id = "e" + marker,
                                           .reason = "op_type: expected"};
  return message;
}

SourceConsumerOptions Options() {
  SourceConsumerOptions options;
  options.consumer_id = "node";
  options.instance = "5f";
  options.backend = "up";
  return options;
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
  SourceConsumer consumer(options, {.marker = "m7", .is_log_empty = false});
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
  SourceConsumer consumer = Started({.marker = "7", .is_log_empty = false});
  EXPECT_THAT(Text(consumer.Received(Heartbeat(""), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Received(Heartbeat("7"), At(seconds(1)))),
              ElementsAre("read"));
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"7\"", "read"));
}

TEST(SourceConsumerTest, AMalformedEventIsReportedInItsPlaceAndPassed) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  EXPECT_THAT(Text(consumer.Received(Malformed("2"), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre("malformed e2: op_type: expected", "record up 2"));
  EXPECT_EQ(consumer.statistics().malformed, 1u);
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"2\"", "read"));
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
  Duration bound = milliseconds(100);
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
  EXPECT_LE(*consumer.NextDeadline() - now, milliseconds(100));
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

TEST(SourceConsumerTest, AGapOfTheSourceIsReportedBetweenItsEvents) {
  SourceConsumer consumer = Started({});
  consumer.Received(Event("1"), At(seconds(1)));
  SourceMessage message = Event("9");
  message.gap = SourceGap{
      .backend = "b", .from = "1", .to = "8", .reason = "rolled over"};
  EXPECT_THAT(Text(consumer.Received(std::move(message), At(seconds(1)))),
              ElementsAre("read"));
  EXPECT_THAT(Text(consumer.Stored(OkStatus(), At(seconds(1)))),
              ElementsAre(R"(gap b "1" to "8": rolled over)", "append e9"));
  EXPECT_EQ(consumer.statistics().gaps, 1u);
}

TEST(SourceConsumerTest, AMarkerThatIsGoneIsAGapUpToTheOldestThereIs) {
  SourceConsumer consumer = Started({.marker = "m1", .is_log_empty = false});
  EXPECT_THAT(
      Text(consumer.StreamBroken(OutOfRange("trimmed"), "m5", At(seconds(1)))),
      ElementsAre(R"(gap up "m1" to "m5": trimmed)"));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"m5\"", "read"));
  // Nothing else is missing.
  EXPECT_THAT(Text(consumer.Received(Event("6"), At(seconds(2)))),
              ElementsAre("append e6", "read"));
}

TEST(SourceConsumerTest, AMarkerThatIsGoneIsAGapUpToWhereTheSourceGoesOn) {
  struct Case {
    Status refusal;
    SourceMessage first;
    std::string gap;
  };
  const std::vector<Case> cases = {
      {OutOfRange("trimmed"), Heartbeat("m9"),
       R"(gap up "m1" to "m9": trimmed)"},
      {InvalidArgument("no such token"), Event("m10"),
       R"(gap up "m1" to "": no such token)"},
  };
  for (const Case& one : cases) {
    SourceConsumer consumer = Started({.marker = "m1", .is_log_empty = false});
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
      ElementsAre(R"(gap up "1" to "5": trimmed)"));
}

TEST(SourceConsumerTest, InvalidArgumentOnAStreamThatWorkedIsNoGap) {
  SourceConsumer consumer = Started({});
  consumer.Received(Heartbeat("1"), At(seconds(1)));
  consumer.StreamBroken(InvalidArgument("what"), "5", At(seconds(2)));
  EXPECT_EQ(consumer.statistics().gaps, 0u);
  EXPECT_EQ(Reopen(consumer).front(), "open node-5f-2 after \"1\"");
}

TEST(SourceConsumerTest, OnlyTheFirstStreamOfAnEmptyLogBeginsWithoutAGap) {
  SourceConsumer consumer = Started({});
  // Never heard: nobody knew a place yet.
  consumer.StreamBroken(Unavailable("refused"), "", At(seconds(0)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-2 after \"\"", "read"));
  EXPECT_THAT(Text(consumer.Received(Heartbeat(""), At(seconds(1)))),
              ElementsAre("read"));
  consumer.StreamBroken(Unavailable("gone"), "", At(seconds(2)));
  EXPECT_THAT(Reopen(consumer),
              ElementsAre("open node-5f-3 after \"\"", "read"));
  EXPECT_THAT(
      Text(consumer.Received(Heartbeat("4"), At(seconds(3)))),
      ElementsAre(R"(gap up "" to "4": there was no marker to go on from)",
                  "record up 4", "read"));

  SourceConsumer restarted = Started({.is_log_empty = false});
  EXPECT_THAT(
      Text(restarted.Received(Heartbeat(""), At(seconds(3)))),
      ElementsAre(R"(gap up "" to "": there was no marker to go on from)",
                  "read"));
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

// A source with a log of numbered events, of which the oldest go, against a
// store that fails, over streams that break, in a process that crashes: what is
// stored is every event once and in order, but for the reported gaps; and the
// stored marker never runs ahead of the stored events.
class FaultyWorld {
 public:
  explicit FaultyWorld(unsigned seed) : random_(seed), seed_(seed) {}

  void Run() {
    Crash();
    for (int step = 0; step < 2'000; ++step) {
      now_ += milliseconds(random_() % 50);
      Step();
      if (::testing::Test::HasFailure()) return;
    }
    Settle();
  }

 private:
  void Step() {
    switch (random_() % 12) {
      case 0:
        head_ += 1 + random_() % 5;
        break;
      case 1:
        if (random_() % 8 == 0 && head_ > 3)
          first_ = std::max(first_, head_ - 3);
        break;
      case 2:
        if (is_open_ && random_() % 3 == 0) Break(Unavailable("gone"));
        break;
      case 3:
        if (random_() % 20 == 0) Crash();
        break;
      case 4:
        is_disk_full_ = random_() % 3 == 0;
        break;
      case 5:
        Perform(consumer_->Tick(now_));
        break;
      case 6:
      case 7:
        Store();
        break;
      default:
        Serve();
    }
  }

  // Lets everything arrive that can.
  void Settle() {
    is_disk_full_ = false;
    for (int step = 0; step < 20'000 && stored_ != head_; ++step) {
      now_ += milliseconds(20);
      Perform(consumer_->Tick(now_));
      Serve();
      Store();
    }
    EXPECT_EQ(stored_, head_) << "seed " << seed_;
  }

  void Crash() {
    SourceConsumerOptions options = Options();
    options.max_waiting_events = 8;
    options.batch_events = 3;
    options.backoff_seed = random_();
    is_open_ = false;
    is_reading_ = false;
    storing_.clear();
    lost_until_ = 0;
    consumer_.emplace(
        options, SourceStart{.marker = marker_, .is_log_empty = stored_ == 0});
    Perform(consumer_->Start(now_));
  }

  void Perform(SourceActions actions) {
    for (SourceAction& action : actions) {
      std::visit([this](auto& one) { Do(one); }, action);
    }
  }

  void Do(source_action::OpenStream& action) {
    ASSERT_FALSE(is_open_);
    is_open_ = true;
    is_reading_ = false;
    sent_ = action.after.empty() ? head_ : std::stoul(action.after);
    must_greet_ = true;
  }
  void Do(source_action::CancelStream&) { is_open_ = false; }
  void Do(source_action::Read&) {
    ASSERT_TRUE(is_open_ && !is_reading_);
    is_reading_ = true;
  }
  void Do(source_action::Append& action) {
    ASSERT_TRUE(storing_.empty());
    storing_.emplace_back(std::move(action));
  }
  void Do(source_action::RecordMarker& action) {
    ASSERT_TRUE(storing_.empty());
    storing_.emplace_back(std::move(action));
  }
  void Do(source_action::ReportGap& action) {
    if (!action.gap.to.empty()) lost_until_ = std::stoul(action.gap.to);
  }
  void Do(source_action::ReportMalformed& action) {
    ADD_FAILURE() << action.event.reason;
  }

  void Break(const Status& status) {
    is_open_ = is_reading_ = false;
    const bool names_oldest = absl::IsOutOfRange(status);
    Perform(consumer_->StreamBroken(
        status, names_oldest ? std::to_string(first_ - 1) : "", now_));
  }

  void Serve() {
    if (!is_open_ || !is_reading_) return;
    if (sent_ + 1 < first_) return Break(OutOfRange("trimmed"));
    is_reading_ = false;
    if (std::exchange(must_greet_, false) || sent_ == head_) {
      Perform(consumer_->Received(Heartbeat(std::to_string(sent_)), now_));
    } else {
      Perform(consumer_->Received(Event(std::to_string(++sent_)), now_));
    }
  }

  void Store() {
    if (storing_.empty()) return;
    const SourceAction action = std::move(storing_.back());
    storing_.clear();
    if (is_disk_full_) {
      Perform(consumer_->Stored(Unavailable("disk full"), now_));
      return;
    }
    if (const auto* append = std::get_if<source_action::Append>(&action)) {
      for (const SourceEvent& event : append->events) {
        const std::uint64_t number = std::stoul(event.upstream_marker);
        // Each follows the one before it, or a gap that was reported. On the
        // first stream of an empty log it may begin anywhere.
        const std::uint64_t expected = std::max(stored_, lost_until_) + 1;
        ASSERT_TRUE(number == expected || marker_.empty())
            << "got " << number << ", expected " << expected << ", seed "
            << seed_;
        stored_ = number;
        marker_ = event.upstream_marker;
      }
    } else {
      const auto& record = std::get<source_action::RecordMarker>(action);
      const std::uint64_t number = std::stoul(record.marker);
      ASSERT_TRUE(number <= std::max(stored_, lost_until_) || marker_.empty())
          << "got " << number << ", seed " << seed_;
      stored_ = std::max(stored_, number);
      marker_ = record.marker;
    }
    Perform(consumer_->Stored(OkStatus(), now_));
  }

  std::mt19937 random_;
  const unsigned seed_;
  MonotonicTime now_ = At(seconds(0));
  std::optional<SourceConsumer> consumer_;

  // The source.
  std::uint64_t first_ = 1;
  std::uint64_t head_ = 0;

  // The stream.
  bool is_open_ = false;
  bool is_reading_ = false;
  bool must_greet_ = false;
  std::uint64_t sent_ = 0;

  // The store.
  bool is_disk_full_ = false;
  std::vector<SourceAction> storing_;
  std::uint64_t stored_ = 0;  // all up to here was stored or reported lost
  std::uint64_t lost_until_ = 0;
  std::string marker_;
};

TEST(SourceConsumerTest, NothingIsLostOrDoubledWhateverFails) {
  for (unsigned seed = 0; seed < 200 && !HasFailure(); ++seed) {
    FaultyWorld(seed).Run();
  }
}

}  // namespace
}  // namespace streamer
