// What the engine tests subscribe to and feed.
#ifndef STREAMER_TESTS_RUNTIME_SCENARIO_H_
#define STREAMER_TESTS_RUNTIME_SCENARIO_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/commands.h"
#include "event/change_event.h"
#include "filter/filter.h"

namespace streamer {

inline std::shared_ptr<const Filter> MakeFilter(std::string expression) {
  return Filter::Compile(
             {.conditions = {}, .expression = std::move(expression)})
      .value();
}

inline Subscribe MakeSubscribe(GatewayHandle gateway, std::string id,
                               std::string collection, std::string expression) {
  return {gateway,
          std::move(id),
          "t",
          std::move(collection),
          MakeFilter(std::move(expression)),
          std::nullopt};
}

// Event `number`: its id is "e<number>", its document {"n": number}.
inline SourceEvent MakeEvent(std::int64_t number, std::string collection) {
  SourceEvent event;
  event.event_id = absl::StrCat("e", number);
  event.tenant = "t";
  event.collection = std::move(collection);
  event.document_id = absl::StrCat("d", number);
  event.operation = SourceOperation::kInsert;
  event.document = absl::StrCat(R"({"n":)", number, "}");
  return event;
}

inline std::vector<SourceEvent> MakeEvents(std::int64_t first,
                                           std::int64_t count,
                                           const std::string& collection) {
  std::vector<SourceEvent> events;
  for (std::int64_t i = 0; i < count; ++i) {
    events.push_back(MakeEvent(first + i, collection));
  }
  return events;
}

}  // namespace streamer

#endif  // STREAMER_TESTS_RUNTIME_SCENARIO_H_
