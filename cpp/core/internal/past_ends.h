// PastEnds: of each gateway whose subscriptions began in the past, after which
// live event that was written all of what they caught up with was, too.
//
// What is past stands in an outbox between what comes live, and is older. Once
// the scan has come to the head, and the router has kept all of what it read,
// nothing more follows but what is newer than that head.
//
// Cost: a look-up for each call.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_PAST_ENDS_H_
#define STREAMER_CORE_INTERNAL_PAST_ENDS_H_

#include <map>

#include "base/ids.h"
#include "core/sequenced.h"
#include "event/position.h"

namespace streamer::internal {

class PastEnds {
 public:
  // Something of the past is to be read for `gateway`.
  void Begin(GatewayHandle gateway) { ends_[gateway] = {}; }
  // It was read up to `head`, which the router is told by `step`.
  void Reach(GatewayHandle gateway, Ordinal step, Position head) {
    const auto found = ends_.find(gateway);
    if (found != ends_.end()) found->second = {step, head};
  }
  // The router had room for all of it. Ignored when `step` is not the last.
  void Confirm(GatewayHandle gateway, Ordinal step) {
    const auto found = ends_.find(gateway);
    if (found == ends_.end() || found->second.step != step) return;
    found->second.is_confirmed = true;
  }
  void Forget(GatewayHandle gateway) { ends_.erase(gateway); }

  // Whether nothing of the past was left when `written` went out.
  [[nodiscard]] bool IsPassed(GatewayHandle gateway, Position written) const {
    const auto found = ends_.find(gateway);
    if (found == ends_.end()) return true;
    const End& end = found->second;
    return end.is_confirmed && written.offset > end.head.offset;
  }

 private:
  struct End {
    Ordinal step;
    Position head;
    bool is_confirmed = false;
  };
  std::map<GatewayHandle, End> ends_;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_PAST_ENDS_H_
