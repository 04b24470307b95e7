// Joining: what two changes of one document come to, for readers that may be
// spared the first of them.
//
//   insert + update → insert, update + update → update, update + delete →
//   delete
//
// What comes later stands, with its place and its identity; from the first it
// takes over what was before it, and that the document was new. A delete is
// never left out, nor is what makes a document anew joined to what was before.
//
// Thread-safety: pure functions.
#ifndef STREAMER_EVENT_JOINING_H_
#define STREAMER_EVENT_JOINING_H_

#include <memory>

#include "event/change_event.h"

namespace streamer {

[[nodiscard]] bool IsDelete(const SourceEvent& event);

// Whether `event` only changes a document that was there before.
[[nodiscard]] bool IsPlainChange(const SourceEvent& event);

// What follows from `first` and the changes up to `last`. REQUIRES: both are of
// one document and in one form, `last` is a plain change or a delete, `first`
// is no delete.
[[nodiscard]] std::shared_ptr<const SourceEvent> Join(const SourceEvent& first,
                                                      const SourceEvent& last);

// Whether they are changes of one document that can be joined.
[[nodiscard]] bool CanJoin(const ChangeEvent& first, const ChangeEvent& last);

// As above, of changes as their users see them. Copies the body only where a
// before-image has to be put beside it. REQUIRES: CanJoin.
[[nodiscard]] ChangeEvent Join(const ChangeEvent& first,
                               const ChangeEvent& last);

}  // namespace streamer

#endif  // STREAMER_EVENT_JOINING_H_
