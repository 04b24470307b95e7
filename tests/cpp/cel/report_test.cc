// How a problem is shown: its line, the caret, its place.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "cel/parser.h"

namespace streamer::cel {
namespace {

// What is wrong with `text`.
std::string ReportOn(std::string_view text) {
  return std::string(MessageOf(Parse(text).status()));
}

TEST(ReportTest, ALongLineIsShownInPart) {
  std::string text = std::string(200, 'a') + " ? " + std::string(200, 'b');
  EXPECT_EQ(ReportOn(text + " $"),
            "ERROR: 1:405: expected an expression or operator, got '$'\n | …" +
                std::string(118, 'b') + " $\n | " + std::string(120, '.') +
                "^");
  EXPECT_EQ(ReportOn("$" + text),
            "ERROR: 1:1: expected an expression or operator, got '$'\n | $" +
                std::string(119, 'a') + "…\n | ^");
}

TEST(ReportTest, ALongLineIsShownAroundAPlaceInItsMiddle) {
  std::string before;
  for (int i = 0; i < 200; ++i) before += "é";
  const std::string text = "'" + before + "' $ '" + before + "'";
  const std::string report = ReportOn(text);
  EXPECT_EQ(report,
            "ERROR: 1:204: expected an expression or operator, got '$'"
            "\n | …" +
                before.substr(0, std::size_t{2} * 58) + "' $ '" +
                before.substr(0, std::size_t{2} * 57) + "…\n | " +
                std::string(61, '.') + "^");
  EXPECT_EQ(report.substr(report.find('\n')),
            ReportOn("\n1 +\n" + text + "\r\n1").substr(report.find('\n')))
      << "whatever the lines around it";
}

// A request may be refused for its length alone, and then is shown in part.
TEST(ReportTest, AVeryLongTextIsRefusedWithAShortReport) {
  const std::string text(std::size_t{4} << 20, 'a');
  EXPECT_EQ(ReportOn(text),
            "ERROR: 1:1: expected at most 65536 bytes of text, got 4194304\n"
            " | " +
                std::string(120, 'a') + "…\n | ^");
}

TEST(ReportTest, ALongTokenIsQuotedInPart) {
  std::string message = ReportOn("a " + std::string(100, 'b'));
  EXPECT_EQ(
      message.substr(0, message.find('\n')),
      "ERROR: 1:3: expected end of text, got '" + std::string(32, 'b') + "…'");
}

TEST(ReportTest, ThePositionOfAnErrorCanBeRead) {
  Status status = Parse("'é' +\n  $").status();
  auto position = PositionOf(status);
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(position->offset, 9u);
  EXPECT_EQ(position->line, 2u);
  EXPECT_EQ(position->column, 3u);
  EXPECT_EQ(PositionOf(InvalidArgument("of another origin")), std::nullopt);
  EXPECT_EQ(PositionOf(OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace streamer::cel
