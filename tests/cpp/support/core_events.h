// What the tests of core/ and runtime/ subscribe to and feed.
#ifndef STREAMER_TESTS_SUPPORT_CORE_EVENTS_H_
#define STREAMER_TESTS_SUPPORT_CORE_EVENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/commands.h"
#include "event/change_event.h"
#include "filter/filter.h"

namespace streamer::support {

inline std::shared_ptr<const Filter> MakeFilter(std::string expression) {
  return Filter::Compile(
             {.conditions = {}, .expression = std::move(expression)})
      .value();
}

// A subscription of tenant "t".
inline Subscribe MakeSubscribe(GatewayHandle gateway, std::string id,
                               std::string collection, std::string expression,
                               std::optional<Duration> ttl = std::nullopt) {
  return {gateway,
          std::move(id),
          "t",
          std::move(collection),
          MakeFilter(std::move(expression)),
          ttl};
}

// True of every event of MakeEvent, at a price that grows with its number:
// well above kLowBudget for 1,000, well below for 10.
inline constexpr cel::Units kLowBudget = 500;
inline std::string CostlyExpression() {
  return "lists.range(doc.n).all(x, x >= 0)";
}

// Event `number` of tenant "t": its id is "e<number>", its document, called
// "d<number>", is {"n": number}.
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
  events.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    events.push_back(MakeEvent(first + i, collection));
  }
  return events;
}

// What a source lost, of a backend or of any.
inline SourceEvent MakeGap(std::string backend, std::string reason) {
  SourceEvent gap;
  gap.backend = std::move(backend);
  gap.loss = std::make_shared<const SourceLoss>(
      SourceLoss{.reason = std::move(reason)});
  return gap;
}

// An event that could not be read but for these names.
inline SourceEvent MakeUnreadable(std::string tenant, std::string collection) {
  SourceEvent event;
  event.tenant = std::move(tenant);
  event.collection = std::move(collection);
  event.loss = std::make_shared<const SourceLoss>(SourceLoss{
      .kind = SourceLoss::Kind::kUnreadable, .reason = "expected JSON"});
  return event;
}

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_CORE_EVENTS_H_
