#include "value/equal_text.h"

#include <gtest/gtest.h>

#include <string>

namespace streamer {
namespace {

// Every length around the word sizes, and a difference at every place.
TEST(EqualTextTest, EveryDifferenceIsSeen) {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text.push_back(static_cast<char>('A' + i));
    }
    std::string same = text;
    EXPECT_TRUE(EqualText(text, same)) << size;
    EXPECT_FALSE(EqualText(text, text + "x")) << size;
    for (std::size_t place = 0; place < size; ++place) {
      std::string other = text;
      other[place] = '\xff';
      EXPECT_FALSE(EqualText(text, other)) << place << " of " << size;
    }
  }
}

TEST(EqualTextTest, EmptyTextsAreEqualWhateverTheyPointAt) {
  EXPECT_TRUE(EqualText(std::string_view(), ""));
}

}  // namespace
}  // namespace streamer
