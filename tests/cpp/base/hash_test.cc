#include "base/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

namespace streamer {
namespace {

TEST(HashTest, HashBytesIsTheSameInEveryRun) {
  // Shards and event identities are computed from it: a change of these
  // numbers is a change of the stored format.
  EXPECT_EQ(HashBytes(""), 0x2d06800538d394c2u);
  EXPECT_EQ(HashBytes("rooms/room-1/messages"),
            HashBytes(std::string("rooms/room-1/messages")));
  EXPECT_NE(HashBytes("a"), HashBytes("b"));
  EXPECT_NE(HashBytes("a", 1), HashBytes("a", 2));
}

TEST(HashTest, MixHashDependsOnOrder) {
  EXPECT_NE(MixHash(MixHash(0, 1), 2), MixHash(MixHash(0, 2), 1));
  EXPECT_NE(MixHash(1, 2), MixHash(2, 1));
}

TEST(HashTest, MixHashSpreadsSmallDoublesOverTheLowBits) {
  std::set<std::uint64_t> low_bits;
  for (int i = 0; i < 4096; ++i) {
    double number = i;
    low_bits.insert(MixHash(7, std::bit_cast<std::uint64_t>(number)) & 4095);
  }
  // 4096 balls in 4096 boxes hit 63 % of them.
  EXPECT_GT(low_bits.size(), 2400u);
}

TEST(HashTest, TextMapFindsByViewWithoutACopy) {
  TextMap<int> map;
  map["one"] = 1;
  EXPECT_EQ(map.find(std::string_view("one"))->second, 1);
  EXPECT_EQ(map.find(std::string_view("two")), map.end());
}

}  // namespace
}  // namespace streamer
