#include "event/position.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace streamer {
namespace {

TEST(PositionTest, OrdersByEpochThenOffset) {
  EXPECT_LT((Position{1, 900}), (Position{2, 1}));
  EXPECT_LT((Position{2, 1}), (Position{2, 2}));
  EXPECT_EQ((Position{2, 2}), (Position{2, 2}));
}

TEST(PositionTest, ProgressNamesVersionEpochAndOffset) {
  EXPECT_EQ(FormatProgress({7, 1024}), "p1-7-1024");
}

TEST(PositionTest, ParseReadsWhatFormatWrites) {
  const Position positions[] = {{0, 0},
                                {7, 1024},
                                {std::numeric_limits<std::uint32_t>::max(),
                                 std::numeric_limits<std::uint64_t>::max()}};
  for (const Position& position : positions) {
    EXPECT_EQ(ParseProgress(FormatProgress(position)).value(), position);
  }
}

TEST(PositionTest, ParseRefusesEverythingElse) {
  const char* refused[] = {"",
                           "p1",
                           "p1-7",
                           "p1-7-",
                           "p1--1",
                           "p2-7-1024",
                           "p1-7-1024 ",
                           " p1-7-1024",
                           "p1-07-1",
                           "p1-7-+1",
                           "p1-7-0x10",
                           "p1-7-1-2",
                           "P1-7-1024",
                           "p1-4294967296-1",
                           "p1-1-18446744073709551616"};
  for (const char* text : refused) {
    EXPECT_EQ(ParseProgress(text).status(),
              InvalidArgument("progress: expected a marker given by this "
                              "service, got \"" +
                              std::string(text) + "\""));
  }
}

}  // namespace
}  // namespace streamer
