#include "service/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace streamer {
namespace {

using ::testing::ElementsAre;

Result<ServiceConfig> ReadFile(const std::string& text) {
  return ReadConfig({.file_name = "s.yaml", .file_text = text});
}

std::string RefusalOf(const std::string& text) {
  const auto config = ReadFile(text);
  return config.ok() ? "accepted" : std::string(MessageOf(config.status()));
}

TEST(ConfigTest, NothingIsTheDefaults) {
  for (const std::string text : {"", "---\n", "streamer:\n", "streamer: {}"}) {
    const auto config = ReadFile(text);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(PrintConfig(*config), PrintConfig(ServiceConfig{}));
  }
}

// What the documentation promises to whoever sets nothing.
TEST(ConfigTest, TheDefaultsAreThoseOfThePromises) {
  using std::chrono::seconds;
  const ServiceConfig config;
  const CoreOptions& core = config.engine.core;
  EXPECT_EQ(config.grpc.port, 8084);
  EXPECT_EQ(config.grpc.stall_timeout, seconds(30));
  EXPECT_EQ(core.session.ttl, seconds(60));
  EXPECT_EQ(core.session.max_total, 10'000u);
  EXPECT_EQ(core.soft_state.linger, seconds(30));
  EXPECT_EQ(core.soft_state.recovery_window, seconds(30));
  EXPECT_EQ(core.quota.memberships, 1'000u);
  EXPECT_EQ(core.duplicates.age, std::chrono::minutes(3));
  EXPECT_EQ(config.engine.past_share, 0.3);
  EXPECT_EQ(config.engine.save_interval, seconds(5));
  EXPECT_EQ(config.engine.save_events, 1'000u);
  EXPECT_EQ(config.source.consumer.backoff.minimum,
            std::chrono::milliseconds(100));
  EXPECT_EQ(config.source.consumer.backoff.maximum, seconds(30));
}

TEST(ConfigTest, TheLaterSourceWins) {
  ConfigSources sources{.file_name = "s.yaml",
                        .file_text =
                            "streamer: {port: 1, drain_timeout: 1s, "
                            "outbox: {max_deliveries: 1}}"};
  sources.environment = {{"STREAMER_PORT", "2"},
                         {"STREAMER_DRAIN_TIMEOUT", "2s"},
                         {"STREAMER", "x"},
                         {"PORT", "9"}};
  sources.flags = {{"port", "3"}};
  const auto config = ReadConfig(sources);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http.port, 3);
  EXPECT_EQ(config->drain_timeout, std::chrono::seconds(2));
  EXPECT_EQ(config->grpc.outbox.deliveries, 1u);
  EXPECT_EQ(config->grpc.port, 8084);
}

TEST(ConfigTest, AnAddressIsForBothServers) {
  const auto config = ReadFile("streamer: {listen: \"::1\"}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http.listen, "::1");
  EXPECT_EQ(config->grpc.listen, "::1");
}

TEST(ConfigTest, WhatIsWrongIsNamedWithFileLineAndKey) {
  const std::vector<std::vector<std::string>> cases = {
      {"streamer:\n  prot: 1",
       "s.yaml:2: streamer.prot: unknown key; did you mean \"port\"?"},
      {"streamer:\n  port:\n\n\n",
       "s.yaml:2: streamer.port: expected a value, got nothing"},
      {"streamer:\n  port:\n    {}\n",
       "s.yaml:2: streamer.port: expected a value, got a map"},
      {"streamer:\n  port: 1\n\n  port: 1",
       "s.yaml:4: streamer.port: expected once, got again"},
      {"streamer: {port: 1}\nstreamer: {listen: \"::1\"}",
       "s.yaml:2: streamer: expected once, got again"},
      {"a: 1\n---\nb: 2\n---\n", "s.yaml: expected one YAML document, got 3"},
      {"streamer: 5", "s.yaml:1: expected a map, got a value"},
      {"5", "s.yaml:1: expected a map, got a value"},
      {"streamer:\n  ? [a]\n  : 1", "s.yaml:2: streamer.: unknown key"},
      {"streamer: {port: !!str 1}",
       "s.yaml:1: streamer.port: expected a number, got the text \"1\""},
      {"streamer: {engine: {single_thread: 'true'}}",
       "s.yaml:1: streamer.engine.single_thread: expected a boolean, got the "
       "text \"true\""},
      {"streamer: {nats: {urls: x}}",
       "s.yaml:1: streamer.nats.urls: not supported by this version"},
      {"streamer: {state: {backend: disk}}",
       "s.yaml:1: streamer.state.backend: expected auto, memory, rocksdb or "
       "etcd, got \"disk\""},
      {"streamer: {log: {sync: always}}",
       "s.yaml:1: streamer.log.sync: expected batch or none, got "
       "\"always\""},
      {"a: b: c", "s.yaml:1: expected YAML, got a problem: illegal map value"},
  };
  for (const auto& one : cases) EXPECT_EQ(RefusalOf(one[0]), one[1]);
}

TEST(ConfigTest, RolesThatDoNotFitTogetherAreRefused) {
  const std::vector<std::array<std::string, 2>> cases = {
      {"streamer: {roles: gateway}",
       "s.yaml:1: streamer.roles: expected puller,streamer or one of them, got "
       "\"gateway\""},
      {"streamer: {roles: streamer}",
       "puller.address: expected the address of a puller for roles "
       "\"streamer\", got none"},
      {"streamer: {puller: {address: \"h:1\"}}",
       "puller.address: expected roles \"streamer\" beside it, got a process "
       "that is a puller itself"},
      {"streamer: {puller: {address: host}}",
       "s.yaml:1: streamer.puller.address: expected host:port, got \"host\""},
      {"streamer: {puller: {reconnect_backoff_min: 2s, "
       "reconnect_backoff_max: 1s}}",
       "puller.reconnect_backoff_min: expected at most "
       "puller.reconnect_backoff_max, got more"},
  };
  for (const auto& one : cases) EXPECT_EQ(RefusalOf(one[0]), one[1]);
}

TEST(ConfigTest, AWrongVariableOrFlagIsNamed) {
  ConfigSources sources;
  sources.environment = {{"STREAMER_GRPC_PORT", ""}};
  EXPECT_EQ(ReadConfig(sources).status(),
            InvalidArgument("STREAMER_GRPC_PORT: expected a whole number from "
                            "0 to 65535, got \"\""));
  sources.environment.clear();
  sources.flags = {{"prot", "1"}};
  EXPECT_EQ(ReadConfig(sources).status(),
            InvalidArgument("--prot: unknown key; did you mean \"port\"?"));
  sources.flags = {{"port", "5"}, {"grpc.port", "5"}};
  EXPECT_EQ(ReadConfig(sources).status(),
            InvalidArgument("grpc.port: expected another port than HTTP's, "
                            "got 5 for both"));
  sources.flags = {{"port", "0"}, {"grpc.port", "0"}};
  EXPECT_TRUE(ReadConfig(sources).ok());
}

TEST(ConfigTest, VariablesThatNameNoKeyAreListed) {
  EXPECT_THAT(UnknownVariables({{"STREAMER_PORT", "1"},
                                {"STREAMER_PROT", "1"},
                                {"STREAMER_SERVICE_HOST", "h"},
                                {"PATH", "p"}}),
              ElementsAre("STREAMER_PROT", "STREAMER_SERVICE_HOST"));
}

TEST(ConfigTest, WhatIsPrintedReadsBackToTheSame) {
  ServiceConfig config;
  config.http.port = 1;
  config.http.listen = config.grpc.listen = "::1";
  config.drain_timeout = std::chrono::milliseconds(1'500);
  config.log_level = LogLevel::kWarning;
  config.engine.single_thread = true;
  const std::string printed = PrintConfig(config);
  const auto again = ReadFile(printed);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(PrintConfig(*again), printed);
  EXPECT_NE(printed, PrintConfig(ServiceConfig{}));
}

TEST(ConfigTest, AKeySProblemIsSaid) {
  EXPECT_EQ(ProblemWithKey("port"), "");
  EXPECT_EQ(ProblemWithKey("nats.urls"), "not supported by this version");
  EXPECT_EQ(ProblemWithKey("completely.different"), "unknown key");
}

}  // namespace
}  // namespace streamer
