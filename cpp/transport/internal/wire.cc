#include "transport/internal/wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "base/arena.h"
#include "event/decoder.h"
#include "syntrix/streamer/v1/streamer.pb.h"
#include "transport/internal/filter_cache.h"
#include "transport/internal/uuid.h"

namespace streamer {
namespace {

using google::protobuf::io::CodedOutputStream;

// A field number followed by a length, as the wire writes strings, bytes and
// messages; and a field number followed by a number.
constexpr std::uint32_t LengthTag(int field) {
  return static_cast<std::uint32_t>(field) << 3u | 2u;
}
constexpr std::uint32_t VarintTag(int field) {
  return static_cast<std::uint32_t>(field) << 3u;
}

Status NoKind(std::string_view where) {
  return InvalidArgument(std::string(where) +
                         ": expected one of string_value, int_value, "
                         "double_value, bool_value, list_value, got nothing");
}

std::string ItemOf(std::string_view list, int index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

// The same problem, said of `where`.
Status At(const std::string& where, const Status& status) {
  return Status(
      status.code(),
      absl::string_view(where + ": " + std::string(MessageOf(status))));
}

Result<Value> BuildValue(const pb::Value& value, const std::string& where,
                         Arena& arena);

Result<Value> BuildList(const pb::ListValue& list, const std::string& where,
                        Arena& arena) {
  std::span<Value> items =
      arena.NewArray<Value>(static_cast<std::size_t>(list.values_size()));
  for (int i = 0; i < list.values_size(); ++i) {
    STREAMER_ASSIGN_OR_RETURN(
        items[static_cast<std::size_t>(i)],
        BuildValue(list.values(i), ItemOf(where, i), arena));
  }
  return Value::List(arena.New<ListValue>(items));
}

// Recursion ends where protobuf's own does, at a hundred messages deep.
Result<Value> BuildValue(const pb::Value& value, const std::string& where,
                         Arena& arena) {
  switch (value.kind_case()) {
    case pb::Value::kStringValue:
      return Value::String(arena.CopyText(value.string_value()));
    case pb::Value::kIntValue:
      return Value::Int(value.int_value());
    case pb::Value::kDoubleValue:
      return Value::Double(value.double_value());
    case pb::Value::kBoolValue:
      return Value::Bool(value.bool_value());
    case pb::Value::kListValue:
      return BuildList(value.list_value(), where + ".list_value", arena);
    case pb::Value::KIND_NOT_SET:
      break;
  }
  return NoKind(where);
}

Result<Condition> ReadCondition(const pb::Filter& filter,
                                const std::string& where) {
  Result<Operator> op = ParseOperator(filter.op());
  if (!op.ok()) return At(where + ".op", op.status());
  if (!filter.has_value()) return NoKind(where + ".value");
  STREAMER_ASSIGN_OR_RETURN(OwnedValue value,
                            ReadWireValue(filter.value(), where + ".value"));
  return Condition{filter.field(), *op, std::move(value)};
}

// What an answer says at most of an id, and of what is wrong.
constexpr std::size_t kLongestId = 1024;
constexpr std::size_t kLongestError = 4096;

// The beginning of `text`, which is UTF-8, without cutting a character in two.
std::string_view Beginning(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 &&
         (static_cast<unsigned char>(text[most]) & 0xC0u) == 0x80u) {
    --most;
  }
  return text.substr(0, most);
}

Status Shortened(const Status& status) {
  const std::string_view message = MessageOf(status);
  if (message.size() <= kLongestError) return status;
  return Status(status.code(),
                std::string(Beginning(message, kLongestError)) + "…");
}

// What this version does not offer is refused, never served as if it did.
Status CheckOffered(const pb::SubscribeRequest& request) {
  if (request.membership()) {
    return Unimplemented(
        "membership: expected false, got true; not offered by this version");
  }
  return OkStatus();
}

// A time to live is checked and then has no effect: the subscriptions of a
// plain gateway live exactly as long as its stream.
Status CheckTimeToLive(std::int32_t seconds) {
  if (seconds == 0 || (seconds >= 60 && seconds <= 3600)) return OkStatus();
  return InvalidArgument("ttl_seconds: expected 0 or 60 to 3600, got " +
                         std::to_string(seconds));
}

Status CheckSubscribe(const pb::SubscribeRequest& request,
                      std::string_view subscription_id) {
  STREAMER_RETURN_IF_ERROR(CheckName("subscription_id", subscription_id));
  STREAMER_RETURN_IF_ERROR(CheckName("tenant", request.tenant()));
  STREAMER_RETURN_IF_ERROR(CheckCollection(request.collection()));
  STREAMER_RETURN_IF_ERROR(CheckTimeToLive(request.ttl_seconds()));
  return CheckOffered(request);
}

// Clients come back all at once, and many of them with one filter.
constexpr std::size_t kCachedFilters = 10'000;

FilterCache& Filters() {
  static auto* const filters = new FilterCache(kCachedFilters);
  return *filters;
}

Result<Subscribe> ReadSubscribeCommand(const pb::SubscribeRequest& request,
                                       const std::string& subscription_id,
                                       GatewayHandle gateway) {
  STREAMER_RETURN_IF_ERROR(CheckSubscribe(request, subscription_id));
  STREAMER_ASSIGN_OR_RETURN(FilterSource source, ReadFilterSource(request));
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<const Filter> filter,
                            Filters().Get(source));
  return Subscribe{.gateway = gateway,
                   .subscription_id = subscription_id,
                   .tenant = request.tenant(),
                   .collection = request.collection(),
                   .filter = std::move(filter)};
}

pb::OperationType WireOperation(Operation operation) {
  switch (operation) {
    case Operation::kInsert:
      return pb::OPERATION_TYPE_INSERT;
    case Operation::kUpdate:
      return pb::OPERATION_TYPE_UPDATE;
    case Operation::kDelete:
      return pb::OPERATION_TYPE_DELETE;
  }
  return pb::OPERATION_TYPE_UNSPECIFIED;
}

std::size_t SizeOfText(std::string_view text) {
  return 1 + CodedOutputStream::VarintSize64(text.size()) + text.size();
}
std::size_t SizeOfNonEmpty(std::string_view text) {
  return text.empty() ? 0 : SizeOfText(text);
}

// Fields up to 15 have a tag of one byte; all that is written here are.
std::uint8_t* WriteLength(int field, std::size_t length, std::uint8_t* to) {
  to = CodedOutputStream::WriteTagToArray(LengthTag(field), to);
  return CodedOutputStream::WriteVarint64ToArray(length, to);
}
std::uint8_t* WriteText(int field, std::string_view text, std::uint8_t* to) {
  to = WriteLength(field, text.size(), to);
  return std::copy(text.begin(), text.end(), to);
}
std::uint8_t* WriteNonEmpty(int field, std::string_view text,
                            std::uint8_t* to) {
  return text.empty() ? to : WriteText(field, text, to);
}
std::uint8_t* WriteNumber(int field, std::uint64_t number, std::uint8_t* to) {
  to = CodedOutputStream::WriteTagToArray(VarintTag(field), to);
  return CodedOutputStream::WriteVarint64ToArray(number, to);
}

// Writes the StreamerEvent of one outgoing event.
class EventWriter {
 public:
  explicit EventWriter(const OutgoingEvent& outgoing)
      : source_(*outgoing.event.source),
        document_(outgoing.document),
        operation_(WireOperation(outgoing.event.operation)),
        timestamp_(
            static_cast<std::uint64_t>(ToUnixMillis(source_.timestamp))) {}

