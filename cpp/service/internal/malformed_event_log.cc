#include "service/internal/malformed_event_log.h"

#include "event/position.h"
#include "transport/log.h"

namespace streamer {

void LogMalformedEvent(const MalformedEvent& malformed) {
  const ChangeEvent& event = malformed.event;
  Log(LogLevel::kWarning, "event skipped",
      {{"event", event.source->event_id},
       {"position", FormatProgress(event.position)},
       {"tenant", event.tenant()},
       {"collection", event.collection()},
       {"document", event.document_id()},
       {"reason", MessageOf(malformed.problem)}});
}

}  // namespace streamer
