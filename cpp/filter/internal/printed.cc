#include "filter/internal/printed.h"

#include <limits>

#include "cel/parser.h"

namespace streamer {

cel::Limits ForPrinted(cel::Limits limits) {
  limits.text_bytes = std::numeric_limits<std::size_t>::max();
  limits.nodes = std::numeric_limits<std::size_t>::max();
  limits.list_values = std::numeric_limits<std::size_t>::max();
  limits.depth = cel::kMaxTreeDepth;
  return limits;
}

cel::Tree ParsePrinted(std::string_view text) {
  return cel::Parse(text, ForPrinted({})).value();
}

}  // namespace streamer
