#include "store/internal/state_layout.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "store/internal/bytes.h"

namespace streamer::internal {
namespace {

const StateKey kSession{StateKind::kSession, "g"};

TEST(StateLayoutTest, AHeadIsReadAsItWasWritten) {
  for (const std::uint64_t identity :
       {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    const std::string bytes = Encode(StateHead{3, 400, identity});
    const StateHead head = DecodeStateHead(bytes).value();
    EXPECT_EQ(head.owner, 3u);
    EXPECT_EQ(head.revision, 400u);
    EXPECT_EQ(head.identity, identity);
  }
}

// So it is read by programs, and as it was written by those, of before there
// were identities.
TEST(StateLayoutTest, AHeadWithoutAnIdentityHasTheFormOfBefore) {
  std::string bytes = {1, 3, 5};
  Seal(bytes, 0);
  EXPECT_EQ(Encode(StateHead{3, 5}), bytes);
  // Nor is there another form of it.
  std::string other = {2, 3, 5, 0};
  Seal(other, 0);
  EXPECT_EQ(DecodeStateHead(other).status(),
            DataLoss("expected owner and revision, got other bytes"));
}

TEST(StateLayoutTest, ANewStateHasNoOwnerBeforeItsFirst) {
  EXPECT_EQ(NewStateHead(1).owner, 0u);
  EXPECT_EQ(NewStateHead(70).owner, 69u);
  EXPECT_EQ(NewStateHead(70).revision, 0u);
  EXPECT_EQ(NewStateHead(70).identity, 0u);
  EXPECT_EQ(NewStateHead(70, 8).identity, 8u);
}

TEST(StateLayoutTest, ADamagedHeadIsNoHead) {
  const Status refused =
      DataLoss("expected owner and revision, got other bytes");
  for (const StateHead& head : {StateHead{3, 400}, StateHead{3, 400, 7}}) {
    const std::string whole = Encode(head);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(DecodeStateHead(whole.substr(0, i)).status(), refused);
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = whole;
        flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
        EXPECT_EQ(DecodeStateHead(flipped).status(), refused);
      }
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
