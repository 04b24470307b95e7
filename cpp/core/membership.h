// Membership: what an event did to the set of documents that a subscription's
// filter holds. The numbers are those of the wire (EventDelivery.membership).
#ifndef STREAMER_CORE_MEMBERSHIP_H_
#define STREAMER_CORE_MEMBERSHIP_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace streamer {

enum class Membership : std::uint8_t {
  kNone = 0,        // the subscription did not ask
  kEntered = 1,     // the document is in it now and was not before
  kChanged = 2,     // it is in it now and was before
  kLeft = 3,        // it was in it and is not now
  kUnknownIn = 4,   // it is in it now; before is not known
  kUnknownOut = 5,  // it is not in it now; before is not known
};

// "none", "entered", "changed", "left", "unknown_in", "unknown_out".
std::string_view NameOf(Membership membership);

[[nodiscard]] constexpr bool IsUnknown(Membership membership) {
  return membership >= Membership::kUnknownIn;
}

// What `first` and then `last` did to one document, told as one. Nothing when
// that would not do: what entered and left again would never have been there,
// and what is known to enter or leave is not made unknown.
[[nodiscard]] std::optional<Membership> Compose(Membership first,
                                                Membership last);

}  // namespace streamer

#endif  // STREAMER_CORE_MEMBERSHIP_H_
