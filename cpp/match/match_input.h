// MatchInput: one event, ready to be matched: whose it is and what filters
// see of it.
#ifndef STREAMER_MATCH_MATCH_INPUT_H_
#define STREAMER_MATCH_MATCH_INPUT_H_

#include <string_view>

#include "base/arena.h"
#include "event/body.h"
#include "event/change_event.h"
#include "filter/filter_input.h"

namespace streamer {

struct MatchInput {
  std::string_view tenant;
  std::string_view collection;
  std::string_view document_id;
  FilterInput values;
  // Not null: the documents are text still, and `values` lacks them.
  const ChangeEvent* unread = nullptr;
};

// Refers to `event` and `body`, which must outlive it.
MatchInput MakeMatchInput(const ChangeEvent& event, const EventBody& body);
// The same without the documents, to be read as far as somebody asks for them.
MatchInput MakeMatchInput(const ChangeEvent& event);

// What filters would have seen of the document as it was before the change: it
// and its data, with `op` "update", for an update is what any document that is
// there could have had last; `before` is null, all else that of `event`. Also
// refers to `arena`. REQUIRES: body.before() is not null.
MatchInput MakeBeforeInput(const ChangeEvent& event, const EventBody& body,
                           Arena& arena);

// Asks for the memory that MakeMatchInput(event) reads: of an event that
// another thread made, or long ago, none is near.
inline void PrefetchMatchInput(const ChangeEvent& event) {
  constexpr std::size_t kLine = 64;
  const auto* begin = reinterpret_cast<const char*>(event.source.get());
  for (std::size_t at = 0; at < sizeof(SourceEvent); at += kLine) {
    __builtin_prefetch(begin + at);
  }
}

// What a filter sees of a bare document, for trying a filter out: the fields
// of `document`, a map; op is "insert", the names are empty.
FilterInput MakeTrialInput(const Value& document);

}  // namespace streamer

#endif  // STREAMER_MATCH_MATCH_INPUT_H_
