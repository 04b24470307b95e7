// FindStoredPlace: where an event belongs that cannot be read.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "event/decoder.h"

namespace streamer {
namespace {

std::string Place(std::string_view tenant, std::string_view key,
                  std::string_view document, std::string_view before = "") {
  const StoredPlace place = FindStoredPlace(tenant, key, document, before);
  return place.tenant + " " + place.collection;
}

TEST(StoredPlaceTest, IsAsMuchAsCanBeRead) {
  constexpr std::string_view kWhole = R"({"tenant":"t","collection":"c/x"})";
  // Whatever else is wrong with it.
  EXPECT_EQ(Place("", "", kWhole), "t c/x");
  EXPECT_EQ(
      Place("t", "t:1", R"({"collection":"c","data":7,"deleted":"perhaps"})"),
      "t c");
  EXPECT_EQ(Place("t", "", "{", kWhole), "t c/x");
  EXPECT_EQ(Place("", "a:b:1", R"({"collection":"c"})"), "a:b c");
  EXPECT_EQ(Place("", "", R"({"database":3,"collection":"c"})"), " c");
}

TEST(StoredPlaceTest, IsEmptyWhereItIsNoName) {
  EXPECT_EQ(Place("t", "t:1", ""), "t ");
  EXPECT_EQ(Place("t", "t:1", R"({"collection":7})"), "t ");
  EXPECT_EQ(Place("t", "t:1", R"({"collection":"c//x"})"), "t ");
  EXPECT_EQ(Place("t\n", "", R"({"collection":"c"})"), " c");
}

TEST(StoredPlaceTest, IsEmptyWhereItIsSaidInTwoWays) {
  EXPECT_EQ(Place("t", "", R"({"collection":"c"})", R"({"collection":"d"})"),
            "t ");
  EXPECT_EQ(Place("t", "", R"({"tenant":"u","collection":"c"})"), "t ");
}

}  // namespace
}  // namespace streamer
