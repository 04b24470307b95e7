#include "puller/puller_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "puller/coalescing.h"
#include "puller/puller_events.h"
#include "store/memory_event_log.h"
#include "store/rocksdb_event_log.h"
#include "store/temporary_folder.h"

namespace streamer {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const MemoryEventLogOptions kLog{.epoch = 3};

PullerSession Open(const EventLog& log, const PullerRequest& request,
                   const PullerSessionOptions& options = {},
                   MonotonicTime now = At(Duration(0))) {
  auto session = PullerSession::Open(request, options, log, now);
  EXPECT_TRUE(session.ok()) << session.status();
  return *std::move(session);
}

std::string Describe(const PullerMessage& message) {
  return FormatPullerMarker(message.progress) + " " +
         (message.event == nullptr ? "heartbeat" : Describe(*message.event));
}

// All that is to be sent at `now`, as "marker event".
std::vector<std::string> Send(PullerSession& session,
                              MonotonicTime now = At(Duration(0))) {
  std::vector<std::string> sent;
  while (true) {
    auto next = session.Next(now);
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !next->has_value()) return sent;
    sent.push_back(Describe(**next));
  }
}

// What a process that was killed left behind, and the epoch that it had; opened
// by the next one.
struct LeftLog {
  std::unique_ptr<RocksDbEventLog> log;
  std::uint32_t epoch = 0;
};

LeftLog OpenLeft(const TemporaryFolder& folder,
                 std::vector<SourceEvent> events) {
  const Instant now = InstantAt(Duration(0));
  RocksDbEventLogOptions options{.path = folder / "log",
                                 .identity = "0123456789abcdef"};
  const auto killed = RocksDbEventLog::Open(options, now).value();
  AppendTo(*killed, std::move(events));
  const std::uint32_t epoch = killed->head().epoch;
  CopyFolder(options.path, folder / "left");
  options.path = folder / "left";
  return {RocksDbEventLog::Open(options, now).value(), epoch};
}

TEST(PullerSessionTest, WithoutAMarkerItBeginsAtTheHead) {
  MemoryEventLog log(kLog);
  AppendTo(log, {Insert("a", 1), Insert("b", 2)});
  PullerSession session = Open(log, {});
  EXPECT_THAT(Send(session), ElementsAre("p1-3-2 heartbeat"));
  AppendTo(log, {Update("a", 3)});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-3 update a {"n":3})"));
}

TEST(PullerSessionTest, AfterAMarkerFollowsAllThatIsAfterItThenWhatComes) {
  MemoryEventLog log(kLog);
  AppendTo(log, {Insert("a", 1), Insert("b", 2), Insert("c", 3)});
  PullerSession session = Open(log, {.after = "p1-3-1"});
  EXPECT_THAT(Send(session),
              ElementsAre("p1-3-1 heartbeat", R"(p1-3-2 insert b {"n":2})",
                          R"(p1-3-3 insert c {"n":3})"));
  EXPECT_THAT(Send(session), IsEmpty());
  AppendTo(log, {Insert("d", 4)});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-4 insert d {"n":4})"));
}

