// Id<Tag>: an integer that knows what it counts.
//
// Handles, offsets and sequence numbers are all integers, and passing one for
// another compiles silently with plain types. Each gets its own Id instead:
//
//   using SubscriptionHandle = Id<struct SubscriptionHandleTag>;
//
// Cost: none; it is the integer. Ids order, compare and hash as their value.
#ifndef STREAMER_BASE_IDS_H_
#define STREAMER_BASE_IDS_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <utility>

namespace streamer {

template <typename Tag, typename Integer = std::uint64_t>
class Id {
 public:
  constexpr Id() = default;
  constexpr explicit Id(Integer value) : value_(value) {}

  [[nodiscard]] constexpr Integer value() const { return value_; }
  friend constexpr auto operator<=>(Id, Id) = default;

  template <typename H>
  friend H AbslHashValue(H state, Id id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  Integer value_ = 0;
};

// A subscription within one node, from its acceptance to its end. Given in
// order by the sequencer, never used twice.
using SubscriptionHandle = Id<struct SubscriptionHandleTag>;

// A gateway's life within one node, from connected to gone.
using GatewayHandle = Id<struct GatewayHandleTag>;

}  // namespace streamer

template <typename Tag, typename Integer>
struct std::hash<streamer::Id<Tag, Integer>> {
  std::size_t operator()(streamer::Id<Tag, Integer> id) const noexcept {
    return std::hash<Integer>{}(id.value());
  }
};

#endif  // STREAMER_BASE_IDS_H_
