#include "store/internal/state_layout.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace streamer::internal {
namespace {

const StateKey kSession{StateKind::kSession, "g"};

TEST(StateLayoutTest, AHeadIsReadAsItWasWritten) {
  const std::string bytes = Encode(StateHead{3, 400});
  const StateHead head = DecodeStateHead(bytes).value();
  EXPECT_EQ(head.owner, 3u);
  EXPECT_EQ(head.revision, 400u);
}

TEST(StateLayoutTest, ANewStateHasNoOwnerBeforeItsFirst) {
  EXPECT_EQ(NewStateHead(1).owner, 0u);
  EXPECT_EQ(NewStateHead(70).owner, 69u);
  EXPECT_EQ(NewStateHead(70).revision, 0u);
}

TEST(StateLayoutTest, ADamagedHeadIsNoHead) {
  const std::string whole = Encode(StateHead{3, 400});
  const Status refused =
      DataLoss("expected owner and revision, got other bytes");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(DecodeStateHead(whole.substr(0, i)).status(), refused);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      EXPECT_EQ(DecodeStateHead(flipped).status(), refused);
    }
  }
}

TEST(StateLayoutTest, ARecordIsAddedToWhatIsThere) {
  StateSnapshot state;
  state.records[{StateKind::kProgress, ""}] = "p";
  const std::string key = EncodeStateKey(kSession);
  EXPECT_EQ(AddRecord(key, EncodeStateValue(key, ""), state), OkStatus());
  EXPECT_EQ(state.records.size(), 2u);
  EXPECT_EQ(state.records.at(kSession), "");
}

TEST(StateLayoutTest, ADamagedRecordIsSaidAndNothingIsAdded) {
  StateSnapshot state;
  const std::string key = EncodeStateKey(kSession);
  const std::string whole = EncodeStateValue(key, "v");
  const Status refused =
      DataLoss("expected the value of a record, got other bytes");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(AddRecord(key, whole.substr(0, i), state), refused);
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      EXPECT_EQ(AddRecord(key, flipped, state), refused);
    }
  }
  // In the place of another.
  EXPECT_EQ(AddRecord(EncodeStateKey({StateKind::kCursor, "g"}), whole, state),
            refused);
  EXPECT_EQ(AddRecord("r\x7fg", whole, state),
            DataLoss("expected the key of a record, got other bytes"));
  EXPECT_TRUE(state.records.empty());
}

}  // namespace
}  // namespace streamer::internal