TEST(PullerSessionTest, AnIdleStreamIsHeardOfWithWhatWasSent) {
  MemoryEventLog log(kLog);
  PullerSession session =
      Open(log, {}, {.heartbeat_interval = seconds(10)}, At(seconds(0)));
  EXPECT_THAT(Send(session, At(seconds(0))), ElementsAre("p1-3-0 heartbeat"));
  EXPECT_EQ(session.next_heartbeat(), At(seconds(10)));
  AppendTo(log, {Insert("a", 1)});
  EXPECT_THAT(Send(session, At(seconds(7))),
              ElementsAre(R"(p1-3-1 insert a {"n":1})"));
  EXPECT_THAT(Send(session, At(milliseconds(16'999))), IsEmpty());
  EXPECT_THAT(Send(session, At(seconds(17))), ElementsAre("p1-3-1 heartbeat"));
  EXPECT_EQ(session.next_heartbeat(), At(seconds(27)));
}

// A heartbeat between the events of a batch must not speak of those that are
// still to come.
TEST(PullerSessionTest, AHeartbeatNeverStandsForWhatWasNotSent) {
  MemoryEventLog log(kLog);
  AppendTo(log, {Insert("a", 1), Insert("b", 2)});
  PullerSession session =
      Open(log, {.after = "p1-3-0"}, {.heartbeat_interval = seconds(10)});
  EXPECT_EQ(Describe(**session.Next(At(seconds(0)))), "p1-3-0 heartbeat");
  EXPECT_EQ(Describe(**session.Next(At(seconds(1)))),
            R"(p1-3-1 insert a {"n":1})");
  EXPECT_TRUE(session.has_more());
  EXPECT_EQ(Describe(**session.Next(At(seconds(60)))), "p1-3-1 heartbeat");
  EXPECT_EQ(Describe(**session.Next(At(seconds(61)))),
            R"(p1-3-2 insert b {"n":2})");
  EXPECT_FALSE(session.has_more());
}

TEST(PullerSessionTest, AMarkerThatIsNoneIsRefused) {
  MemoryEventLog log(kLog);
  const auto status = [&](const std::string& after) {
    return PullerSession::Open({.after = after}, {}, log, At(Duration(0)))
        .status();
  };
  EXPECT_EQ(status("resume-token\n"),
            InvalidArgument("after: expected a progress marker of this server, "
                            "got \"resume-token\\n\""));
  for (const std::string bad :
       {"p1-3-2+p1-3-1", "p1-3-2+p1-3-3+p1-3-4", "p1-3-4+p1-3-1+p1-3-3",
        "p1-3-2+p1-3-1+p1-3-65538", "p1-3-2+p1-3-1+p1-3-3+"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status(bad))) << bad;
  }
  EXPECT_EQ(status("p1-3-"),
            InvalidArgument("after: expected a progress marker of this server, "
                            "got \"p1-3-\""));
}

TEST(PullerSessionTest, AMarkerThatIsGoneIsRefusedWithTheRange) {
  MemoryEventLog log({.epoch = 3, .retained_events = 2});
  AppendTo(log,
           {Insert("a", 1), Insert("b", 2), Insert("c", 3), Insert("d", 4)});
  log.Release(log.head());
  const auto status = [&](const std::string& after) {
    return PullerSession::Open({.after = after}, {}, log, At(Duration(0)))
        .status();
  };
  EXPECT_EQ(status("p1-3-1"),
            OutOfRange("log: expected a position from p1-3-2 to p1-3-4, got "
                       "p1-3-1"));
  EXPECT_EQ(status("p1-3-5"),
            OutOfRange("log: expected a position from p1-3-2 to p1-3-4, got "
                       "p1-3-5"));
  EXPECT_EQ(status("p1-9-3"),
            OutOfRange("log: expected a position of one of its epochs, 3 to 3, "
                       "got p1-9-3"));
  EXPECT_EQ(FormatProgress(OldestPosition(log)), "p1-3-2");
  EXPECT_EQ(status("p1-3-2"), OkStatus());
}

// An unclean stop begins a new epoch; what an old marker names past its first
// offset was lost, and others stand there now.
TEST(PullerSessionTest, AMarkerOfAnEarlierEpochIsServed) {
  const TemporaryFolder folder;
  const LeftLog left =
      OpenLeft(folder, {Insert("a", 1), Insert("b", 2), Insert("c", 3)});
  const auto& log = left.log;
  const std::uint32_t epoch = left.epoch;
  ASSERT_NE(log->history().epoch(), epoch);
  AppendTo(*log, {Insert("d", 4)});
  const auto sent_after = [&](std::uint64_t offset) {
    PullerSession session =
        Open(*log, {.after = FormatProgress({epoch, offset})});
    return Send(session);
  };
  const auto marker = [&](std::uint64_t offset) {
    return FormatProgress(log->history().At(offset));
  };
  EXPECT_THAT(sent_after(2), ElementsAre(marker(2) + " heartbeat",
                                         marker(3) + R"( insert c {"n":3})",
                                         marker(4) + R"( insert d {"n":4})"));
  EXPECT_THAT(sent_after(9), ElementsAre(marker(3) + " heartbeat",
                                         marker(4) + R"( insert d {"n":4})"));
}

TEST(PullerSessionTest, AStreamThatTheLogWasTrimmedPastIsOver) {
  MemoryEventLog log({.epoch = 3, .retained_events = 1});
  AppendTo(log, {Insert("a", 1), Insert("b", 2), Insert("c", 3)});
  PullerSession session = Open(log, {.after = "p1-3-0"}, {.batch_events = 1});
  EXPECT_EQ(Describe(**session.Next(At(Duration(0)))), "p1-3-0 heartbeat");
  log.Release(log.head());
  EXPECT_EQ(session.Next(At(Duration(0))).status(),
            OutOfRange("log: expected a position from p1-3-2 to p1-3-3, got "
                       "p1-3-0"));
}

TEST(PullerSessionTest, ABatchIsAsLongAsTheEventsBeforeItLet) {
  MemoryEventLog log(kLog);
  SourceEvent large = Insert("a", 1);
  large.document = R"({"text":")" + std::string(100'000, 'x') + "\"}";
  AppendTo(log, std::vector<SourceEvent>(400, large));
  PullerSession session = Open(log, {.after = "p1-3-0"},
                               {.batch_events = 512, .batch_bytes = 1'000'000});
  std::size_t batch = 0;
  std::vector<std::size_t> batches;
  while (auto next = *session.Next(At(Duration(0)))) {
    if (next->event != nullptr) ++batch;
    if (session.has_more() || batch == 0) continue;
    batches.push_back(std::exchange(batch, 0));
  }
  ASSERT_GT(batches.size(), 3u);
  EXPECT_EQ(batches[0], 16u);  // nothing was known yet
  for (std::size_t i = 1; i < batches.size(); ++i) EXPECT_LE(batches[i], 10u);
}

TEST(PullerSessionTest, CoalescesOnlyIfAskedAndOnlyWhileBehind) {
  MemoryEventLog log(kLog);
  AppendTo(log, {Update("a", 1), Update("b", 2), Update("a", 3)});
  PullerSession plain = Open(log, {.after = "p1-3-0"});
  EXPECT_EQ(Send(plain).size(), 4u);
  PullerSession session = Open(log, {.after = "p1-3-0", .coalesces = true});
  EXPECT_THAT(Send(session),
              ElementsAre("p1-3-0 heartbeat",
                          R"(p1-3-2+p1-3-0+p1-3-3 update b {"n":2})",
                          R"(p1-3-3 update a {"n":3})"));
  EXPECT_EQ(session.coalesced(), 1u);
  AppendTo(log, {Update("a", 4), Update("a", 5)});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-4 update a {"n":4})",
                                         R"(p1-3-5 update a {"n":5})"));
}

