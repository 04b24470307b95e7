// NdjsonIngest: the body of one POST /v1/events, taken as it arrives.
//
// Lines are decoded and handed to the engine in batches while the rest of the
// body is still on its way, so memory is bounded by what was received and not
// yet taken. Lines before a bad one are kept: sending the whole body again is
// safe by event id.
//
//   NdjsonIngest ingest(engine, clock);
//   NdjsonIngest::State state = ingest.Take(bytes);     // … again and again
//   while (state == NdjsonIngest::State::kBlocked) {
//     …wait with Engine::WhenIngestible…
//     state = ingest.Continue();
//   }
//   state = ingest.End();                   // the last line has no newline
//   HttpResponse response = ingest.Response();
//
// Lines end with "\n" or "\r\n"; empty ones are passed over, but counted.
// Thread-safety: none; one request.
#ifndef STREAMER_TRANSPORT_INTERNAL_NDJSON_INGEST_H_
#define STREAMER_TRANSPORT_INTERNAL_NDJSON_INGEST_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "event/change_event.h"
#include "event/position.h"
#include "runtime/engine.h"
#include "transport/internal/http_message.h"

namespace streamer {

class NdjsonIngest {
 public:
  enum class State : std::uint8_t {
    kMore,     // everything complete was taken
    kBlocked,  // the log is too far ahead of its reader: wait, then Continue
    kFailed,   // a bad line, or the engine failed: take no more
  };

  // Events in one call of Engine::Ingest.
  static constexpr std::size_t kBatch = 512;

  // `now` labels events that bring no timestamp.
  NdjsonIngest(Engine& engine, std::function<WallTime()> now)
      : engine_(engine), now_(std::move(now)) {}

  State Take(std::string_view bytes);
  State Continue();
  // The body ended: what is left is its last line.
  State End();
  // What is held of the body.
  [[nodiscard]] std::size_t buffered_bytes() const { return buffer_.size(); }

  // Gives up with a response of `http_status`, unless it had to before.
  void Fail(unsigned http_status, std::string detail);

  // REQUIRES: End returned kMore, or something failed.
  [[nodiscard]] HttpResponse Response();

 private:
  // One pass over what is buffered.
  struct Batch {
    std::vector<SourceEvent> events;
    std::size_t bytes = 0;    // of the buffer
    std::uint64_t lines = 0;  // empty ones included
    Status problem;           // of the line after `lines`
  };
  Batch DecodeBatch();
  State IngestBatch(Batch batch);
  [[nodiscard]] std::string_view buffered() const;
  void DropTaken();

  Engine& engine_;
  std::function<WallTime()> now_;
  std::string buffer_;
  std::size_t taken_ = 0;     // bytes at the front of buffer_
  std::size_t searched_ = 0;  // before here, no newline but those taken
  bool is_ended_ = false;
  std::uint64_t lines_ = 0;
  std::uint64_t accepted_ = 0;
  std::optional<Position> position_;
  unsigned failure_ = 0;  // HTTP status, 0: none
  std::string problem_;
  std::uint64_t bad_line_ = 0;  // 0: it was no line's fault
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_NDJSON_INGEST_H_
