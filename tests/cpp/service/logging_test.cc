#include "service/logging.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace streamer {
namespace {

class LoggingTest : public ::testing::Test {
 protected:
  ~LoggingTest() override { spdlog::set_default_logger(before_); }

  // What `log` writes to stderr, a JSON object a line.
  template <typename Function>
  static std::vector<nlohmann::json> Written(Function log) {
    ::testing::internal::CaptureStderr();
    log();
    std::istringstream text(::testing::internal::GetCapturedStderr());
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(text, line);) {
      lines.push_back(nlohmann::json::parse(line));
    }
    return lines;
  }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(LoggingTest, ALineIsJsonWithTimeLevelAndMessage) {
  const auto lines = Written([] {
    StartLogging(LogLevel::kDebug);
    Log(LogLevel::kDebug, "one");
    Log(LogLevel::kInfo, "two", {{"field", "a \"quoted\" %v {}\n"}});
    Log(LogLevel::kWarning, "three");
    Log(LogLevel::kError, "four");
  });
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["level"], "debug");
  EXPECT_EQ(lines[1]["level"], "info");
  EXPECT_EQ(lines[1]["message"], "two");
  EXPECT_EQ(lines[1]["field"], "a \"quoted\" %v {}\n");
  EXPECT_EQ(lines[2]["level"], "warning");
  EXPECT_EQ(lines[3]["level"], "error");
  const std::regex utc(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  for (const auto& line : lines) {
    EXPECT_TRUE(std::regex_match(line["time"].get<std::string>(), utc));
  }
}

TEST_F(LoggingTest, WhatIsBelowTheLeastLevelIsNotWritten) {
  const auto lines = Written([] {
    StartLogging(LogLevel::kError);
    Log(LogLevel::kWarning, "unheard");
    Log(LogLevel::kError, "heard");
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["message"], "heard");
}

}  // namespace
}  // namespace streamer
