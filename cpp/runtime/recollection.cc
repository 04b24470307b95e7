#include "runtime/recollection.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace streamer {
namespace {

constexpr std::size_t kReadBatch = 4'096;

// Appends the fingerprints of the events after `after` up to `until`.
Status ReadFingerprints(const EventLog& log, Position after, Position until,
                        std::vector<LoggedFingerprint>& fingerprints) {
  while (after.offset < until.offset) {
    const std::size_t limit =
        std::min<std::uint64_t>(kReadBatch, until.offset - after.offset);
    STREAMER_RETURN_IF_ERROR(log.ReadFingerprints(after, limit, fingerprints));
    after = fingerprints.back().position;
  }
  return OkStatus();
}

Status ReadEntries(const EventLog& log, Position after, Position until,
                   std::vector<LogEntry>& entries) {
  while (after.offset < until.offset) {
    const std::size_t limit =
        std::min<std::uint64_t>(kReadBatch, until.offset - after.offset);
    STREAMER_RETURN_IF_ERROR(log.Read(after, limit, entries));
    after = entries.back().position;
  }
  return OkStatus();
}

// When `logged` counts as seen, if `newest` was at `now`.
MonotonicTime TimeOf(const LoggedFingerprint& logged,
                     const LoggedFingerprint& newest, MonotonicTime now) {
  return now - (newest.logged_at - logged.logged_at);
}

// How many events before a start are read whole.
std::uint64_t CountWhole(const CoreOptions& options) {
  return std::max(options.normalizer.remembered_deletes,
                  options.normalizer.remembered_documents);
}

}  // namespace

Result<Recollection> Recollect(const EventLog& log, Position start,
                               const CoreOptions& options) {
  Recollection past{.start = start};
  const Position first = log.first();
  if (start.offset < first.offset) return past;  // nothing is held before it
  STREAMER_ASSIGN_OR_RETURN(const Position window,
                            log.FindEarlier(start, options.duplicates.age));
  const std::uint64_t least = first.offset - 1;
  const std::uint64_t whole =
      start.offset - std::min(start.offset - least, CountWhole(options));
  const Position cut = log.history().At(whole);
  STREAMER_RETURN_IF_ERROR(
      ReadFingerprints(log, window, start, past.fingerprints));
  STREAMER_RETURN_IF_ERROR(ReadEntries(log, cut, start, past.entries));
  return past;
}

void Remember(const Recollection& past, MonotonicTime now,
              Sequencer& sequencer) {
  if (past.start.offset == 0) return;
  sequencer.ForgetTenants();
  auto entry = past.entries.begin();
  // What lies before the window could only repeat itself: it is all of the
  // oldest age.
  const MonotonicTime oldest =
      past.fingerprints.empty()
          ? now
          : TimeOf(past.fingerprints.front(), past.fingerprints.back(), now);
  const std::uint64_t window = past.fingerprints.empty()
                                   ? past.start.offset + 1
                                   : past.fingerprints[0].position.offset;
  for (; entry != past.entries.end() && entry->position.offset < window;
       ++entry) {
    sequencer.Remember(*entry, oldest);
  }
  for (const LoggedFingerprint& logged : past.fingerprints) {
    const MonotonicTime at = TimeOf(logged, past.fingerprints.back(), now);
    if (entry != past.entries.end() && entry->position == logged.position) {
      sequencer.Remember(*entry++, at);
    } else {
      sequencer.Remember(logged.fingerprint, at);
    }
  }
}

}  // namespace streamer
