// Decoders: bytes from outside to SourceEvent.
//
// Everything here reads what strangers send. A problem is one precise
// InvalidArgument (expected, got, where) and nothing is kept of the event.
//
// Thread-safety: pure functions.
#ifndef STREAMER_EVENT_DECODER_H_
#define STREAMER_EVENT_DECODER_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"

namespace streamer {

// One line of NDJSON: either the plain form
//   {event_id?, tenant, collection, id, op, doc?, before?, timestamp?}
// or a syntrix.puller.v1.ChangeEvent as proto-JSON (recognised by `opType` or
// `op_type`; its bytes fields are base64). `now` labels an event that brings
// no timestamp. Unknown keys of the plain form are refused by name.
Result<SourceEvent> DecodeLine(std::string_view line, WallTime now);

// Fills tenant, collection, document_id, is_deleted and version of `event`
// from its stored document and `mgo_doc_id` ("tenant:hash"), as
// 5-interfaces.md says; REQUIRES operation, document and before, and tenant if
// the source gives one. A delete may leave collection and document_id empty:
// the Normalizer finds them. InvalidArgument when something needed is missing
// or the parts contradict each other.
Status ReadStoredEnvelope(std::string_view mgo_doc_id, SourceEvent& event);

// Where an event belongs that could not be read: as much as can be. What is
// missing, is no name, or is said in two ways is empty.
struct StoredPlace {
  std::string tenant;
  std::string collection;
};
// `tenant` is the one that the source gives, if it does.
StoredPlace FindStoredPlace(std::string_view tenant,
                            std::string_view mgo_doc_id,
                            std::string_view document, std::string_view before);

// Notes in `event` that the update cleared `deleted`, when MongoDB's
// description of it (JSON; empty: none) says so.
Status ReadUpdateDescription(std::string_view json, SourceEvent& event);

// A tenant, an id, …: not empty, at most 1,024 bytes, no control characters.
// A collection: a path without empty segments too. `what` names it in errors.
Status CheckCollection(std::string_view collection);
Status CheckName(std::string_view what, std::string_view name);

}  // namespace streamer

#endif  // STREAMER_EVENT_DECODER_H_
