#include "python/event_records.h"

#include "base/arena.h"
#include "event/body.h"
#include "event/decoder.h"
#include "value/json.h"

namespace streamer::python {
namespace {

// Text that is not one JSON value would let a document write other fields of
// the line that it is put into.
Status CheckIsJson(std::string_view name, const std::string& text) {
  Arena arena;
  const Status status = ParseJson(text, arena).status();
  if (status.ok()) return status;
  return InvalidArgument(std::string(name) + ": " +
                         std::string(MessageOf(status)));
}

// Writes one line, member by member.
class LineWriter {
 public:
  void AddText(std::string_view name, std::string_view text) {
    AddName(name);
    AppendJsonString(text, line_);
  }
  void AddRaw(std::string_view name, std::string_view json) {
    AddName(name);
    line_.append(json);
  }
  std::string Finish() && { return std::move(line_) + "}"; }

 private:
  void AddName(std::string_view name) {
    line_.push_back(line_.empty() ? '{' : ',');
    AppendJsonString(name, line_);
    line_.push_back(':');
  }

  std::string line_;
};

// `stored`, a document of `event`, as its users see it.
std::string Flatten(const SourceEvent& event, const std::string& stored) {
  if (stored.empty()) return {};
  auto source = std::make_shared<SourceEvent>(event);
  source->document = stored;
  source->before.clear();
  ChangeEvent change;
  change.operation = Operation::kUpdate;
  change.source = std::move(source);
  auto body = EventBody::Parse(change);
  return body.ok() ? DeliveredJson(change, **body) : std::string();
}

}  // namespace

Result<std::shared_ptr<const SourceEventRecord>> SourceEventRecord::FromLine(
    std::string_view line) {
  STREAMER_ASSIGN_OR_RETURN(SourceEvent event, DecodeLine(line, kNoTime));
  return std::shared_ptr<const SourceEventRecord>(
      new SourceEventRecord(std::move(event)));
}

SourceEventRecord::SourceEventRecord(SourceEvent event)
    : event_(std::make_shared<const SourceEvent>(std::move(event))) {
  if (!is_stored()) return;
  flattened_ = Flatten(*event_, event_->document);
  flattened_before_ = Flatten(*event_, event_->before);
}

std::optional<std::int64_t> SourceEventRecord::timestamp_ms() const {
  if (event_->timestamp == kNoTime) return std::nullopt;
  return ToUnixMillis(event_->timestamp);
}

Result<std::shared_ptr<const SourceEventRecord>> MakeSourceEvent(
    const EventFields& fields) {
  LineWriter line;
  if (!fields.event_id.empty()) line.AddText("event_id", fields.event_id);
  line.AddText("tenant", fields.tenant);
  line.AddText("collection", fields.collection);
  line.AddText("id", fields.id);
  line.AddText("op", fields.operation);
  if (!fields.document.empty()) {
    STREAMER_RETURN_IF_ERROR(CheckIsJson("document", fields.document));
    line.AddRaw("doc", fields.document);
  }
  if (!fields.before.empty()) {
    STREAMER_RETURN_IF_ERROR(CheckIsJson("before", fields.before));
    line.AddRaw("before", fields.before);
  }
  if (fields.timestamp_ms.has_value()) {
    line.AddRaw("timestamp", std::to_string(*fields.timestamp_ms));
  }
  return SourceEventRecord::FromLine(std::move(line).Finish());
}

Result<SourceEvent> SourceOf(const EventRecord& record,
                             std::int64_t default_ms) {
  const auto* written = dynamic_cast<const SourceEventRecord*>(&record);
  if (written != nullptr) {
    SourceEvent event = *written->source();
    if (event.timestamp == kNoTime) {
      event.timestamp = FromUnixMillis(default_ms);
    }
    return event;
  }
  STREAMER_ASSIGN_OR_RETURN(
      const auto rewritten,
      MakeSourceEvent({.event_id = std::string(record.event_id()),
                       .tenant = std::string(record.tenant()),
                       .collection = std::string(record.collection()),
                       .id = std::string(record.id()),
                       .operation = std::string(record.operation()),
                       .document = std::string(record.document()),
                       .before = std::string(record.before()),
                       .timestamp_ms = record.timestamp_ms()}));
  return *rewritten->source();
}

}  // namespace streamer::python
