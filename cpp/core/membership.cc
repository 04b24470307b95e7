#include "core/membership.h"

namespace streamer {
namespace {

// Where the document was.
enum class Place : std::uint8_t { kIn, kOut, kUnknown };

Place Before(Membership membership) {
  if (IsUnknown(membership)) return Place::kUnknown;
  return membership == Membership::kEntered ? Place::kOut : Place::kIn;
}

bool IsInAfter(Membership membership) {
  return membership != Membership::kLeft &&
         membership != Membership::kUnknownOut;
}

}  // namespace

std::string_view NameOf(Membership membership) {
  switch (membership) {
    case Membership::kNone:
      return "none";
    case Membership::kEntered:
      return "entered";
    case Membership::kChanged:
      return "changed";
    case Membership::kLeft:
      return "left";
    case Membership::kUnknownIn:
      return "unknown_in";
    case Membership::kUnknownOut:
      return "unknown_out";
  }
  return "";
}

std::optional<Membership> Compose(Membership first, Membership last) {
  if (first == Membership::kNone || last == Membership::kNone) return last;
  switch (Before(first)) {
    case Place::kIn:
      return IsInAfter(last) ? Membership::kChanged : Membership::kLeft;
    case Place::kOut:
      if (!IsInAfter(last)) return std::nullopt;
      return Membership::kEntered;
    case Place::kUnknown:
      if (last == Membership::kEntered || last == Membership::kLeft) {
        return std::nullopt;
      }
      return IsInAfter(last) ? Membership::kUnknownIn : Membership::kUnknownOut;
  }
  return std::nullopt;
}

}  // namespace streamer