  [[nodiscard]] std::size_t size() const {
    const std::size_t timestamp_size =
        timestamp_ == 0 ? 0 : 1 + CodedOutputStream::VarintSize64(timestamp_);
    return SizeOfNonEmpty(source_.event_id) + SizeOfNonEmpty(source_.tenant) +
           SizeOfNonEmpty(source_.collection) +
           SizeOfNonEmpty(source_.document_id) + kOperationSize +
           SizeOfNonEmpty(document_) + timestamp_size;
  }

  std::uint8_t* Write(std::uint8_t* to) const {
    using Event = pb::StreamerEvent;
    to = WriteNonEmpty(Event::kEventIdFieldNumber, source_.event_id, to);
    to = WriteNonEmpty(Event::kTenantFieldNumber, source_.tenant, to);
    to = WriteNonEmpty(Event::kCollectionFieldNumber, source_.collection, to);
    to = WriteNonEmpty(Event::kDocumentIdFieldNumber, source_.document_id, to);
    to = WriteNumber(Event::kOperationFieldNumber, operation_, to);
    to = WriteNonEmpty(Event::kDocumentDataFieldNumber, document_, to);
    if (timestamp_ == 0) return to;
    return WriteNumber(Event::kTimestampFieldNumber, timestamp_, to);
  }

