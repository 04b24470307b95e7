// What lies where in the database of a RocksDbEventLog, and in which form.
//
// Column family "events": offset → log_record.h. Offsets only ascend, so its
// table files never overlap, move down the levels without being rewritten, and
// are deleted whole when retention has passed them.
//
// Column family "default", about 20 bytes an event:
//   f            → TrimMark, once something was dropped
//   h            → LogHistory
//   i last offset → AppendMark, one for each write: its fingerprints, and the
//                  upstream's markers after it
//   m            → UpstreamMarkers that are newer than the last AppendMark
//   s first offset → SegmentMark: every few thousand events
//
// Offsets in keys are eight bytes, the highest first. Values carry a version
// and a checksum that starts from the offset of their key.
#ifndef STREAMER_STORE_INTERNAL_LOG_LAYOUT_H_
#define STREAMER_STORE_INTERNAL_LOG_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "event/fingerprint.h"
#include "store/event_log.h"

namespace streamer::internal {

inline constexpr std::size_t kMetaFamily = 0;
inline constexpr std::size_t kEventsFamily = 1;

inline constexpr char kTrimKey[] = "f";
inline constexpr char kHistoryKey[] = "h";
inline constexpr char kMarkersKey[] = "m";
inline constexpr char kAppendPrefix[] = "i";
inline constexpr char kSegmentPrefix[] = "s";

std::string EventKey(std::uint64_t offset);
std::string AppendKey(std::uint64_t last_offset);
std::string SegmentKey(std::uint64_t first_offset);
// The number that the last eight bytes of `key` are; DataLoss if it is shorter.
Result<std::uint64_t> OffsetOf(std::string_view key);

// Events before `first_offset` were dropped.
struct TrimMark {
  std::uint64_t first_offset = 1;
  std::uint64_t bytes_before = 0;  // of all events before it
  WallTime logged_at{};            // the latest there was
};
std::string Encode(const TrimMark& mark);
Result<TrimMark> DecodeTrimMark(std::string_view bytes);

// Events from here to the next mark are dropped together.
struct SegmentMark {
  std::uint64_t first_offset = 1;
  std::uint64_t bytes_before = 0;
  WallTime before_at{};  // when the last event before it was logged
  WallTime begun_at{};   // and when its first
};
std::string Encode(const SegmentMark& mark);
Result<SegmentMark> DecodeSegmentMark(std::string_view key,
                                      std::string_view bytes);

// One write: as many events as there are fingerprints, up to `last_offset`.
struct AppendMark {
  std::uint64_t last_offset = 0;
  std::uint64_t bytes_through = 0;  // of all events up to it
  WallTime logged_at{};
  std::vector<EventFingerprint> fingerprints;
  std::string markers;  // UpstreamMarkers, encoded; empty while there are none

  [[nodiscard]] std::uint64_t first_offset() const {
    return last_offset + 1 - fingerprints.size();
  }
};
std::string Encode(const AppendMark& mark);
Result<AppendMark> DecodeAppendMark(std::string_view key,
                                    std::string_view bytes);

std::string Encode(const UpstreamMarkers& markers);
Result<UpstreamMarkers> DecodeMarkers(std::string_view bytes);

}  // namespace streamer::internal

#endif  // STREAMER_STORE_INTERNAL_LOG_LAYOUT_H_