// The events that are sent, until there are none or `most` of them were.
std::vector<std::string> EventsOf(PullerSession& session, std::size_t most,
                                  std::string& marker) {
  std::vector<std::string> events;
  while (events.size() < most) {
    const auto next = session.Next(At(Duration(0)));
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !next->has_value()) break;
    marker = FormatPullerMarker((*next)->progress);
    if ((*next)->event) events.push_back(Describe(*(*next)->event));
  }
  return events;
}

// Who was sent what follows the first of two changes that were joined must not
// be taken for one who has that first one: it would be lost, and with it that
// the document was new and what was before.
TEST(PullerSessionTest, AJoinedBatchThatBreaksAnywhereIsFinished) {
  const auto update = [](const std::string& id, int n, int before) {
    SourceEvent event = Update(id, n);
    event.before = R"({"n":)" + std::to_string(before) + "}";
    return event;
  };
  MemoryEventLog log(kLog);
  AppendTo(log, {Insert("a", 1), update("b", 2, 0), update("a", 3, 1),
                 update("c", 4, 0), update("b", 5, 2), update("a", 6, 3),
                 Delete("d"), update("c", 8, 4)});
  const std::vector<std::string> all = {R"(update b {"n":5} before {"n":0})",
                                        R"(insert a {"n":6})", "delete d",
                                        R"(update c {"n":8} before {"n":0})"};
  for (std::size_t stop = 1; stop <= all.size(); ++stop) {
    for (const bool coalesces : {false, true}) {
      std::string marker = "p1-3-0";
      PullerSession first = Open(log, {.after = "p1-3-0", .coalesces = true});
      std::vector<std::string> sent = EventsOf(first, stop, marker);
      // The next one reads in other batches, and the log has grown.
      PullerSession second = Open(
          log, {.after = marker, .coalesces = coalesces}, {.batch_events = 3});

      const std::vector<std::string> rest = EventsOf(second, 99, marker);
      sent.insert(sent.end(), rest.begin(), rest.end());
      EXPECT_EQ(sent, all) << "stopped after " << stop;
      EXPECT_EQ(marker, "p1-3-8");
    }
  }
}

