#include "event/duplicate_window.h"

#include <algorithm>

namespace streamer {

bool DuplicateWindow::IsDuplicate(const SourceEvent& event, MonotonicTime now) {
  const EventFingerprint fingerprint = FingerprintOf(event, names_);
  return fingerprint != EventFingerprint() && !Add(fingerprint, now);
}

void DuplicateWindow::Remember(const EventFingerprint& fingerprint,
                               MonotonicTime at) {
  if (fingerprint != EventFingerprint()) Add(fingerprint, at);
}

bool DuplicateWindow::Add(const EventFingerprint& fingerprint,
                          MonotonicTime now) {
  Expire(now);
  if (SegmentOf(fingerprint).contains(fingerprint)) return false;
  if (options_.count == 0) return true;
  if (seen_.size() == options_.count) ForgetOldest();
  SegmentOf(fingerprint).insert(fingerprint);
  seen_.push_back({latest_, fingerprint});
  return true;
}

void DuplicateWindow::Expire(MonotonicTime now) {
  latest_ = std::max(latest_, now);
  while (!seen_.empty() && latest_ - seen_.front().at > options_.age) {
    ForgetOldest();
  }
}

void DuplicateWindow::ForgetOldest() {
  const EventFingerprint& oldest = seen_.front().fingerprint;
  SegmentOf(oldest).erase(oldest);
  seen_.pop_front();
}

}  // namespace streamer
