// LogHistory: which log this is, and in which epochs it was written.
//
// A log has an identity, drawn when it was made, and a list of epochs. An epoch
// begins when the log is made and whenever it is opened after an unclean stop:
// then events at its end may have been lost that somebody had seen. Offsets go
// on through all epochs, so an event is known by its offset alone, and a
// position of an earlier epoch that reaches into the next speaks of events
// that were lost:
//
//   epoch 7 from offset 1, epoch 8 from offset 91
//   Resolve(p1-7-90)  = p1-7-90
//   Resolve(p1-7-95)  = p1-7-90, cut back: 91 to 95 are no more what they were
//   Resolve(p1-3-7)     OutOfRange: a position of another log
//
// Thread-safety: a value.
#ifndef STREAMER_STORE_LOG_HISTORY_H_
#define STREAMER_STORE_LOG_HISTORY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "event/position.h"

namespace streamer {

struct LogEpoch {
  std::uint32_t epoch = 0;
  std::uint64_t first_offset = 1;
  friend bool operator==(const LogEpoch&, const LogEpoch&) = default;
};

// A position of this log at which to go on.
struct ResolvedPosition {
  Position position;
  // What was asked for lay in a lost tail. Events that follow `position` may
  // have been seen, at the lost offsets: they are `redelivered`.
  bool is_cut_back = false;
  friend bool operator==(const ResolvedPosition&,
                         const ResolvedPosition&) = default;
};

class LogHistory {
 public:
  // REQUIRES: `epochs` is not empty; its epochs ascend, its offsets do not
  // descend.
  LogHistory(std::string identity, std::vector<LogEpoch> epochs);

  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const std::vector<LogEpoch>& epochs() const { return epochs_; }
  // The epoch that is being written.
  [[nodiscard]] std::uint32_t epoch() const { return epochs_.back().epoch; }

  // The position of the event at `offset`.
  [[nodiscard]] Position At(std::uint64_t offset) const;

  // What `position`, which may come from anywhere, means here. OutOfRange if
  // no log with this history ever gave it. Whether the log still reaches that
  // far is for the log to say.
  [[nodiscard]] Result<ResolvedPosition> Resolve(Position position) const;

  // Whether this history continues `saved`, which was stored together with
  // positions of a log. FailedPrecondition if it is of another log, or this is
  // an older state of it: those positions mean nothing here.
  [[nodiscard]] Status CheckContinues(const LogHistory& saved) const;

  // Bytes to keep a history in, and back. DataLoss for other bytes.
  [[nodiscard]] std::string Encode() const;
  static Result<LogHistory> Decode(std::string_view bytes);

  friend bool operator==(const LogHistory&, const LogHistory&) = default;

 private:
  std::string identity_;
  std::vector<LogEpoch> epochs_;
};

// Says that `got` does not lie between `first` and `head`.
[[nodiscard]] Status OutsideOfLog(Position got, Position first, Position head);

}  // namespace streamer

#endif  // STREAMER_STORE_LOG_HISTORY_H_
