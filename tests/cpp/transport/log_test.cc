#include "transport/log.h"

#include <gtest/gtest.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace streamer {
namespace {

TEST(LogTest, MembersKeepTheirOrderAndTheirTypes) {
  EXPECT_EQ(FormatLogMembers("it happened", {{"text", "a\"b\n"},
                                             {"signed", std::int64_t{-1}},
                                             {"unsigned", ~std::uint64_t{0}},
                                             {"number", 0.5}}),
            R"("message":"it happened","text":"a\"b\n","signed":-1,)"
            R"("unsigned":18446744073709551615,"number":0.5)");
}

TEST(LogTest, BytesThatAreNoTextLeaveALineJson) {
  const std::string line =
      "{" + FormatLogMembers("m", {{"event", "a\xff\0b"}}) + "}";
  EXPECT_EQ(nlohmann::json::parse(line)["event"], "a\uFFFD");
}

// spdlog's default logger, into a string for as long as it lives.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_st>(text_));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }

  std::string text() { return text_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

TEST(LogTest, BracesAndPercentSignsAreNoFormat) {
  CapturedLog log;
  Log(LogLevel::kWarning, "a {} b {0} %v", {{"x", "{}%d"}});
  EXPECT_EQ(log.text(),
            "warning \"message\":\"a {} b {0} %v\",\"x\":\"{}%d\"\n");
}

TEST(LogTest, WhatIsBelowTheLevelIsNotLogged) {
  CapturedLog log;
  spdlog::default_logger()->set_level(spdlog::level::warn);
  Log(LogLevel::kDebug, "debug");
  Log(LogLevel::kInfo, "info");
  Log(LogLevel::kError, "error");
  EXPECT_EQ(log.text(), "error \"message\":\"error\"\n");
}

}  // namespace
}  // namespace streamer
