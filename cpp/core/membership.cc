#include "core/membership.h"

namespace streamer {

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

}  // namespace streamer
