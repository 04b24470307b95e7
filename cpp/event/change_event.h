// SourceEvent: one change as a source reported it, with its envelope read.
// ChangeEvent: the same change, normalised, at its position.
//
// A source's decoder (decoder.h) reads the envelope once, when the event
// comes in. The log keeps SourceEvents. The sequencer turns them into
// ChangeEvents, which say what happened to the document as its users see it.
// Bodies stay text until a shard that has subscriptions for them parses them.
//
// Thread-safety: plain data; shared only as pointers to const.
#ifndef STREAMER_EVENT_CHANGE_EVENT_H_
#define STREAMER_EVENT_CHANGE_EVENT_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/position.h"

namespace streamer {

// What the source says it did.
enum class SourceOperation : std::uint8_t {
  kInsert,
  kUpdate,
  kReplace,
  kDelete
};

// What happened to the document, as its users see it.
enum class Operation : std::uint8_t { kInsert, kUpdate, kDelete };

// "insert", "update", "delete": the value of `op` in filters.
std::string_view NameOf(Operation operation);
std::string_view NameOf(SourceOperation operation);

// How to read SourceEvent::document and ::before.
enum class BodyForm : std::uint8_t {
  // The document as its users see it: their fields at the top. System fields
  // (`version`, `updatedAt`, `createdAt`, `deleted`) may stand among them.
  kPlain,
  // The stored document of 5-interfaces.md: user fields under `data`.
  kStored,
};

// MongoDB's cluster time. Compared per backend only.
struct ClusterTime {
  std::uint32_t seconds = 0;
  std::uint32_t increment = 0;
  friend constexpr auto operator<=>(const ClusterTime&,
                                    const ClusterTime&) = default;
};

// What stands in the log in the place of events that are missing there, so that
// whoever reads over it, live or years later, is told.
struct SourceLoss {
  enum class Kind : std::uint8_t {
    kGap,         // events of the backend; of any, if it has no name
    kUnreadable,  // one event, with the names of it that could be read
  };
  Kind kind = Kind::kGap;
  std::string from;    // of a gap: after this marker; empty: not known
  std::string to;      // up to this one; empty: not known
  std::string reason;  // for people
};

struct SourceEvent {
  std::string backend;   // which database it came from; may be empty
  std::string event_id;  // identity within the backend; empty = none given
  std::string tenant;
  std::string collection;   // logical path
  std::string document_id;  // as users know it
  // The stored document's key ("tenant:hash"). Empty in the plain form. A
  // delete may come with nothing but this: then collection and document_id
  // are empty, and the Normalizer finds them or says that it cannot.
  std::string stored_key;
  SourceOperation operation = SourceOperation::kInsert;
  BodyForm form = BodyForm::kPlain;
  std::string document;  // JSON object; empty when there is none
  std::string before;    // JSON object; empty when the source gives none
  // Read from the body by the decoder.
  bool is_deleted = false;   // the document says `deleted: true`
  bool was_deleted = false;  // the source says it did before this change
  std::optional<std::int64_t> version;
  std::optional<ClusterTime> cluster_time;
  WallTime timestamp{};
  std::string upstream_marker;  // the source's progress marker after it
  // Not null: there is no event, and this is why.
  std::shared_ptr<const SourceLoss> loss;
};

struct ChangeEvent {
  Position position;
  Operation operation = Operation::kInsert;
  std::shared_ptr<const SourceEvent> source;
  WallTime logged_at{};  // when it was appended, for latency
  std::int64_t logged_at_monotonic_ns = 0;

  [[nodiscard]] const std::string& tenant() const { return source->tenant; }
  [[nodiscard]] const std::string& collection() const {
    return source->collection;
  }
  [[nodiscard]] const std::string& document_id() const {
    return source->document_id;
  }
};

}  // namespace streamer

#endif  // STREAMER_EVENT_CHANGE_EVENT_H_
