#include "event/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

namespace streamer {
namespace {

SourceEvent MakeEvent() {
  SourceEvent event;
  event.backend = "b";
  event.event_id = "e1";
  event.tenant = "t";
  event.collection = "c";
  event.document_id = "d";
  event.document = R"({"n":1})";
  return event;
}

EventFingerprint Fingerprint(const SourceEvent& event) {
  std::string scratch = "left from before";
  return FingerprintOf(event, scratch);
}

// It is kept in logs: another value would make duplicates of a restart pass.
TEST(FingerprintTest, TheValueStaysTheSameForEver) {
  const EventFingerprint expected{0xB5913E34F0A1EDF2u, 0xB8F62D8BC7E18DA6u};
  EXPECT_EQ(Fingerprint(MakeEvent()), expected);
}

TEST(FingerprintTest, AnEventWithoutAnIdHasNone) {
  SourceEvent event = MakeEvent();
  event.event_id.clear();
  EXPECT_EQ(Fingerprint(event), EventFingerprint());
}

TEST(FingerprintTest, TheUpstreamMarkerIsNoPartOfTheEvent) {
  SourceEvent event = MakeEvent();
  event.upstream_marker = "m";
  EXPECT_EQ(Fingerprint(event), Fingerprint(MakeEvent()));
}

}  // namespace
}  // namespace streamer
