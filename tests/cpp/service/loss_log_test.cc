#include "service/internal/loss_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/captured_log.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;

TEST(LossLogTest, ItSaysWhyAndWhomItConcerns) {
  CapturedLog log;
  LogLoss({.cause = LossCause::kLag,
           .reason = "behind",
           .backend = "b",
           .tenant = "t",
           .collection = "c",
           .from = {.epoch = 7, .offset = 3},
           .to = {.epoch = 7, .offset = 9},
           .gateways = 1,
           .gateway_id = "g"},
          12);
  EXPECT_THAT(log.lines(),
              ElementsAre(nlohmann::json({{"level", "warning"},
                                          {"message", "events may be missing"},
                                          {"cause", "lag"},
                                          {"reason", "behind"},
                                          {"backend", "b"},
                                          {"tenant", "t"},
                                          {"collection", "c"},
                                          {"from", "p1-7-3"},
                                          {"to", "p1-7-9"},
                                          {"gateways", 1},
                                          {"gateway", "g"},
                                          {"left_out", 12}})));
}

}  // namespace
}  // namespace streamer