// After an unclean stop the end of a batch is gone, and with it what its
// beginning was joined to. What is left is sent again as one: in parts, a
// consumer could take an older document after the one that it knows already.
TEST(PullerSessionTest, AJoinedBatchWhoseEndIsLostIsSentAgainAsOne) {
  const TemporaryFolder folder;
  const auto [log, epoch] =
      OpenLeft(folder, {Update("a", 1), Update("b", 2), Update("a", 3),
                        Update("b", 4), Update("c", 5)});
  const std::string marker = FormatPullerMarker(
      {.sent = {epoch, 4}, .complete = {epoch, 0}, .read = {epoch, 9}});
  PullerSession session =
      Open(*log, {.after = marker, .coalesces = true}, {.batch_events = 2});
  std::string last;
  EXPECT_THAT(EventsOf(session, 99, last),
              ElementsAre(R"(update a {"n":3})", R"(update b {"n":4})",
                          R"(update c {"n":5})"));
  EXPECT_EQ(last, FormatProgress(log->head()));
}

TEST(PullerSessionTest, AStreamMoreThanABatchBehindIsCatchingUpAgain) {
  MemoryEventLog log(kLog);
  PullerSession session = Open(log, {.coalesces = true}, {.batch_events = 2});
  EXPECT_THAT(Send(session), ElementsAre("p1-3-0 heartbeat"));
  AppendTo(log, {Update("a", 1), Update("a", 2), Update("a", 3), Update("a", 4),
                 Update("a", 5)});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-2 update a {"n":2})",
                                         R"(p1-3-4 update a {"n":4})",
                                         R"(p1-3-5 update a {"n":5})"));
}

// An ingest that was retried appends its events again. A consumer that never
// got the first of them would take the repeat for news, and the document would
// go back.
TEST(PullerSessionTest, ARepeatOfAnEventThatWasLeftOutIsLeftOut) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  const std::vector<SourceEvent> events = {Change(kUpdate, "a", 1, "e1"),
                                           Change(kUpdate, "a", 2, "e2")};
  AppendTo(log, events);
  PullerSession session = Open(log, {.after = "p1-3-0", .coalesces = true},
                               {.heartbeat_interval = seconds(10)});
  EXPECT_THAT(Send(session),
              ElementsAre("p1-3-0 heartbeat", R"(p1-3-2 update a {"n":2})"));
  AppendTo(log, events);
  EXPECT_THAT(Send(session), IsEmpty());
  AppendTo(log, {Change(kUpdate, "a", 3, "e3")});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-5 update a {"n":3})"));
  AppendTo(log, events);
  EXPECT_THAT(Send(session, At(seconds(10))), ElementsAre("p1-3-5 heartbeat"));
  EXPECT_THAT(Send(session, At(seconds(19))), IsEmpty());
  EXPECT_THAT(Send(session, At(seconds(20))), ElementsAre("p1-3-7 heartbeat"));
  EXPECT_EQ(session.coalesced(), 5u);
}

