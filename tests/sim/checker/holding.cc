#include "sim/checker/holding.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "puller/puller_marker.h"
#include "sim/change_generator.h"

namespace streamer::sim {
namespace {

using Place = Holding::Place;

Place PlaceOf(bool is_held) { return is_held ? Place::kIn : Place::kOut; }

std::string_view TextOf(Place place) {
  switch (place) {
    case Place::kIn:
      return "in";
    case Place::kOut:
      return "out";
    default:
      return "nobody knows where";
  }
}

}  // namespace

Holding::Holding(const History& history, const Truth& truth)
    : history_(history), truth_(truth) {
  has_images_ = std::any_of(
      history.log.begin(), history.log.end(),
      [](const LogEntry& entry) { return !entry.event->before.empty(); });
}

Place Holding::After(const Filter& filter, std::uint64_t offset) const {
  const Truth::Event& event = truth_.At(offset);
  const SourceEvent& source = *event.entry.event;
  if (event.operation == Operation::kDelete || source.is_deleted) {
    return Place::kOut;
  }
  const bool is_held = Truth::Matches(filter, event.entry, event.operation);
  if (event.is_operation_sure) return PlaceOf(is_held);
  const bool is_sure =
      Truth::Matches(filter, event.entry, Operation::kInsert) == is_held &&
      Truth::Matches(filter, event.entry, Operation::kUpdate) == is_held;
  return is_sure ? PlaceOf(is_held) : Place::kUnsure;
}

Place Holding::Before(const Filter& filter, std::uint64_t offset) const {
  const Truth::Event& event = truth_.At(offset);
  if (HasImage(offset)) return OfImage(filter, event.entry);
  if (!event.is_operation_sure) return Place::kUnsure;
  if (event.operation == Operation::kInsert) return Place::kOut;
  if (!event.is_before_sure) return Place::kUnsure;
  if (event.before == 0) return Place::kUntold;
  if (IsBroken(truth_.At(event.before).entry, event.entry)) {
    // A puller that coalesces may have joined what could not be read to a later
    // event of its document: then the streamer never heard of it.
    return history_.coalesces ? Place::kUnsure : Place::kUntold;
  }
  return After(filter, event.before);
}

bool Holding::HasImage(std::uint64_t offset) const {
  return !truth_.At(offset).entry.event->before.empty();
}

bool Holding::IsToldByEvent(std::uint64_t offset) const {
  const Truth::Event& event = truth_.At(offset);
  return HasImage(offset) ||
         (event.is_operation_sure && event.operation == Operation::kInsert);
}

// The image is a document as any other, at an update that left it so.
Place Holding::OfImage(const Filter& filter, const LogEntry& entry) const {
  if (entry.event->before.find(R"("deleted":true)") != std::string::npos) {
    return Place::kOut;
  }
  auto image = std::make_shared<SourceEvent>(*entry.event);
  image->document = std::exchange(image->before, "");
  image->operation = SourceOperation::kUpdate;
  image->is_deleted = false;
  return PlaceOf(
      Truth::Matches(filter, {entry.position, image, {}}, Operation::kUpdate));
}

bool Holding::IsBroken(const LogEntry& first, const LogEntry& last) const {
  const auto marker_of = [](const LogEntry& entry) {
    const auto marker = ParsePullerMarker(entry.event->upstream_marker);
    return marker.ok() ? marker->sent.offset : 0;
  };
  const std::uint64_t from = marker_of(first);
  const std::uint64_t to = marker_of(last);
  const bool is_lost = std::any_of(
      history_.source_losses.begin(), history_.source_losses.end(),
      [&](const auto& loss) {
        return loss.after < to && loss.upto >= from &&
               ChangeGenerator::IsFrom(loss.backend, last.event->tenant);
      });
  if (is_lost) return true;
  for (std::uint64_t i = from + 1; i < to && i <= history_.source.size(); ++i) {
    const SourceEvent& event = *history_.source[i - 1].event;
    if (event.document != "[]" || event.tenant != last.event->tenant) continue;
    // The image says of which collection it was, and nothing else does.
    if (event.before.empty() || event.collection == last.event->collection) {
      return true;
    }
  }
  return false;
}

std::string Holding::Judge(const std::string& membership, Place before,
                           Place after) {
  const bool is_unknown = membership.starts_with("unknown_");
  const bool is_in = membership == "entered" || membership == "changed" ||
                     membership == "unknown_in";
  const bool was_in = membership != "entered";
  const bool is_after_wrong =
      after != Place::kUnsure && is_in != (after == Place::kIn);
  const bool is_before_wrong = !is_unknown && before != Place::kUnsure &&
                               was_in != (before == Place::kIn);
  const bool is_guessed = !is_unknown && before == Place::kUntold;
  if (!is_after_wrong && !is_before_wrong && !is_guessed) return "";
  return absl::StrCat("is told \"", membership, "\" of what was ",
                      std::string(TextOf(before)), " and is ",
                      std::string(TextOf(after)));
}

}  // namespace streamer::sim
