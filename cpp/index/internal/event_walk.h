// EventWalk: finds an event's values at the paths of a trie straight from the
// text of its body, without making the whole document.
//
// It gives what PathTrie::Walk finds in the flattened document of EventBody.
// What it cannot give that way it leaves to that: a delete, a document before
// the change, a predicate on the whole document or on a derived value, a
// repeated or escaped key.
//
// Cost: one pass over the text; values only where a predicate looks.
// Thread-safety: none.
#ifndef STREAMER_INDEX_INTERNAL_EVENT_WALK_H_
#define STREAMER_INDEX_INTERNAL_EVENT_WALK_H_

#include <string_view>

#include "event/change_event.h"
#include "filter/filter_input.h"
#include "index/internal/path_trie.h"
#include "index/scratch.h"
#include "value/guided_json.h"

namespace streamer {

class EventWalk final : private JsonGuide {
 public:
  EventWalk(const PathTrie& paths, const ChangeEvent& event,
            IndexScratch& scratch);

  // Notes in the scratch the value of every node that the event has; those of
  // variables other than the documents are taken from `values`. False when it
  // gave up: the scratch may hold a part.
  bool Run(const FilterInput& values);

 private:
  Step Enter(Node node, std::string_view key) override;
  bool Set(Node node, const Value& value) override;

  [[nodiscard]] bool IsPossible() const;
  Step EnterField(std::string_view key, bool is_stored);
  Step EnterRoot(std::string_view key);
  Step EnterChild(PathId parent, std::string_view key);
  [[nodiscard]] bool IsSet(PathId path) const;
  void SetSystemFields();
  void SetSystemField(std::string_view name, const Value& value);

  const PathTrie& paths_;
  const ChangeEvent& event_;
  IndexScratch& scratch_;
  const PathId doc_;
  const PathId data_;
  // The places of a field that both variables show.
  PathId doc_field_;
  PathId data_field_;
  bool has_user_data_ = false;
};

}  // namespace streamer

#endif  // STREAMER_INDEX_INTERNAL_EVENT_WALK_H_
