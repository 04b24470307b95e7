#include "core/membership.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace streamer {
namespace {

TEST(MembershipTest, EachHasItsNameAndTheNumberOfTheWire) {
  const char* names[] = {"none", "entered",    "changed",
                         "left", "unknown_in", "unknown_out"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    EXPECT_EQ(NameOf(static_cast<Membership>(i)), names[i]);
  }
}

TEST(MembershipTest, OnlyTheLastTwoAreUnknown) {
  EXPECT_TRUE(IsUnknown(Membership::kUnknownIn));
  EXPECT_TRUE(IsUnknown(Membership::kUnknownOut));
  EXPECT_FALSE(IsUnknown(Membership::kLeft));
  EXPECT_FALSE(IsUnknown(Membership::kNone));
}

// One row for each first, one column for each last, both from "entered" on;
// "-" where both have to be told.
TEST(MembershipTest, TwoChangesAreToldAsOneWhenNothingKnownIsLost) {
  const char* const rows[][5] = {
      // entered, changed, left, unknown_in, unknown_out
      {"entered", "entered", "-", "entered", "-"},
      {"changed", "changed", "left", "changed", "left"},
      {"changed", "changed", "left", "changed", "left"},
      {"-", "unknown_in", "-", "unknown_in", "unknown_out"},
      {"-", "unknown_in", "-", "unknown_in", "unknown_out"},
  };
  for (std::uint8_t first = 0; first < 5; ++first) {
    for (std::uint8_t last = 0; last < 5; ++last) {
      const auto both = Compose(static_cast<Membership>(first + 1),
                                static_cast<Membership>(last + 1));
      EXPECT_EQ(both ? NameOf(*both) : "-", rows[first][last])
          << NameOf(static_cast<Membership>(first + 1)) << " and "
          << NameOf(static_cast<Membership>(last + 1));
    }
  }
}

TEST(MembershipTest, WhoDidNotAskIsToldNothing) {
  EXPECT_EQ(Compose(Membership::kNone, Membership::kNone), Membership::kNone);
}

}  // namespace
}  // namespace streamer