TEST(PullerSessionTest, RepeatsThatFillABatchDoNotHoldUpWhatFollows) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  const SourceEvent first = Change(kUpdate, "a", 1, "e1");
  const SourceEvent second = Change(kUpdate, "b", 2, "e2");
  PullerSession session = Open(log, {.coalesces = true}, {.batch_events = 2});
  AppendTo(log, {first, second});
  EXPECT_EQ(Send(session).size(), 3u);
  AppendTo(log, {first, second, first, second, Insert("c", 3)});
  const auto next = session.Next(At(Duration(0)));
  ASSERT_TRUE(next.ok() && next->has_value());
  EXPECT_EQ(Describe(**next), R"(p1-3-7 insert c {"n":3})");
}

TEST(PullerSessionTest, ARepeatOfWhatCameBeforeTheStreamIsLeftOut) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  const std::vector<SourceEvent> events = {Change(kUpdate, "a", 1, "e1"),
                                           Change(kUpdate, "a", 2, "e2")};
  AppendTo(log, events);
  AppendTo(log, events);
  PullerSession session = Open(log, {.after = "p1-3-2", .coalesces = true});
  EXPECT_THAT(Send(session), ElementsAre("p1-3-2 heartbeat"));
  AppendTo(log, {Change(kUpdate, "a", 3, "e3")});
  EXPECT_THAT(Send(session), ElementsAre(R"(p1-3-5 update a {"n":3})"));
}

// The consumer knows the repeat, and would drop it with what it was joined to.
TEST(PullerSessionTest, NothingIsJoinedToWhatMayRepeatAnEventThatIsGone) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log({.epoch = 3, .retained_events = 2});
  AppendTo(log, {Change(kUpdate, "a", 1, "e1"), Change(kUpdate, "a", 2, "e2"),
                 Change(kUpdate, "a", 1, "e1")});
  log.Release(log.head());
  ASSERT_TRUE(log.Trim(Instant()).ok());
  PullerSession session = Open(log, {.after = "p1-3-1", .coalesces = true});
  EXPECT_THAT(Send(session),
              ElementsAre("p1-3-1 heartbeat", R"(p1-3-2 update a {"n":2})",
                          R"(p1-3-3 update a {"n":1})"));
}

// A consumer may be told to remember events for a day.
TEST(PullerSessionTest, ARepeatIsFoundHoursLater) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  const SourceEvent first = Change(kUpdate, "a", 1, "e1");
  PullerSession session = Open(log, {.coalesces = true}, {.batch_events = 2});
  AppendTo(log, {first});
  EXPECT_EQ(Send(session).size(), 2u);
  AppendTo(log, {Change(kUpdate, "a", 2, "e2"), first, Insert("c", 3)});
  EXPECT_THAT(Send(session, At(std::chrono::hours(24))),
              ElementsAre("p1-3-1 heartbeat", R"(p1-3-2 update a {"n":2})",
                          R"(p1-3-4 insert c {"n":3})"));
}

