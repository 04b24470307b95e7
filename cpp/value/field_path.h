// FieldPath: the way from a document to one of its fields.
//
// Written with dots, `address.city`; a dot that belongs to a name is written
// `\.` and a backslash `\\`. Segments are compared unescaped. A path goes
// through maps only: lists have no named fields.
//
// Thread-safety: a value type; const use is safe.
#ifndef STREAMER_VALUE_FIELD_PATH_H_
#define STREAMER_VALUE_FIELD_PATH_H_

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "value/value.h"

namespace streamer {

class FieldPath {
 public:
  // The empty path: the document itself.
  FieldPath() = default;
  explicit FieldPath(std::vector<std::string> segments)
      : segments_(std::move(segments)) {}

  // Reads dotted text. InvalidArgument, naming the offset, when the text is
  // empty, a segment is empty or a backslash escapes something else.
  static Result<FieldPath> Parse(std::string_view text);

  // Dotted text that Parse reads back to this path.
  [[nodiscard]] std::string Format() const;

  [[nodiscard]] const std::vector<std::string>& segments() const {
    return segments_;
  }
  [[nodiscard]] bool is_empty() const { return segments_.empty(); }

  // The value at this path below `root`, or nullptr when a segment is missing
  // or leads through something that is not a map. The empty path finds `root`.
  [[nodiscard]] const Value* Find(const Value& root) const;

  friend auto operator<=>(const FieldPath&, const FieldPath&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const FieldPath& path) {
    return H::combine(std::move(state), path.segments_);
  }

 private:
  std::vector<std::string> segments_;
};

}  // namespace streamer

#endif  // STREAMER_VALUE_FIELD_PATH_H_
