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
// each other. Of events without cluster time nothing counts but whose they are;
// and, without a backend's name, not even that.
//
// Cost: two lookups. At most 1,024 backends are remembered, and 4,096 tenants
// of each. Beyond either, gaps concern all: which tenants a backend had before
// it was forgotten, nobody knows when it comes back.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_EVENT_GAP_DETECTOR_H_
#define STREAMER_EVENT_GAP_DETECTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/recent_map.h"

namespace streamer {

// Some events of a backend were not seen. Concerns the tenants that events of
// this backend had so far.
struct Gap {
  std::string backend;
  bool concerns_all = false;  // too many tenants to tell
  TextSet tenants;

  [[nodiscard]] bool Concerns(std::string_view tenant) const {
    return concerns_all || tenants.contains(tenant);
  }
};

class GapDetector {
 public:
  // `window` is the age of the duplicate window.
  explicit GapDetector(Duration window);

  // Takes the next event that is no duplicate; the gap before it, if any.
  std::optional<Gap> FindGap(const SourceEvent& event);

  // The gap that the source of `backend` says it has; of one that is not known,
  // or that no name is given of, it concerns all.
  [[nodiscard]] Gap Reported(std::string_view backend);

  // There were events before those taken here, of tenants that nobody knows:
  // from now on every gap concerns all.
  void ForgetTenants() { has_unknown_past_ = true; }

 private:
  struct Backend {
    ClusterTime newest;
    bool has_too_many_tenants = false;
    TextSet tenants;
  };
  // Of a new one nothing is known.
  Backend& Get(std::string_view name);
  static void Note(const SourceEvent& event, Backend& backend);

  std::int64_t window_seconds_;
  bool has_unknown_past_ = false;
  RecentMap<Backend> backends_;
};

}  // namespace streamer

#endif  // STREAMER_EVENT_GAP_DETECTOR_H_
