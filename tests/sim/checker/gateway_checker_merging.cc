// The part of GatewayChecker that knows of merging: which event a delivery is
// whose progress lies before it, and which went with it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/checker/gateway_checker.h"

namespace streamer::sim {

using Place = Holding::Place;

// Progress is held back by what waits within later deliveries. An event that
// was logged later than it was received stands in the place of a lost one.
std::optional<GatewayChecker::Spoken> GatewayChecker::IdentifyMerging(
    const Delivered& delivered, Position after) const {
  const std::string identity = Truth::IdentityOf(delivered);
  // It was logged again, perhaps with other changes joined to it.
  const auto lost = history_.lost.find(after);
  if (lost != history_.lost.end() &&
      Truth::IdentityOf(*lost->second.event) == identity) {
    return Spoken{&lost->second, 0, false, {}};
  }
  Spoken spoken;
  for (const std::uint64_t offset : truth_.Find(identity)) {
    const Truth::Event& event = truth_.At(offset);
    if (offset <= after.offset || event.outcome == Truth::Outcome::kDropped ||
        event.entry.logged_at.monotonic > delivered.received) {
      continue;
    }
    if (spoken.offset != 0) {
      spoken.repeats.push_back(offset);
    } else {
      spoken.entry = &event.entry;
      spoken.offset = offset;
    }
  }
  if (spoken.entry != nullptr) return spoken;
  for (const auto& [position, entry] : history_.lost) {
    if (position.offset < after.offset) continue;
    if (Truth::IdentityOf(*entry.event) == identity) {
      return Spoken{&entry, 0, false, {}};
    }
  }
  return std::nullopt;
}

GatewayChecker::Share GatewayChecker::ShareOf(const Delivered& delivered,
                                              const Spoken& spoken,
                                              std::uint64_t offset) const {
  const Truth::Event& event = truth_.At(offset);
  if (event.outcome != Truth::Outcome::kGoesOut || !event.is_operation_sure) {
    return Share::kUnsure;
  }
  Share share = Share::kNobodys;
  for (const auto& [id, life] : lives_) {
    const SourceEvent& source = *event.entry.event;
    if (source.tenant != life.request.tenant ||
        source.collection != life.request.collection || offset <= life.from) {
      continue;
    }
    const bool is_for = IsFor(life, offset);
    // Of what nobody knows all are told.
    const Place before = life.request.membership && !is_for
                             ? holding_.Before(*life.filter, offset)
                             : Place::kOut;
    if (before == Place::kUntold || before == Place::kUnsure ||
        (!is_for && life.request.membership &&
         !holding_.IsToldByEvent(offset))) {
      return Share::kUnsure;
    }
    if (!is_for) continue;
    const auto& ids = delivered.subscription_ids;
    const bool is_theirs = std::find(ids.begin(), ids.end(), id) != ids.end();
    // Who began in the past gets that from the log.
    if (!is_theirs && !life.request.resume_after.empty()) continue;
    // Who was answered first has been given it with this very delivery.
    const auto within = life.within.find(offset);
    const bool has_it =
        life.got.contains(offset) &&
        (within == life.within.end() || within->second != spoken.offset);
    if (!is_theirs || has_it) return Share::kOthers;
    share = Share::kTheirs;
  }
  return share;
}

// A chain of events of the document, each of which waited when the next came:
// it ends at what came before, at what is for somebody else as well, and at a
// delete. What only may have gone out may be a part of it.
GatewayChecker::Merged GatewayChecker::FindMerged(const Delivered& delivered,
                                                  const Spoken& spoken) {
  Merged merged;
  if (delivered.coalesced == 0) return merged;
  const SourceEvent& last = *spoken.entry->event;
  std::uint64_t later = spoken.offset;
  // What is lost can have taken what is lost with it, too.
  bool is_counted = later != 0;
  merged.is_sure =
      is_counted && !has_ended_any_ && spoken.repeats.empty() && early_.empty();
  std::uint64_t offset =
      std::min(spoken.entry->position.offset - 1, truth_.head());
  for (; offset > 0; --offset) {
    if (is_counted && merged.offsets.size() == delivered.coalesced) break;
    const Truth::Event& event = truth_.At(offset);
    const SourceEvent& source = *event.entry.event;
    // What was logged later stands in the place of what was lost.
    if (source.tenant != last.tenant || source.collection != last.collection ||
        source.document_id != last.document_id ||
        event.outcome == Truth::Outcome::kDropped ||
        event.entry.logged_at.monotonic > delivered.received) {
      continue;
    }
    const Share share = ShareOf(delivered, spoken, offset);
    if (share == Share::kNobodys) continue;
    if (share == Share::kUnsure) is_counted = merged.is_sure = false;
    const bool is_end =
        share == Share::kOthers || event.operation == Operation::kDelete ||
        (later != 0 && truth_.At(later).operation == Operation::kInsert &&
         truth_.At(later).is_operation_sure);
    if (is_end) break;
    merged.offsets.push_back(offset);
    later = offset;
  }
  if (merged.is_sure && merged.offsets.size() < delivered.coalesced) {
    Complain("I2", absl::StrCat("event ", delivered.event_id, " at ",
                                spoken.offset, " says that it took ",
                                delivered.coalesced, " with it, and only ",
                                merged.offsets.size(), " could be"));
  }
  return merged;
}

std::uint64_t GatewayChecker::FirstOf(const Life& life, std::uint64_t offset,
                                      const Merged& merged) {
  for (const std::uint64_t earlier : merged.offsets) {
    if (earlier > life.from) offset = earlier;
  }
  return offset;
}

}  // namespace streamer::sim
