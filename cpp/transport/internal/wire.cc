#include "transport/internal/wire.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/arena.h"
#include "event/decoder.h"
#include "syntrix/streamer/v1/streamer.pb.h"
#include "transport/internal/checked_id.h"
#include "transport/internal/delivery_wire.h"
#include "transport/internal/filter_cache.h"
#include "transport/internal/uuid.h"

namespace streamer {
namespace {

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

// A plain gateway could not be told: see the additions in streamer.proto.
Status CheckOffered(const pb::SubscribeRequest& request, GatewayKind kind) {
  if (request.membership() && kind != GatewayKind::kSession) {
    return FailedPrecondition(
        "membership: expected false, got true; only a session, which is opened "
        "with Hello, can be told");
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
                      std::string_view subscription_id, GatewayKind kind) {
  STREAMER_RETURN_IF_ERROR(CheckName("subscription_id", subscription_id));
  STREAMER_RETURN_IF_ERROR(CheckName("tenant", request.tenant()));
  STREAMER_RETURN_IF_ERROR(CheckCollection(request.collection()));
  STREAMER_RETURN_IF_ERROR(CheckTimeToLive(request.ttl_seconds()));
  return CheckOffered(request, kind);
}

// Clients come back all at once, and many of them with one filter.
constexpr std::size_t kCachedFilters = 10'000;

FilterCache& Filters() {
  static auto* const filters = new FilterCache(kCachedFilters);
  return *filters;
}

Result<Subscribe> ReadSubscribeCommand(const pb::SubscribeRequest& request,
                                       const std::string& subscription_id,
                                       GatewayHandle gateway,
                                       GatewayKind kind) {
  STREAMER_RETURN_IF_ERROR(CheckSubscribe(request, subscription_id, kind));
  STREAMER_ASSIGN_OR_RETURN(FilterSource source, ReadFilterSource(request));
  STREAMER_ASSIGN_OR_RETURN(std::shared_ptr<const Filter> filter,
                            Filters().Get(source));
  return Subscribe{.gateway = gateway,
                   .subscription_id = subscription_id,
                   .tenant = request.tenant(),
                   .collection = request.collection(),
                   .filter = std::move(filter),
                   .membership = request.membership()};
}

pb::Continuity WireContinuity(Continuity continuity) {
  switch (continuity) {
    case Continuity::kNew:
      return pb::CONTINUITY_NEW;
    case Continuity::kNothingMissed:
      return pb::CONTINUITY_NOTHING_MISSED;
    case Continuity::kComplete:
      return pb::CONTINUITY_COMPLETE;
    case Continuity::kLost:
      break;
  }
  return pb::CONTINUITY_LOST;
}

pb::CloseReason WireCloseReason(CloseReason reason) {
  switch (reason) {
    case CloseReason::kExpired:
      return pb::CLOSE_REASON_EXPIRED;
    case CloseReason::kSuspended:
      return pb::CLOSE_REASON_SUSPENDED;
    case CloseReason::kRevoked:
      break;
  }
  return pb::CLOSE_REASON_REVOKED;
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
                               GatewayHandle gateway, GatewayKind kind) {
  std::string id = request.subscription_id();
  if (id.empty()) id = MakeUuid();
  Result<Subscribe> command = ReadSubscribeCommand(request, id, gateway, kind);
  if (command.ok()) return {std::move(id), std::move(command)};
  return {std::string(Beginning(id, kLongestId)), Shortened(command.status())};
}

UnsubscribeReading ReadUnsubscribe(const pb::UnsubscribeRequest& request) {
  const std::string& id = request.subscription_id();
  Status status = CheckName("subscription_id", id);
  if (status.ok()) return {id, OkStatus()};
  return {std::string(Beginning(id, kLongestId)), std::move(status)};
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

std::string EncodeHeartbeatAck(std::int64_t timestamp,
                               std::uint64_t last_sequence,
                               SessionNumber session) {
  pb::StreamerMessage message;
  pb::HeartbeatAck& ack = *message.mutable_heartbeat_ack();
  ack.set_timestamp(timestamp);
  ack.set_last_seq(last_sequence);
  ack.set_session(session.value());
  return message.SerializeAsString();
}

Result<SessionRequest> ReadHello(const pb::Hello& hello) {
  STREAMER_RETURN_IF_ERROR(CheckId("hello.gateway_id", hello.gateway_id()));
  if (!hello.last_progress().empty()) {
    const Status status = ParseProgress(hello.last_progress()).status();
    if (!status.ok()) return At("hello.last_progress", status);
  }
  if (hello.max_message_bytes() != 0 &&
      hello.max_message_bytes() < kSmallestMessage) {
    return InvalidArgument(
        absl::StrCat("hello.max_message_bytes: expected 0 or at least ",
                     kSmallestMessage, ", got ", hello.max_message_bytes()));
  }
  return SessionRequest{.gateway_id = hello.gateway_id(),
                        .session = SessionNumber(hello.session()),
                        .last_sequence = hello.last_seq(),
                        .last_progress = hello.last_progress(),
                        .coalesces = hello.coalesce()};
}

std::size_t MaxMessageBytes(const pb::Hello& hello) {
  if (hello.max_message_bytes() == 0) return kDefaultMessage;
  return std::min<std::size_t>(kLargestMessage, hello.max_message_bytes());
}

std::string EncodeWelcome(const SessionOpened& opened) {
  pb::StreamerMessage message;
  pb::Welcome& welcome = *message.mutable_welcome();
  welcome.set_session(opened.session.value());
  welcome.set_continuity(WireContinuity(opened.continuity));
  welcome.set_next_seq(opened.next_sequence);
  // None when a loss begins nobody knows where.
  if (opened.from != Position()) {
    welcome.set_from_progress(FormatProgress(opened.from));
  }
  welcome.set_to_progress(FormatProgress(opened.to));
  welcome.set_subscription_count(opened.subscription_count);
  welcome.set_subscription_digest(opened.subscription_digest);
  welcome.set_unasked_count(opened.unasked_count);
  return message.SerializeAsString();
}

std::string EncodeUnsubscribeResponse(const UnsubscribeResponse& response) {
  pb::StreamerMessage message;
  pb::UnsubscribeResponse& answer = *message.mutable_unsubscribe_response();
  answer.set_subscription_id(response.subscription_id);
  answer.set_handle(response.handle.value());
  answer.set_success(response.status.ok());
  answer.set_error(std::string(MessageOf(response.status)));
  return message.SerializeAsString();
}

std::string EncodeSubscriptionClosed(const SubscriptionClosed& closed) {
  pb::StreamerMessage message;
  pb::SubscriptionClosed& notice = *message.mutable_subscription_closed();
  notice.set_seq(closed.sequence);
  notice.set_subscription_id(closed.subscription_id);
  notice.set_handle(closed.handle.value());
  notice.set_reason(WireCloseReason(closed.reason));
  return message.SerializeAsString();
}

std::string EncodeResyncRequired(const ResyncRequired& notice,
                                 std::size_t most_bytes) {
  pb::StreamerMessage message;
  pb::ResyncRequired& resync = *message.mutable_resync_required();
  resync.set_seq(notice.sequence);
  for (const std::string& id : notice.subscription_ids) {
    resync.add_subscription_ids(id);
  }
  resync.set_from_progress(FormatProgress(notice.from));
  resync.set_to_progress(FormatProgress(notice.to));
  resync.set_reason(notice.reason);
  if (message.ByteSizeLong() > most_bytes) resync.clear_subscription_ids();
  return message.SerializeAsString();
}

}  // namespace streamer
