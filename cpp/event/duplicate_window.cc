#include "event/duplicate_window.h"

#include <algorithm>
#include <string>
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
  WriteNames(event, names_);
  return {HashEvent(names_, event, 1), HashEvent(names_, event, 2)};
}

void DuplicateWindow::ForgetOldest() {
  const Fingerprint& oldest = seen_.front().fingerprint;
  SegmentOf(oldest).erase(oldest);
  seen_.pop_front();
}

}  // namespace streamer