// The window is full most of the time. What was seen long ago does not keep
// changes from being joined.
TEST(PullerSessionTest, WhatIsForgottenLongAfterItWasSeenHoldsNothingUp) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  PullerSession session = Open(log, {.coalesces = true},
                               {.batch_events = 3, .repeats = {.count = 2}});
  AppendTo(log, {Change(kUpdate, "x", 1, "x1"), Change(kUpdate, "y", 1, "y1")});
  EXPECT_EQ(Send(session).size(), 3u);
  const auto append = [&](int n) {
    AppendTo(log, {Change(kUpdate, "a", n, "e" + std::to_string(n)),
                   Change(kUpdate, "a", n + 1, "e" + std::to_string(n + 1)),
                   Insert("c", n), Insert("d", n)});
  };
  append(1);
  EXPECT_THAT(
      Send(session, At(minutes(4))),
      ElementsAre("p1-3-2 heartbeat", R"(p1-3-4 update a {"n":2})",
                  R"(p1-3-5 insert c {"n":1})", R"(p1-3-6 insert d {"n":1})"));
  // These were seen just now, and there is no room for them.
  append(3);
  EXPECT_EQ(Send(session, At(minutes(4) + seconds(1))).size(), 4u);
}

// The consumer was sent what stood there, and its repeat comes again.
TEST(PullerSessionTest, NothingIsJoinedBehindATailThatWasLost) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  const TemporaryFolder folder;
  const auto [log, epoch] = OpenLeft(folder, {Insert("b", 1)});
  AppendTo(*log,
           {Change(kUpdate, "a", 2, "e2"), Change(kUpdate, "a", 1, "e1")});
  PullerSession session =
      Open(*log, {.after = FormatProgress({epoch, 2}), .coalesces = true});
  std::string marker;
  EXPECT_THAT(EventsOf(session, 99, marker),
              ElementsAre(R"(update a {"n":2})", R"(update a {"n":1})"));
}

// A log that is trimmed to its last `kept` events as soon as it was asked how
// far back it reaches.
class TrimmedLog final : public EventLog {
 public:
  TrimmedLog(MemoryEventLog& log, std::uint64_t kept)
      : log_(log), first_(log.head().offset + 1 - kept) {}

  Status ReadFingerprints(
      Position after, std::size_t limit,
      std::vector<LoggedFingerprint>& fingerprints) const override {
    is_trimmed_ = true;
    if (after.offset + 1 < first_) return OutOfRange("trimmed");
    return log_.ReadFingerprints(after, limit, fingerprints);
  }
  Position first() const override {
    return is_trimmed_ ? Position{3, first_} : log_.first();
  }

  Result<Position> Append(std::vector<SourceEvent> events,
                          Instant now) override {
    return log_.Append(std::move(events), now);
  }
  Status RecordMarker(std::string_view backend,
                      std::string_view marker) override {
    return log_.RecordMarker(backend, marker);
  }
  UpstreamMarkers markers() const override { return log_.markers(); }
  Status Read(Position after, std::size_t limit,
              std::vector<LogEntry>& entries) const override {
    return log_.Read(after, limit, entries);
  }
  Result<Position> FindEarlier(Position position, Duration age) const override {
    return log_.FindEarlier(position, age);
  }
  LogHistory history() const override { return log_.history(); }
  Position head() const override { return log_.head(); }
  void Release(Position position) override { log_.Release(position); }
  Status Trim(Instant now) override { return log_.Trim(now); }

 private:
  MemoryEventLog& log_;
  const std::uint64_t first_;
  mutable bool is_trimmed_ = false;
};

TEST(PullerSessionTest, ALogThatIsTrimmedWhileItIsLookedAtRefusesNoMarker) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  MemoryEventLog log(kLog);
  AppendTo(log, {Change(kUpdate, "a", 1, "e1"), Change(kUpdate, "b", 1, "e2"),
                 Change(kUpdate, "a", 2, "e3"), Change(kUpdate, "b", 1, "e2"),
                 Change(kUpdate, "a", 1, "e1")});
  // What is still there is known again; with what may not be, nothing is
  // joined.
  const TrimmedLog some(log, 4);
  PullerSession session = Open(some, {.after = "p1-3-2", .coalesces = true});
  EXPECT_THAT(Send(session),
              ElementsAre("p1-3-2 heartbeat", R"(p1-3-3 update a {"n":2})",
                          R"(p1-3-5 update a {"n":1})"));
  const TrimmedLog all(log, 3);
  PullerSession other = Open(all, {.after = "p1-3-2", .coalesces = true});
  EXPECT_EQ(Send(other).size(), 4u);
}

