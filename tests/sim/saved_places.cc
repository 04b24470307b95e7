#include "sim/saved_places.h"

#include <algorithm>
#include <cstdint>

#include "runtime/internal/state_records.h"

namespace streamer::sim {
namespace {

std::uint64_t OffsetIn(const LogHistory& log, Position position) {
  const auto resolved = log.Resolve(position);
  return resolved.ok() ? resolved->position.offset : position.offset;
}

// Nothing follows for certain but what lies after the watermark, unless the
// session is said to be behind.
std::uint64_t PlaceOf(const StateSnapshot& state, const LogHistory& log,
                      const SavedCursor& cursor) {
  const StateKey key{StateKind::kProgress, ""};
  const auto found = state.records.find(key);
  const std::uint64_t acknowledged = OffsetIn(log, cursor.acknowledged);
  if (cursor.is_behind || found == state.records.end()) return acknowledged;
  const auto watermark = internal::DecodeWatermark(key, found->second);
  return std::max(acknowledged, OffsetIn(log, *watermark));
}

// A subscription that is younger than the cursor has its own place.
std::uint64_t PlaceOf(const LogHistory& log,
                      const SavedSubscription& subscription,
                      const SavedCursor& cursor, std::uint64_t place) {
  for (const SavedCursor::CatchingUp& one : cursor.catching_up) {
    if (one.subscription_id == subscription.subscription_id) {
      return OffsetIn(log, one.after);
    }
  }
  const bool is_younger =
      OffsetIn(log, subscription.added) >= OffsetIn(log, cursor.routed);
  return is_younger ? OffsetIn(log, subscription.from) : place;
}

}  // namespace

MarkerSaved SavedPlaces(const StateSnapshot& state, const LogHistory& log,
                        const std::string& gateway_id) {
  MarkerSaved saved;
  const StateKey key{StateKind::kCursor, gateway_id};
  const auto found = state.records.find(key);
  if (found == state.records.end()) return saved;
  const auto cursor = internal::DecodeCursor(key, found->second);
  const std::uint64_t place = PlaceOf(state, log, *cursor);
  saved.acknowledged = place;
  for (const auto& [record, value] : state.records) {
    if (record.kind != StateKind::kSubscription) continue;
    const auto subscription = internal::DecodeSubscription(record, value);
    if (subscription->gateway_id != gateway_id) continue;
    saved.places[subscription->subscription_id] =
        PlaceOf(log, *subscription, *cursor, place);
    saved.begun[subscription->subscription_id] =
        OffsetIn(log, subscription->from);
  }
  for (const SavedResync& resync : cursor->resyncs) {
    saved.noticed.emplace_back(resync.from.offset, resync.to.offset);
  }
  return saved;
}

}  // namespace streamer::sim
