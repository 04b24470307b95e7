// LogTail: the newest entries of a log as they were appended, so that readers
// who keep up share them and read nothing back.
//
// Bounded by count and bytes; an entry that a reader holds outlives it.
//
// Cost: a Copy copies pointers.
// Thread-safety: none; owned by a log.
#ifndef STREAMER_STORE_INTERNAL_LOG_TAIL_H_
#define STREAMER_STORE_INTERNAL_LOG_TAIL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "event/log_entry.h"

namespace streamer::internal {

class LogTail {
 public:
  struct Limits {
    std::size_t events = 16'384;
    std::size_t bytes = 32u << 20;
  };

  explicit LogTail(const Limits& limits) : limits_(limits) {}

  // REQUIRES: `entry` follows the last one.
  void Add(LogEntry entry, std::size_t bytes) {
    entries_.push_back({std::move(entry), bytes});
    bytes_ += bytes;
  }

  // Takes out what is beyond the limits. The caller destroys it once its lock
  // is gone.
  [[nodiscard]] std::vector<LogEntry> TakeExcess() {
    std::vector<LogEntry> excess;
    while (entries_.size() > limits_.events ||
           (bytes_ > limits_.bytes && !entries_.empty())) {
      bytes_ -= entries_.front().bytes;
      excess.push_back(std::move(entries_.front().entry));
      entries_.pop_front();
    }
    return excess;
  }

  // Appends to `entries` at most `limit` events after `offset`. False, and
  // nothing is appended, if the first of them is no longer here.
  [[nodiscard]] bool Copy(std::uint64_t offset, std::size_t limit,
                          std::vector<LogEntry>& entries) const {
    if (entries_.empty() ||
        offset + 1 < entries_.front().entry.position.offset) {
      return false;
    }
    std::size_t next = offset + 1 - entries_.front().entry.position.offset;
    for (; next < entries_.size() && limit > 0; ++next, --limit) {
      entries.push_back(entries_[next].entry);
    }
    return true;
  }

 private:
  struct Kept {
    LogEntry entry;
    std::size_t bytes;
  };

  const Limits limits_;
  std::deque<Kept> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_LOG_TAIL_H_