 private:
  static constexpr std::size_t kOperationSize = 2;
  const SourceEvent& source_;
  std::string_view document_;
  std::uint64_t operation_;
  std::uint64_t timestamp_;
};

std::size_t SizeOfIds(std::span<const std::string> ids) {
  std::size_t size = 0;
  for (const std::string& id : ids) size += SizeOfText(id);
  return size;
}

// One StreamerMessage: the ids, then the event.
std::string EncodePart(std::span<const std::string> ids,
                       const EventWriter& event, std::size_t event_size) {
  const std::size_t delivery_size =
      SizeOfIds(ids) + 1 + CodedOutputStream::VarintSize64(event_size) +
      event_size;
  std::string bytes;
  bytes.resize(1 + CodedOutputStream::VarintSize64(delivery_size) +
               delivery_size);
  auto* to = reinterpret_cast<std::uint8_t*>(bytes.data());
  to =
      WriteLength(pb::StreamerMessage::kDeliveryFieldNumber, delivery_size, to);
  for (const std::string& id : ids) {
    to = WriteText(pb::EventDelivery::kSubscriptionIdsFieldNumber, id, to);
  }
  to = WriteLength(pb::EventDelivery::kEventFieldNumber, event_size, to);
  event.Write(to);
  return bytes;
}

// How many of `ids` go into the next part: at least one.
std::size_t CountForPart(std::span<const std::string> ids,
                         std::size_t max_id_bytes) {
  std::size_t count = 1;
  std::size_t size = SizeOfText(ids.front());
  while (count < ids.size()) {
    size += SizeOfText(ids[count]);
    if (size > max_id_bytes) break;
    ++count;
  }
  return count;
}

}  // namespace

FilterCache::Counts FilterCacheCounts() { return Filters().counts(); }

Result<OwnedValue> ReadWireValue(const pb::Value& value,
                                 std::string_view where) {
  auto arena = std::make_shared<Arena>();
  STREAMER_ASSIGN_OR_RETURN(Value built,
                            BuildValue(value, std::string(where), *arena));
  return OwnedValue(std::move(arena), built);
}

Result<FilterSource> ReadFilterSource(const pb::SubscribeRequest& request) {
  FilterSource source;
  source.expression = request.expression();
  for (int i = 0; i < request.filters_size(); ++i) {
    STREAMER_ASSIGN_OR_RETURN(
        Condition condition,
        ReadCondition(request.filters(i), ItemOf("filters", i)));
    source.conditions.push_back(std::move(condition));
  }
  return source;
}

SubscribeReading ReadSubscribe(const pb::SubscribeRequest& request,
                               GatewayHandle gateway) {
  std::string id = request.subscription_id();
  if (id.empty()) id = MakeUuid();
  Result<Subscribe> command = ReadSubscribeCommand(request, id, gateway);
  if (command.ok()) return {std::move(id), std::move(command)};
  return {std::string(Beginning(id, kLongestId)), Shortened(command.status())};
}

std::string EncodeSubscribeResponse(const SubscribeResponse& response) {
  pb::StreamerMessage message;
  pb::SubscribeResponse& answer = *message.mutable_subscribe_response();
  answer.set_subscription_id(response.subscription_id);
  answer.set_success(response.status.ok());
  answer.set_code(static_cast<std::int32_t>(response.status.code()));
  if (!response.status.ok()) {
    answer.set_error(std::string(MessageOf(response.status)));
    return message.SerializeAsString();
  }
  answer.set_handle(response.handle.value());
  answer.set_from_progress(FormatProgress(response.from));
  if (response.expires_at.has_value()) {
    answer.set_expires_at_ms(ToUnixMillis(response.expires_at->wall));
  }
  return message.SerializeAsString();
}

std::string EncodeHeartbeatAck(std::int64_t timestamp) {
  pb::StreamerMessage message;
  message.mutable_heartbeat_ack()->set_timestamp(timestamp);
  return message.SerializeAsString();
}

std::vector<std::string> EncodeDelivery(const Delivery& delivery,
                                        std::size_t max_id_bytes) {
  const EventWriter event(*delivery.event);
  const std::size_t event_size = event.size();
  std::vector<std::string> messages;
  std::span<const std::string> left = delivery.subscription_ids;
  while (!left.empty()) {
    const std::size_t count = CountForPart(left, max_id_bytes);
    messages.push_back(EncodePart(left.first(count), event, event_size));
    left = left.subspan(count);
  }
  return messages;
}

}  // namespace streamer
