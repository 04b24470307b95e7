#include "value/document.h"

#include <utility>

#include "value/json.h"
#include "value/utf8.h"

namespace streamer {

Result<std::shared_ptr<const Document>> Document::Parse(std::string json) {
  std::shared_ptr<Document> document(new Document());
  document->json_ = std::move(json);
  STREAMER_ASSIGN_OR_RETURN(document->root_,
                            ParseJson(document->json_, document->arena_));
  if (!document->root_.is(ValueKind::kMap)) {
    std::size_t start = document->json_.find_first_not_of(" \t\n\r");
    std::string_view value(document->json_);
    value.remove_prefix(start);
    return InvalidArgument("expected a JSON object, got " +
                           DescribeStart(value) + ", at byte " +
                           std::to_string(start));
  }
  return document;
}

}  // namespace streamer
