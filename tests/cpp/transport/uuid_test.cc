#include "transport/internal/uuid.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <thread>

namespace streamer {
namespace {

TEST(UuidTest, ItIsOfVersion4AndInLowerCase) {
  const std::regex form(
      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = MakeUuid();
    EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
  }
}

TEST(UuidTest, EveryDigitVaries) {
  std::set<char> seen[36];
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = MakeUuid();
    for (std::size_t at = 0; at < uuid.size(); ++at) seen[at].insert(uuid[at]);
  }
  for (std::size_t at = 0; at < 36; ++at) {
    const bool is_fixed =
        at == 8 || at == 13 || at == 14 || at == 18 || at == 23;
    const std::size_t values = at == 19 ? 4 : 16;
    EXPECT_EQ(seen[at].size(), is_fixed ? 1u : values) << "digit " << at;
  }
}

TEST(UuidTest, TwoThreadsMakeDifferentOnes) {
  std::string other;
  std::thread([&] { other = MakeUuid(); }).join();
  EXPECT_NE(MakeUuid(), other);
}

}  // namespace
}  // namespace streamer
