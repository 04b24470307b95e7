#include "event/internal/wire_line.h"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "event/decoder.h"
#include "event/internal/fields.h"

namespace streamer::internal {
namespace {

// A member under its JSON name or its name in the .proto file, both of which
// protobuf's JSON accepts.
struct WireName {
  std::string_view json;
  std::string_view proto;
};
constexpr WireName kEventId{"eventId", "event_id"};
constexpr WireName kTenant{"tenant", "tenant"};
constexpr WireName kMongoCollection{"mgoColl", "mgo_coll"};
constexpr WireName kMongoDocumentId{"mgoDocId", "mgo_doc_id"};
constexpr WireName kOperationType{"opType", "op_type"};
constexpr WireName kFullDocument{"fullDoc", "full_doc"};
constexpr WireName kUpdateDescription{"updateDesc", "update_desc"};
constexpr WireName kClusterTime{"clusterTime", "cluster_time"};
constexpr WireName kTimestamp{"timestamp", "timestamp"};
constexpr WireName kTransaction{"txnNumber", "txn_number"};
constexpr WireName kBackend{"backend", "backend"};
constexpr WireName kBeforeDocument{"beforeDoc", "before_doc"};
constexpr WireName kNames[] = {
    kEventId,       kTenant,       kMongoCollection,   kMongoDocumentId,
    kOperationType, kFullDocument, kUpdateDescription, kClusterTime,
    kTimestamp,     kTransaction,  kBackend,           kBeforeDocument};

const Value* FindWire(const MapValue& map, const WireName& name) {
  const Value* value = FindPresent(map, name.json);
  return value != nullptr ? value : FindPresent(map, name.proto);
}

Status CheckKeys(const MapValue& line) {
  for (const MapEntry& entry : line.entries()) {
    std::string_view key = entry.key.text();
    bool is_known = false;
    for (const WireName& name : kNames) {
      is_known = is_known || key == name.json || key == name.proto;
    }
    if (!is_known) {
      return Expected("line", "the members of a ChangeEvent", Quote(key));
    }
  }
  return OkStatus();
}

Status ReadText(const MapValue& line, const WireName& name, std::string& text) {
  const Value* value = FindWire(line, name);
  if (value == nullptr) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(text, ReadString(name.proto, *value));
  return OkStatus();
}

// Either alphabet, padded or not: protobuf's JSON reads all of them.
Status ReadBytes(const MapValue& line, const WireName& name,
                 std::string& bytes) {
  std::string encoded;
  STREAMER_RETURN_IF_ERROR(ReadText(line, name, encoded));
  if (absl::Base64Unescape(encoded, &bytes) ||
      absl::WebSafeBase64Unescape(encoded, &bytes)) {
    return OkStatus();
  }
  return Expected(name.proto, "base64", Quote(encoded));
}

Status ReadCount(std::string_view where, const Value* value,
                 std::uint32_t& count) {
  if (value == nullptr) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(std::int64_t number, ReadInteger(where, *value));
  if (number < 0 || number > std::numeric_limits<std::uint32_t>::max()) {
    return Expected(where, "an integer of 32 bits", std::to_string(number));
  }
  count = static_cast<std::uint32_t>(number);
  return OkStatus();
}

Status ReadClusterTime(const MapValue& line, SourceEvent& event) {
  const Value* value = FindWire(line, kClusterTime);
  if (value == nullptr) return OkStatus();
  if (!value->is(ValueKind::kMap)) {
    return Expected(kClusterTime.proto, "an object", DescribeKind(*value));
  }
  ClusterTime time;
  STREAMER_RETURN_IF_ERROR(ReadCount(
      "cluster_time.t", FindPresent(value->map(), "t"), time.seconds));
  STREAMER_RETURN_IF_ERROR(ReadCount(
      "cluster_time.i", FindPresent(value->map(), "i"), time.increment));
  event.cluster_time = time;
  return OkStatus();
}

// An int64 is a string in protobuf's JSON, and 0 is its way to say "none".
Status ReadWireTimestamp(const MapValue& line, SourceEvent& event) {
  const Value* value = FindWire(line, kTimestamp);
  if (value == nullptr) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(std::int64_t millis,
                            ReadInteger(kTimestamp.proto, *value));
  if (millis == 0) return OkStatus();
  STREAMER_ASSIGN_OR_RETURN(
      event.timestamp, ReadTimestamp(kTimestamp.proto, Value::Int(millis)));
  return OkStatus();
}

Status ReadIdentity(const MapValue& line, SourceEvent& event) {
  STREAMER_RETURN_IF_ERROR(ReadText(line, kEventId, event.event_id));
  if (!event.event_id.empty()) {
    STREAMER_RETURN_IF_ERROR(CheckName(kEventId.proto, event.event_id));
  }
  STREAMER_RETURN_IF_ERROR(ReadText(line, kTenant, event.tenant));
  STREAMER_RETURN_IF_ERROR(ReadText(line, kBackend, event.backend));
  if (event.backend.empty()) return OkStatus();
  return CheckName(kBackend.proto, event.backend);
}

}  // namespace

bool IsWireLine(const MapValue& line) {
  return line.Find(kOperationType.json) != nullptr ||
         line.Find(kOperationType.proto) != nullptr;
}

Status DecodeWireLine(const MapValue& line, SourceEvent& event) {
  STREAMER_RETURN_IF_ERROR(CheckKeys(line));
  const Value* operation = FindWire(line, kOperationType);
  STREAMER_RETURN_IF_ERROR(ReadOperation(
      kOperationType.proto, operation == nullptr ? Value::Null() : *operation,
      event.operation));
  STREAMER_RETURN_IF_ERROR(ReadIdentity(line, event));
  STREAMER_RETURN_IF_ERROR(ReadBytes(line, kFullDocument, event.document));
  STREAMER_RETURN_IF_ERROR(ReadBytes(line, kBeforeDocument, event.before));
  STREAMER_RETURN_IF_ERROR(ReadClusterTime(line, event));
  STREAMER_RETURN_IF_ERROR(ReadWireTimestamp(line, event));
  std::string key;
  STREAMER_RETURN_IF_ERROR(ReadText(line, kMongoDocumentId, key));
  STREAMER_RETURN_IF_ERROR(ReadStoredEnvelope(key, event));
  std::string update;
  STREAMER_RETURN_IF_ERROR(ReadBytes(line, kUpdateDescription, update));
  return ReadUpdateDescription(update, event);
}

Status ReadOperation(std::string_view where, const Value& value,
                     SourceOperation& operation) {
  constexpr std::string_view kExpected =
      R"(one of "insert", "update", "replace", "delete")";
  if (!value.is(ValueKind::kString)) {
    return Expected(where, kExpected, DescribeMember(value));
  }
  for (SourceOperation candidate :
       {SourceOperation::kInsert, SourceOperation::kUpdate,
        SourceOperation::kReplace, SourceOperation::kDelete}) {
    if (value.text() != NameOf(candidate)) continue;
    operation = candidate;
    return OkStatus();
  }
  return Expected(where, kExpected, Quote(value.text()));
}

}  // namespace streamer::internal
