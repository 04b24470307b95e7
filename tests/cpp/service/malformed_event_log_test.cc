#include "service/internal/malformed_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "service/captured_log.h"

namespace streamer {
namespace {

using ::testing::ElementsAre;

TEST(MalformedEventLogTest, ItSaysWhichEventAndWhatIsWrongWithIt) {
  auto source = std::make_shared<SourceEvent>();
  source->event_id = "e1";
  source->tenant = "t";
  source->collection = "rooms/1";
  source->document_id = "d";
  MalformedEvent malformed;
  malformed.event.source = source;
  malformed.event.position = {.epoch = 7, .offset = 3};
  malformed.problem = InvalidArgument("doc: expected an object, got a number");

  CapturedLog log;
  LogMalformedEvent(malformed);
  EXPECT_THAT(log.lines(),
              ElementsAre(nlohmann::json(
                  {{"level", "warning"},
                   {"message", "event skipped"},
                   {"event", "e1"},
                   {"position", "p1-7-3"},
                   {"tenant", "t"},
                   {"collection", "rooms/1"},
                   {"document", "d"},
                   {"reason", "doc: expected an object, got a number"}})));
}

}  // namespace
}  // namespace streamer
