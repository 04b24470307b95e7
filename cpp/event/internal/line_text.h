// LineText: one JSON line, checked whole, of which only what a decoder asks
// for becomes values.
//
// A line is read once more by the shard that matches it, and only if somebody
// subscribed. So here its bodies are checked, and kept as text.
//
// Cost: one parse and one look at the text; no table is built.
// Thread-safety: pure function; buffers are one per thread.
#ifndef STREAMER_EVENT_INTERNAL_LINE_TEXT_H_
#define STREAMER_EVENT_INTERNAL_LINE_TEXT_H_

#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "value/value.h"

namespace streamer::internal {

// All of it is valid until this thread reads the next line, and as long as
// the arena.
struct LineText {
  // The line. Where it is an object, its members are complete but for members
  // of nested objects: of those only `deleted`, `version`, `t` and `i` are
  // here, and lists are empty.
  Value root;
  // The text of the members `doc` and `before` where they are objects.
  std::string_view document;
  std::string_view before;
};

// InvalidArgument as ParseJson when the line is not JSON.
Result<LineText> ReadLineText(std::string_view line, Arena& arena);

}  // namespace streamer::internal

#endif  // STREAMER_EVENT_INTERNAL_LINE_TEXT_H_
