#include "store/log_history.h"

#include <gtest/gtest.h>

#include <string>

namespace streamer {
namespace {

// Epoch 9 was begun and lost before anything was kept of it.
LogHistory MakeHistory() {
  return LogHistory("log", {{7, 1}, {8, 91}, {9, 120}, {10, 120}});
}

TEST(LogHistoryTest, AnOffsetBelongsToTheLastEpochThatReachesIt) {
  const LogHistory history = MakeHistory();
  EXPECT_EQ(history.At(0), (Position{7, 0}));
  EXPECT_EQ(history.At(90), (Position{7, 90}));
  EXPECT_EQ(history.At(91), (Position{8, 91}));
  EXPECT_EQ(history.At(119), (Position{8, 119}));
  EXPECT_EQ(history.At(120), (Position{10, 120}));
  EXPECT_EQ(history.At(5000), (Position{10, 5000}));
  EXPECT_EQ(history.epoch(), 10u);
}

struct Resolved {
  Position position;
  Position expected;
  bool is_cut_back;
};

TEST(LogHistoryTest, PositionsInALostTailAreCutBackToWhereItBegan) {
  const LogHistory history = MakeHistory();
  const Resolved cases[] = {
      {{7, 0}, {7, 0}, false},       {{7, 90}, {7, 90}, false},
      {{7, 91}, {7, 90}, true},      {{7, 500}, {7, 90}, true},
      {{8, 90}, {7, 90}, false},     {{8, 91}, {8, 91}, false},
      {{8, 119}, {8, 119}, false},   {{8, 120}, {8, 119}, true},
      {{9, 119}, {8, 119}, false},   {{9, 120}, {8, 119}, true},
      {{10, 119}, {8, 119}, false},  {{10, 120}, {10, 120}, false},
      {{10, 900}, {10, 900}, false},
  };
  for (const Resolved& one : cases) {
    SCOPED_TRACE(FormatProgress(one.position));
    EXPECT_EQ(history.Resolve(one.position).value(),
              (ResolvedPosition{one.expected, one.is_cut_back}));
  }
}

TEST(LogHistoryTest, PositionsThatWereNeverGivenAreRefused) {
  const LogHistory history = MakeHistory();
  for (Position position :
       {Position{6, 5}, Position{11, 200}, Position{8, 89}, Position{10, 7}}) {
    EXPECT_EQ(history.Resolve(position).status(),
              OutOfRange("log: expected a position of one of its epochs, 7 to "
                         "10, got " +
                         FormatProgress(position)));
  }
}

TEST(LogHistoryTest, AHistoryContinuesItsOwnPast) {
  const LogHistory history = MakeHistory();
  EXPECT_EQ(history.CheckContinues(history), OkStatus());
  EXPECT_EQ(history.CheckContinues(LogHistory("log", {{7, 1}, {8, 91}})),
            OkStatus());
}

TEST(LogHistoryTest, StateOfAnotherLogIsRefused) {
  EXPECT_EQ(MakeHistory().CheckContinues(LogHistory("other", {{7, 1}})),
            FailedPrecondition("state: expected that of log \"log\", got that "
                               "of log \"other\""));
}

TEST(LogHistoryTest, StateOfALaterOrAnotherLifeOfTheLogIsRefused) {
  const LogHistory old("log", {{7, 1}, {8, 91}});
  EXPECT_EQ(old.CheckContinues(MakeHistory()),
            FailedPrecondition("state: expected that of log \"log\" with no "
                               "epoch after 8, got that of one with epoch 9 "
                               "from offset 120"));
  EXPECT_EQ(old.CheckContinues(LogHistory("log", {{7, 1}, {8, 80}})),
            FailedPrecondition("state: expected that of log \"log\" with epoch "
                               "8 from offset 91, got that of one with epoch 8 "
                               "from offset 80"));
}

TEST(LogHistoryTest, NoByteOfItCanBeChangedOrLost) {
  const std::string bytes = MakeHistory().Encode();
  EXPECT_EQ(LogHistory::Decode(bytes).value(), MakeHistory());
  const Status expected =
      DataLoss("log history: expected an identity and epochs, got other bytes");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(~changed[i]);
    EXPECT_EQ(LogHistory::Decode(changed).status(), expected);
    EXPECT_EQ(LogHistory::Decode(bytes.substr(0, i)).status(), expected);
  }
}

}  // namespace
}  // namespace streamer
