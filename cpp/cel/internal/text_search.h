// FindText: where a text stands in another, in time that its charge covers.
//
// The library's own search looks at every place where the first byte fits, one
// call each: of a text of one letter that is twenty times what it is charged.
// FindText is linear, whatever the texts; FindLastText is charged for more
// (CostRule::kSearchBack).
//
// Thread-safety: pure functions.
#ifndef STREAMER_CEL_INTERNAL_TEXT_SEARCH_H_
#define STREAMER_CEL_INTERNAL_TEXT_SEARCH_H_

#include <cstddef>
#include <cstring>
#include <string_view>

namespace streamer::cel::internal {

// The first place at or after `start`, or npos, as std::string_view::find.
// REQUIRES: start <= text.size().
inline std::size_t FindText(std::string_view text, std::string_view sought,
                            std::size_t start = 0) {
  if (sought.empty()) return start;
  if (text.size() - start < sought.size()) return std::string_view::npos;
  const void* found = memmem(text.data() + start, text.size() - start,
                             sought.data(), sought.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) -
                                  text.data());
}

// The last place at or before `start`, or npos, as std::string_view::rfind.
inline std::size_t FindLastText(std::string_view text, std::string_view sought,
                                std::size_t start) {
  if (sought.size() != 1 || text.empty()) return text.rfind(sought, start);
  const std::size_t length = start < text.size() ? start + 1 : text.size();
  const void* found = memrchr(text.data(), sought[0], length);
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) -
                                  text.data());
}

}  // namespace streamer::cel::internal

#endif  // STREAMER_CEL_INTERNAL_TEXT_SEARCH_H_
