#include "event/fingerprint.h"

#include <cstddef>
#include <string_view>

#include "base/hash.h"

namespace streamer {
namespace {

// The names in one text, each with its length in front: that keeps ("a", "bc")
// and ("ab", "c") apart, and is hashed at once.
void WriteNames(const SourceEvent& event, std::string& names) {
  names.assign(1, static_cast<char>(event.operation));
  for (std::string_view part :
       {std::string_view(event.backend), std::string_view(event.event_id),
        std::string_view(event.tenant), std::string_view(event.collection),
        std::string_view(event.document_id),
        std::string_view(event.stored_key)}) {
    std::size_t size = part.size();
    names.append(reinterpret_cast<const char*>(&size), sizeof(size));
    names.append(part);
  }
}

std::uint64_t HashEvent(std::string_view names, const SourceEvent& event,
                        std::uint64_t seed) {
  std::uint64_t hash = HashBytes(names, seed);
  hash = HashBytes(event.document, hash);
  return event.before.empty() ? hash : HashBytes(event.before, hash);
}

}  // namespace

EventFingerprint FingerprintOf(const SourceEvent& event, std::string& scratch) {
  if (event.event_id.empty() || event.loss != nullptr) return {};
  WriteNames(event, scratch);
  return {HashEvent(scratch, event, 1), HashEvent(scratch, event, 2)};
}

}  // namespace streamer
