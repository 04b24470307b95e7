#include "service/internal/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace streamer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Result<CommandLine> Read(const std::vector<std::string>& arguments) {
  return ReadCommandLine(arguments, {});
}

void WriteFile(const std::string& name, const std::string& text) {
  std::ofstream file(name, std::ios::trunc);
  file << text;
}

TEST(CommandLineTest, NothingServes) {
  const auto line = Read({});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->action, Action::kServe);
  EXPECT_THAT(line->sources.flags, IsEmpty());
  EXPECT_EQ(line->sources.file_text, "");
}

TEST(CommandLineTest, AKeyIsAFlagWithOrWithoutAnEqualsSign) {
  const auto line = Read({"--port=1", "--grpc.port", "2", "--check-config"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, Action::kCheckConfig);
  EXPECT_THAT(line->sources.flags,
              ElementsAre(Pair("grpc.port", "2"), Pair("port", "1")));
}

TEST(CommandLineTest, TheEnvironmentIsHandedOn) {
  const auto line = ReadCommandLine({"--print-config"}, {{"A", "b"}});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->action, Action::kPrintConfig);
  EXPECT_THAT(line->sources.environment, ElementsAre(Pair("A", "b")));
}

TEST(CommandLineTest, AFileIsReadWhole) {
  const std::string name = ::testing::TempDir() + "/command_line_test.yaml";
  const std::string text = std::string(10'000, '#') + "\nstreamer:\n";
  WriteFile(name, text);
  const auto line = Read({"--config", name});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->sources.file_name, name);
  EXPECT_EQ(line->sources.file_text, text);
  WriteFile(name, "");
  EXPECT_EQ(Read({"--config", name})->sources.file_text, "");
  std::remove(name.c_str());
  EXPECT_EQ(Read({"--config", name}).status(),
            NotFound(name + ": expected a file to read, got \"No such file or "
                            "directory\""));
}

TEST(CommandLineTest, AFolderIsNoFile) {
  EXPECT_EQ(Read({"--config=/"}).status(),
            NotFound("/: expected a file to read, got \"Is a directory\""));
}

TEST(CommandLineTest, WhatIsNotUnderstoodIsNamed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--prot=1"}, "--prot: unknown key; did you mean \"port\"?"},
      {{"--nats.urls", "x"}, "--nats.urls: not supported by this version"},
      {{"serve"}, "expected flags, got \"serve\""},
      {{"-p"}, "expected flags, got \"-p\""},
      {{"--port"}, "--port: expected a value, got nothing"},
      {{"--listen="}, "--listen: expected a value, got nothing"},
      {{"--config"}, "--config: expected a value, got nothing"},
      {{"--port", "1", "--port", "1"}, "--port: expected once, got 2 times"},
      {{"--config", "/a", "--config", "/b"},
       "--config: expected once, got 2 times"},
      {{"--port", "1", "2"}, "expected flags, got \"2\""},
  };
  for (const auto& [arguments, message] : cases) {
    EXPECT_EQ(Read(arguments).status(), InvalidArgument(message));
  }
}

TEST(CommandLineTest, HelpNamesEveryKeyAndTheVersionItself) {
  const auto help = Read({"--help"});
  ASSERT_TRUE(help.ok());
  EXPECT_EQ(help->action, Action::kShowText);
  for (const ConfigKeyInfo& key : ConfigKeys()) {
    EXPECT_THAT(help->text, HasSubstr("--" + std::string(key.name) + " VALUE"));
  }
  const auto version = Read({"--version"});
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->action, Action::kShowText);
  EXPECT_THAT(version->text, ::testing::MatchesRegex("streamerd [0-9.]+\n"));
}

}  // namespace
}  // namespace streamer
