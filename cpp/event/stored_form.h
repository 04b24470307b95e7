// The stored form of a plain event, for those who read only that: the
// consumers of syntrix.puller.v1.
//
// Reading it back (ReadStoredEnvelope) gives tenant, collection, document id,
// version and both `deleted` flags as they were, and a body with the same
// doc(), data() and before(). Two things change. Members are delivered in
// another order. And where a document had an `id` of its own that is some
// other text than the document id, data().id is the document id: the stored
// form has one place for both.
//
// Cost: one look at each byte of the bodies, and their copies.
// Thread-safety: a pure function.
#ifndef STREAMER_EVENT_STORED_FORM_H_
#define STREAMER_EVENT_STORED_FORM_H_

#include "event/change_event.h"

namespace streamer {

// The same change with stored bodies. A delete has a document, too, since that
// is where collection and id stand. REQUIRES: `event` is in the plain form,
// its bodies are JSON objects or empty.
SourceEvent ToStoredForm(const SourceEvent& event);

}  // namespace streamer

#endif  // STREAMER_EVENT_STORED_FORM_H_
