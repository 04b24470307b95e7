// GapDetector: whether a backend's cluster time says that its stream was
// broken.
//
// Events of one transaction share a cluster time, and a source may resend the
// last of them: a time that is equal, or lower by no more than the window in
// which duplicates are recognised, is normal. One that is lower still belongs
// to a stretch of the stream that was not followed: that is one gap, and from
// there on the stream is followed anew.
//
// Each backend counts for itself: the clocks of two databases say nothing of
// each other. Events without cluster time are not looked at.
//
// Cost: one lookup by backend. At most 1,024 backends are remembered.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_EVENT_GAP_DETECTOR_H_
#define STREAMER_EVENT_GAP_DETECTOR_H_

#include "base/time.h"
#include "event/change_event.h"
#include "event/internal/recent_map.h"

namespace streamer {

class GapDetector {
 public:
  // `window` is the age of the duplicate window.
  explicit GapDetector(Duration window);

  // Takes the next event that is no duplicate; whether there is a gap before
  // it.
  bool IsGap(const SourceEvent& event);

 private:
  std::int64_t window_seconds_;
  internal::RecentMap<ClusterTime> newest_;  // by backend
};

}  // namespace streamer

#endif  // STREAMER_EVENT_GAP_DETECTOR_H_
