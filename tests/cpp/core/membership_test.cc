#include "core/membership.h"

#include <gtest/gtest.h>

#include <cstddef>
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

}  // namespace
}  // namespace streamer
