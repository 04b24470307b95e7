// A syntrix.puller.v1.ChangeEvent as proto-JSON to a SourceEvent.
#ifndef STREAMER_EVENT_INTERNAL_WIRE_LINE_H_
#define STREAMER_EVENT_INTERNAL_WIRE_LINE_H_

#include "base/status.h"
#include "event/change_event.h"
#include "value/value.h"

namespace streamer::internal {

// Whether the line is one: it has `opType` or `op_type`.
bool IsWireLine(const MapValue& line);

// Fills `event`, whose timestamp stands in for a missing one.
// InvalidArgument names the member.
Status DecodeWireLine(const MapValue& line, SourceEvent& event);

// "insert", … to `operation`; an error names `where`.
Status ReadOperation(std::string_view where, const Value& value,
                     SourceOperation& operation);

}  // namespace streamer::internal

#endif  // STREAMER_EVENT_INTERNAL_WIRE_LINE_H_
