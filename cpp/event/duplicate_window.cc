#include "event/duplicate_window.h"

#include <algorithm>
#include <string_view>

#include "base/hash.h"

namespace streamer {
namespace {

// Hashing the length of each part as well keeps ("a", "bc") and ("ab", "c")
// apart.
std::uint64_t HashParts(const SourceEvent& event, std::uint64_t seed) {
  std::uint64_t hash =
      MixHash(seed, static_cast<std::uint64_t>(event.operation));
  for (std::string_view part :
       {std::string_view(event.backend), std::string_view(event.event_id),
        std::string_view(event.tenant), std::string_view(event.collection),
        std::string_view(event.document_id), std::string_view(event.stored_key),
        std::string_view(event.document), std::string_view(event.before)}) {
    hash = HashBytes(part, MixHash(hash, part.size()));
  }
  return hash;
}

}  // namespace

bool DuplicateWindow::IsDuplicate(const SourceEvent& event, MonotonicTime now) {
  if (event.event_id.empty()) return false;
  Expire(now);
  Fingerprint fingerprint = MakeFingerprint(event);
  if (SegmentOf(fingerprint).contains(fingerprint)) return true;
  if (options_.count == 0) return false;
  if (seen_.size() == options_.count) ForgetOldest();
  SegmentOf(fingerprint).insert(fingerprint);
  seen_.push_back({latest_, fingerprint});
  return false;
}

void DuplicateWindow::Expire(MonotonicTime now) {
  latest_ = std::max(latest_, now);
  while (!seen_.empty() && latest_ - seen_.front().at > options_.age) {
    ForgetOldest();
  }
}

DuplicateWindow::Fingerprint DuplicateWindow::MakeFingerprint(
    const SourceEvent& event) {
  return {HashParts(event, 1), HashParts(event, 2)};
}

void DuplicateWindow::ForgetOldest() {
  const Fingerprint& oldest = seen_.front().fingerprint;
  SegmentOf(oldest).erase(oldest);
  seen_.pop_front();
}

}  // namespace streamer
