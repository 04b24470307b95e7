#include "event/decoder.h"

#include <string>
#include <utility>

#include "base/arena.h"
#include "event/internal/fields.h"
#include "event/internal/line_text.h"
#include "event/internal/wire_line.h"

namespace streamer {
namespace {

using internal::Expected;

constexpr std::size_t kLongestName = 1024;

// The members of a plain line; null where one is missing.
struct PlainMembers {
  Value event_id;
  Value tenant;
  Value collection;
  Value id;
  Value op;
  Value doc;
  Value before;
  Value timestamp;
};

constexpr std::string_view kPlainKeys =
    R"(the keys "event_id", "tenant", "collection", "id", "op", "doc", )"
    R"("before", "timestamp")";

Value* FindMember(PlainMembers& members, std::string_view key) {
  if (key == "event_id") return &members.event_id;
  if (key == "tenant") return &members.tenant;
  if (key == "collection") return &members.collection;
  if (key == "id") return &members.id;
  if (key == "op") return &members.op;
  if (key == "doc") return &members.doc;
  if (key == "before") return &members.before;
  if (key == "timestamp") return &members.timestamp;
  return nullptr;
}

Status Sort(const MapValue& line, PlainMembers& members) {
  for (const MapEntry& entry : line.entries()) {
    Value* member = FindMember(members, entry.key.text());
    if (member == nullptr) {
      return Expected("line", kPlainKeys, internal::Quote(entry.key.text()));
    }
    *member = entry.value;
  }
  return OkStatus();
}

Status ReadName(std::string_view what, const Value& value, std::string& name) {
  STREAMER_ASSIGN_OR_RETURN(name, internal::ReadString(what, value));
  return CheckName(what, name);
}

Status ReadEnvelope(const PlainMembers& members, SourceEvent& event) {
  STREAMER_RETURN_IF_ERROR(ReadName("tenant", members.tenant, event.tenant));
  STREAMER_ASSIGN_OR_RETURN(
      event.collection, internal::ReadString("collection", members.collection));
  STREAMER_RETURN_IF_ERROR(CheckCollection(event.collection));
  STREAMER_RETURN_IF_ERROR(ReadName("id", members.id, event.document_id));
  STREAMER_RETURN_IF_ERROR(
      internal::ReadOperation("op", members.op, event.operation));
  if (!members.event_id.is(ValueKind::kNull)) {
    STREAMER_RETURN_IF_ERROR(
        ReadName("event_id", members.event_id, event.event_id));
  }
  if (members.timestamp.is(ValueKind::kNull)) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(
      event.timestamp, internal::ReadTimestamp("timestamp", members.timestamp));
  return OkStatus();
}

Status ReadBodies(const PlainMembers& members, SourceEvent& event) {
  if (!members.doc.is(ValueKind::kNull)) {
    if (!members.doc.is(ValueKind::kMap)) {
      return Expected("doc", "an object", internal::DescribeKind(members.doc));
    }
    STREAMER_ASSIGN_OR_RETURN(
        internal::BodyFlags flags,
        internal::ReadBodyFlags("doc", members.doc.map()));
    event.is_deleted = flags.is_deleted;
    event.version = flags.version;
  } else if (event.operation != SourceOperation::kDelete) {
    return Expected(
        "doc", "an object for op " + internal::Quote(NameOf(event.operation)),
        "none");
  }
  if (members.before.is(ValueKind::kNull)) return OkStatus();
  if (!members.before.is(ValueKind::kMap)) {
    return Expected("before", "an object",
                    internal::DescribeKind(members.before));
  }
  STREAMER_ASSIGN_OR_RETURN(
      internal::BodyFlags flags,
      internal::ReadBodyFlags("before", members.before.map()));
  event.was_deleted = flags.is_deleted;
  return OkStatus();
}

Status DecodePlainLine(const internal::LineText& line, SourceEvent& event) {
  PlainMembers members;
  STREAMER_RETURN_IF_ERROR(Sort(line.root.map(), members));
  STREAMER_RETURN_IF_ERROR(ReadEnvelope(members, event));
  STREAMER_RETURN_IF_ERROR(ReadBodies(members, event));
  // Of a repeated key the last one counts, also when that one is null.
  if (members.doc.is(ValueKind::kMap)) event.document = line.document;
  if (members.before.is(ValueKind::kMap)) event.before = line.before;
  return OkStatus();
}

Status Decode(std::string_view line, SourceEvent& event) {
  Arena arena;
  STREAMER_ASSIGN_OR_RETURN(internal::LineText text,
                            internal::ReadLineText(line, arena));
  if (!text.root.is(ValueKind::kMap)) {
    return Expected("line", "a JSON object", internal::DescribeKind(text.root));
  }
  if (internal::IsWireLine(text.root.map())) {
    return internal::DecodeWireLine(text.root.map(), event);
  }
  return DecodePlainLine(text, event);
}

}  // namespace

Result<SourceEvent> DecodeLine(std::string_view line, WallTime now) {
  // Filled in place: an event is large, and moving it costs.
  Result<SourceEvent> event{absl::in_place};
  event->timestamp = now;
  Status status = Decode(line, *event);
  if (!status.ok()) return status;
  return event;
}

Status CheckName(std::string_view what, std::string_view name) {
  if (name.empty()) return Expected(what, "a non-empty name", "\"\"");
  if (name.size() > kLongestName) {
    return Expected(what, "at most " + std::to_string(kLongestName) + " bytes",
                    std::to_string(name.size()));
  }
  for (char byte : name) {
    auto code = static_cast<unsigned char>(byte);
    if (code >= 0x20 && code != 0x7F) continue;
    return Expected(what, "a name without control characters",
                    internal::Quote(name));
  }
  return OkStatus();
}

Status CheckCollection(std::string_view collection) {
  constexpr std::string_view kWhat = "collection";
  bool has_empty_segment = collection.empty() || collection.front() == '/' ||
                           collection.back() == '/' ||
                           collection.find("//") != std::string_view::npos;
  if (has_empty_segment) {
    return Expected(kWhat, "a path without empty segments",
                    internal::Quote(collection));
  }
  return CheckName(kWhat, collection);
}

}  // namespace streamer
