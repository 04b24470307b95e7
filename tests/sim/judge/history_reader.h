// What the processes of a gateway wrote down, as the checker judges it.
//
// A file of JSON lines, each with the time at which it was written, in
// nanoseconds of the machine's monotonic clock, and one record:
//
//   {"at": 1, "gateway": {"id", "session", "merging"}}    the first line
//   {"at": 2, "started": {"resume"}}    a process, and the state it goes on
//                                       from; "" for none
//   {"at": 3, "welcomed": {"session", "continuity", "next_sequence",
//                          "from", "to"}}
//   {"at": 4, "asked": {"id", "resume_after"}}
//   {"at": 5, "answered": {"id", "tenant", "collection", "conditions",
//                          "expression", "membership", "from"}}
//   {"at": 6, "delivered": {"stream", "session", "sequence", "progress", "ids",
//                           "memberships", "event", "tenant", "collection",
//                           "document_id", "operation", "document",
//                           "redelivered", "catching_up", "coalesced",
//                           "received"}}
//   {"at": 7, "noticed": {"ids", "reason", "ended", "from", "to"}}
//   {"at": 8, "ended": {"id"}}
//   {"at": 9, "kept": "s1-…"}            processed is what stands before
//
// Every field is there, empty or 0 where nothing is known; "ended" is "" for a
// subscription that goes on. The last line of a process that was killed may be
// cut short: the next begins behind a line feed of its own. What a process with
// a session did not live to say "kept" of is not processed.
//
// A real process cannot record everything that the simulation does:
//   - which marker the service saved: I6 is not judged;
//   - when the streamer started: what it forgets of memberships with that would
//     be taken for wrong;
//   - how far the log was when it asked, or was told of a loss: a subscription
//     that two processes asked for may begin anywhere before its answer, and a
//     notice that does not say where its range ends reaches to the end;
//   - entries that the client itself dropped. So numbers must be dense but for
//     notices, for what follows a welcome by position, and once a subscription
//     was ended.
#ifndef STREAMER_TESTS_SIM_JUDGE_HISTORY_READER_H_
#define STREAMER_TESTS_SIM_JUDGE_HISTORY_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sim/checker/history.h"

namespace streamer::sim {

// `name` is what errors call the text; `head` the newest event of the log in
// the end. InvalidArgument, with name and line, when it is not as above.
Result<GatewayHistory> ReadGatewayHistory(std::string_view text,
                                          const std::string& name,
                                          std::uint64_t head);

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_JUDGE_HISTORY_READER_H_
