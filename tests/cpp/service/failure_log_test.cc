#include "service/internal/failure_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/captured_log.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;

TEST(FailureLogTest, EachFailureHasALineUntilThereIsAnother) {
  CapturedLog log;
  FailureLog failures("a stream of the source broke");
  failures.Note(OkStatus());
  failures.Note(DataLoss("damaged"));
  failures.Note(DataLoss("damaged"));
  failures.Note(Unavailable("refused"));
  failures.Note(DataLoss("damaged"));
  const auto line = [](const char* reason) {
    return nlohmann::json({{"level", "warning"},
                           {"message", "a stream of the source broke"},
                           {"reason", reason}});
  };
  EXPECT_THAT(log.lines(),
              ElementsAre(line("damaged"), line("refused"), line("damaged")));
}

}  // namespace
}  // namespace streamer
