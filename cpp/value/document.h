// Document: the body of a change, parsed once and never changed.
//
// Holds the source's own text, so that what is delivered keeps the source's
// number spelling, and the value read from it.
//
// Invariant: root() is a map, and lives as long as the Document.
// Thread-safety: immutable; share by std::shared_ptr<const Document>.
#ifndef STREAMER_VALUE_DOCUMENT_H_
#define STREAMER_VALUE_DOCUMENT_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "value/value.h"

namespace streamer {

class Document {
 public:
  // Reads a JSON object. InvalidArgument when the text is not JSON ("expected
  // …, got …, at byte …") or not an object.
  static Result<std::shared_ptr<const Document>> Parse(std::string json);

  [[nodiscard]] const Value& root() const { return root_; }
  [[nodiscard]] std::string_view json() const { return json_; }

 private:
  Document() = default;

  std::string json_;
  Arena arena_;
  Value root_;
};

}  // namespace streamer

#endif  // STREAMER_VALUE_DOCUMENT_H_
