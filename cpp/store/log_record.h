// The form in which an event lies in a durable log.
//
//   version 1 │ operation, form, flags │ numbers │ texts │ loss │ checksum
//
// The checksum is of all before it and starts from the event's offset, so that
// a record which is whole, but of another event, does not pass either. A
// record has one form only: what decodes, encodes to the same bytes. A later
// version gets another first byte; this one refuses it by name.
//
// Cost: one pass and one hash; no allocation but that of the texts.
// Thread-safety: pure functions.
#ifndef STREAMER_STORE_LOG_RECORD_H_
#define STREAMER_STORE_LOG_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"

namespace streamer {

struct LogRecord {
  SourceEvent event;
  Instant logged_at;
};

// Writes over `bytes`, whose memory is used again.
void EncodeLogRecord(const SourceEvent& event, Instant logged_at,
                     std::uint64_t offset, std::string& bytes);

// Fails with DataLoss for bytes that EncodeLogRecord never wrote for `offset`.
Result<LogRecord> DecodeLogRecord(std::string_view bytes, std::uint64_t offset);

}  // namespace streamer

#endif  // STREAMER_STORE_LOG_RECORD_H_
