// What a source sends, and to whom: what tests of SourceConsumer begin with.
#ifndef STREAMER_TESTS_TRANSPORT_SOURCE_MESSAGES_H_
#define STREAMER_TESTS_TRANSPORT_SOURCE_MESSAGES_H_

#include <chrono>
#include <string>

#include "transport/source_consumer.h"

namespace streamer {

inline MonotonicTime At(Duration since_start) {
  return MonotonicTime(since_start + std::chrono::hours(1));
}

// An event called "e<marker>".
inline SourceMessage Event(const std::string& marker) {
  SourceMessage message;
  message.progress = marker;
  message.event.emplace();
  message.event->event_id = "e" + marker;
  message.event->upstream_marker = marker;
  return message;
}
inline SourceMessage Heartbeat(const std::string& marker) {
  SourceMessage message;
  message.progress = marker;
  return message;
}

inline SourceConsumerOptions Options() {
  SourceConsumerOptions options;
  options.consumer_id = "node";
  options.instance = "5f";
  options.backend = "up";
  return options;
}

}  // namespace streamer

#endif  // STREAMER_TESTS_TRANSPORT_SOURCE_MESSAGES_H_