TEST(PullerSessionTest, AnyInterleavingSendsTheLogOnceAndInOrder) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    MemoryEventLog log(kLog);
    int appended = 0;
    const auto append = [&] {
      std::vector<SourceEvent> events(1 + random() % 40);
      for (SourceEvent& event : events) event = Update("a", ++appended);
      AppendTo(log, std::move(events));
    };
    for (unsigned i = random() % 4; i > 0; --i) append();
    PullerSession session =
        Open(log, {.after = "p1-3-0"}, {.batch_events = 1 + random() % 30});
    MonotonicTime now = At(Duration(0));
    std::uint64_t sent = 0;
    for (int step = 0; step < 200; ++step) {
      now += milliseconds(random() % 3'000);
      if (random() % 10 == 0) append();
      const auto next = session.Next(now);
      ASSERT_TRUE(next.ok()) << next.status();
      if (!next->has_value()) {
        ASSERT_EQ(sent, log.head().offset) << "seed " << seed;
        continue;
      }
      if ((*next)->event != nullptr) {
        ++sent;
        ASSERT_EQ((*next)->event->document,
                  R"({"n":)" + std::to_string(sent) + "}");
      }
      ASSERT_EQ((*next)->progress, WholeMarker({3, sent})) << "seed " << seed;
    }
  }
}

// Likewise of one for which there is no room.
TEST(PullerSessionTest, NothingIsJoinedToWhatMayRepeatMoreThanIsRemembered) {
  constexpr SourceOperation kUpdate = SourceOperation::kUpdate;
  const PullerSessionOptions options{.repeats = {.count = 2}};
  MemoryEventLog log(kLog);
  AppendTo(log, {Change(kUpdate, "a", 1, "e1"), Change(kUpdate, "x", 1, "x1"),
                 Change(kUpdate, "y", 1, "y1"), Change(kUpdate, "z", 1, "z1")});
  const std::vector<SourceEvent> later = {Change(kUpdate, "a", 2, "e2"),
                                          Change(kUpdate, "a", 1, "e1")};
  AppendTo(log, later);
  const std::vector<std::string> both = {R"(p1-3-5 update a {"n":2})",
                                         R"(p1-3-6 update a {"n":1})"};
  // Before the stream begins …
  PullerSession session =
      Open(log, {.after = "p1-3-4", .coalesces = true}, options);
  EXPECT_THAT(Send(session), ElementsAre("p1-3-4 heartbeat", both[0], both[1]));
  // … or since.
  PullerSession longer =
      Open(log, {.after = "p1-3-0", .coalesces = true}, options);
  std::vector<std::string> sent = Send(longer);
  ASSERT_GE(sent.size(), 2u);
  EXPECT_THAT(std::vector<std::string>(sent.end() - 2, sent.end()),
              ::testing::ElementsAreArray(both));
  // Once nobody remembers what came before, changes are joined again.
  AppendTo(log, {Change(kUpdate, "a", 3, "e3"), Change(kUpdate, "a", 4, "e4"),
                 Change(kUpdate, "a", 5, "e5")});
  const PullerSessionOptions by_two{.batch_events = 2,
                                    .repeats = {.count = 2},
                                    .consumer_memory = seconds(60)};
  PullerSession later_on =
      Open(log, {.after = "p1-3-6", .coalesces = true}, by_two);
  EXPECT_THAT(Send(later_on, At(seconds(61))),
              ElementsAre("p1-3-6 heartbeat", R"(p1-3-8 update a {"n":4})",
                          R"(p1-3-9 update a {"n":5})"));
}

}  // namespace
}  // namespace streamer
