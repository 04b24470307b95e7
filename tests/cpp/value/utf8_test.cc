#include "value/utf8.h"

#include <gtest/gtest.h>

namespace streamer {
namespace {

TEST(Utf8Test, EveryScalarValueIsWrittenAndReadBack) {
  for (std::uint32_t code_point = 0; code_point <= 0x110100; ++code_point) {
    if (!IsScalarValue(code_point)) continue;
    std::string text;
    AppendCodePoint(code_point, text);
    ASSERT_EQ(CodePointLength(text), text.size()) << code_point;
    ASSERT_EQ(CodePointLength(text + "\x80"), text.size()) << code_point;
    ASSERT_TRUE(IsUtf8(text)) << code_point;
    ASSERT_EQ(CountCodePoints(text), 1u) << code_point;
    ASSERT_EQ(CodePointLength(text.substr(0, text.size() - 1)), 0u);
  }
}

TEST(Utf8Test, SurrogatesAndWhatLiesAboveAreNoScalarValues) {
  EXPECT_TRUE(IsScalarValue(0xD7FF));
  EXPECT_FALSE(IsScalarValue(0xD800));
  EXPECT_FALSE(IsScalarValue(0xDFFF));
  EXPECT_TRUE(IsScalarValue(0xE000));
  EXPECT_TRUE(IsScalarValue(0x10FFFF));
  EXPECT_FALSE(IsScalarValue(0x110000));
}

// All texts of three bytes drawn from the bounds of every range: both ways of
// checking must agree on each.
TEST(Utf8Test, BothChecksAgreeOnEveryShortText) {
  const std::uint8_t bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1,
                                0xF3, 0xF4, 0xF5, 0xFF};
  int well_formed = 0;
  for (std::uint8_t a : bytes) {
    for (std::uint8_t b : bytes) {
      for (std::uint8_t c : bytes) {
        for (std::uint8_t d : bytes) {
          std::string text = {static_cast<char>(a), static_cast<char>(b),
                              static_cast<char>(c), static_cast<char>(d)};
          bool is_whole = FindMalformed(text) == text.size();
          ASSERT_EQ(IsUtf8(text), is_whole)
              << int{a} << ' ' << int{b} << ' ' << int{c} << ' ' << int{d};
          if (is_whole) ++well_formed;
        }
      }
    }
  }
  EXPECT_GT(well_formed, 100);
}

TEST(Utf8Test, FindMalformedGivesTheFirstBadByte) {
  EXPECT_EQ(FindMalformed("abc"), 3u);
  EXPECT_EQ(FindMalformed("\u00e9\xff"), 2u);
  EXPECT_EQ(FindMalformed("a\xed\xa0\x80"), 1u);
  EXPECT_EQ(FindMalformed(""), 0u);
}

TEST(Utf8Test, DescribeStartNamesWhatIsThere) {
  EXPECT_EQ(DescribeStart(""), "end of text");
  EXPECT_EQ(DescribeStart("x+y"), "'x'");
  EXPECT_EQ(DescribeStart("日本"), "'日'");
  EXPECT_EQ(DescribeStart("\n"), "byte 0x0A");
  EXPECT_EQ(DescribeStart("\x7f"), "byte 0x7F");
  EXPECT_EQ(DescribeStart("\xff"), "byte 0xFF");
}

TEST(Utf8Test, CountCodePointsCountsEachOneWhereverItStands) {
  const std::string_view code_points[] = {"a", "é", "日", "😀"};
  std::string text;
  for (std::size_t count = 0; count < 60; ++count) {
    for (std::size_t start = 0; start < 9 && start < text.size(); ++start) {
      std::size_t expected = 0;
      const std::string_view part = std::string_view(text).substr(start);
      for (char byte : part) {
        if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++expected;
      }
      ASSERT_EQ(CountCodePoints(part), expected) << count << " " << start;
    }
    text += code_points[(count * 7 + count / 5) % 4];
  }
}

TEST(Utf8Test, CountCodePointsCountsNoContinuations) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("aé日😀"), 4u);
  const std::string cycle = "aé日😀";
  std::string text;
  for (std::size_t count = 0; count < 40; count += 4, text += cycle) {
    EXPECT_EQ(CountCodePoints(text), count);
    EXPECT_EQ(CountCodePoints("xyz" + text), count + 3);
  }
}

}  // namespace
}  // namespace streamer
