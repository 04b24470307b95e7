// Lingering: subscriptions of streams that broke a moment ago, for the gateway
// that comes back and asks for the very same.
//
// A stream without a session is its gateway, and its end the end of its
// subscriptions. But what ended with a broken stream usually comes again at
// once, on another: then it goes on from where the broken one was, instead of
// missing what happened in between.
//
// Bounded: the oldest are forgotten when there are too many.
// Cost: a look-up for each call; the text of a key for each that is kept.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_LINGERING_H_
#define STREAMER_CORE_INTERNAL_LINGERING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/time.h"
#include "core/commands.h"
#include "core/options.h"
#include "core/registry.h"
#include "event/position.h"

namespace streamer::internal {

class Lingering {
 public:
  explicit Lingering(const SoftStateBounds& bounds) : bounds_(bounds) {}

  // `ended` was broken off, having had what there was up to `after`.
  void Keep(const Subscription& ended, Position after, MonotonicTime now);
  // Where `subscribe` goes on, if it is one of those.
  [[nodiscard]] std::optional<Position> Find(const Subscribe& subscribe,
                                             MonotonicTime now) const;
  // It goes on, and is none of those any more.
  void Forget(const Subscribe& subscribe);
  // None of those there are goes on before `place`. Cost: their number.
  void GoOnAfter(Position place);
  // Forgets those whose time is over.
  void Expire(MonotonicTime now);

  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    Position after;
    MonotonicTime until;
    std::uint64_t number = 0;  // in `order_`
  };
  void ForgetFirst();
  TextMap<Kept>::iterator FindFirst();

  const SoftStateBounds bounds_;
  TextMap<Kept> kept_;
  // By age; one that was forgotten is still there.
  std::deque<std::pair<std::uint64_t, std::string>> order_;
  std::uint64_t last_number_ = 0;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_LINGERING_H_
