#include "client/internal/wire.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cel/parser.h"

namespace streamer::client_wire {
namespace {

namespace wire = syntrix::streamer::v1;

// Status codes of absl and of google.rpc are the same numbers.
constexpr int kLastCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

Status EncodeConstant(const Value& value, wire::Value& constant);

Status EncodeList(const ListValue& list, wire::ListValue& constants) {
  for (const Value& item : list.items()) {
    STREAMER_RETURN_IF_ERROR(EncodeConstant(item, *constants.add_values()));
  }
  return OkStatus();
}

Status EncodeUint(std::uint64_t value, wire::Value& constant) {
  constexpr auto kMaximum =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > kMaximum) {
    return InvalidArgument(
        absl::StrCat("expected an integer up to ", kMaximum, ", got ", value));
  }
  constant.set_int_value(static_cast<std::int64_t>(value));
  return OkStatus();
}

Status EncodeConstant(const Value& value, wire::Value& constant) {
  switch (value.kind()) {
    case ValueKind::kBool:
      constant.set_bool_value(value.bool_value());
      return OkStatus();
    case ValueKind::kInt:
      constant.set_int_value(value.int_value());
      return OkStatus();
    case ValueKind::kUint:
      return EncodeUint(value.uint_value(), constant);
    case ValueKind::kDouble:
      constant.set_double_value(value.double_value());
      return OkStatus();
    case ValueKind::kString:
      constant.set_string_value(std::string(value.text()));
      return OkStatus();
    case ValueKind::kList:
      return EncodeList(value.list(), *constant.mutable_list_value());
    default:
      return InvalidArgument(
          absl::StrCat("expected a string, number, bool or list, got ",
                       std::string(NameOf(value.kind()))));
  }
}

// Reads "ERROR: 1:12: what is wrong\n…".
struct Report {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string problem;
};

std::optional<Report> ReadReport(std::string_view text) {
  Report report;
  std::istringstream input{std::string(text)};
  std::string error;
  char first_colon = 0;
  char second_colon = 0;
  input >> error >> report.line >> first_colon >> report.column >> second_colon;
  const bool is_report = input && error == "ERROR:" && first_colon == ':' &&
                         second_colon == ':' && input.get() == ' ';
  if (!is_report) return std::nullopt;
  std::getline(input, report.problem);
  return report;
}

// Bytes before a line and column, both from 1, columns in code points. The
// end of the text when it has no such place.
std::uint32_t OffsetOf(std::string_view text, const Report& report) {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool is_continuation = (text[at] & 0xC0) == 0x80;
    if (is_continuation) continue;
    if (line == report.line && column == report.column) break;
    column = text[at] == '\n' ? 1 : column + 1;
    line += text[at] == '\n' ? 1 : 0;
  }
  return static_cast<std::uint32_t>(at);
}

// Which times the service takes is its affair, but for those that the wire
// cannot say.
Status EncodeTimeToLive(std::chrono::seconds ttl,
                        wire::SubscribeRequest& subscribe) {
  if (ttl.count() < 1 ||
      ttl.count() > std::numeric_limits<std::int32_t>::max()) {
    return InvalidArgument(
        absl::StrCat("ttl: expected 60 to 3600 seconds, got ", ttl.count()));
  }
  subscribe.set_ttl_seconds(static_cast<std::int32_t>(ttl.count()));
  return OkStatus();
}

SessionWelcome::Continuity DecodeContinuity(wire::Continuity continuity) {
  switch (continuity) {
    case wire::CONTINUITY_NEW:
      return SessionWelcome::Continuity::kNew;
    case wire::CONTINUITY_NOTHING_MISSED:
      return SessionWelcome::Continuity::kNothingMissed;
    case wire::CONTINUITY_COMPLETE:
      return SessionWelcome::Continuity::kComplete;
    default:
      return SessionWelcome::Continuity::kLost;
  }
}

}  // namespace

Result<wire::GatewayMessage> EncodeSubscribe(
    const SubscriptionRequest& request) {
  wire::GatewayMessage message;
  wire::SubscribeRequest& subscribe = *message.mutable_subscribe();
  subscribe.set_subscription_id(request.id);
  subscribe.set_tenant(request.tenant);
  subscribe.set_collection(request.collection);
  subscribe.set_expression(request.expression);
  subscribe.set_membership(request.membership);
  subscribe.set_resume_after(request.resume_after);
  if (request.ttl.has_value()) {
    STREAMER_RETURN_IF_ERROR(EncodeTimeToLive(*request.ttl, subscribe));
  }
  for (const Condition& condition : request.conditions) {
    wire::Filter& filter = *subscribe.add_filters();
    filter.set_field(condition.field);
    filter.set_op(std::string(Format(condition.op)));
    const Status status =
        EncodeConstant(condition.value.value(), *filter.mutable_value());
    if (!status.ok()) {
      return InvalidArgument(absl::StrCat("filters[",
                                          subscribe.filters_size() - 1,
                                          "].value: ", status.message()));
    }
  }
  return message;
}

wire::GatewayMessage EncodeUnsubscribe(std::string_view subscription_id) {
  wire::GatewayMessage message;
  message.mutable_unsubscribe()->set_subscription_id(
      std::string(subscription_id));
  return message;
}

wire::GatewayMessage EncodeHeartbeat(const std::string& gateway_id,
                                     std::int64_t unix_ms,
                                     std::uint64_t last_seq) {
  wire::GatewayMessage message;
  wire::Heartbeat& heartbeat = *message.mutable_heartbeat();
  heartbeat.set_gateway_id(gateway_id);
  heartbeat.set_timestamp(unix_ms);
  heartbeat.set_last_seq(last_seq);
  return message;
}

wire::GatewayMessage EncodeAck(
    const SessionReceiver::Acknowledgement& acknowledgement) {
  wire::GatewayMessage message;
  message.mutable_ack()->set_session(acknowledgement.session);
  message.mutable_ack()->set_seq(acknowledgement.seq);
  return message;
}

wire::GatewayMessage EncodeHello(const std::string& gateway_id,
                                 const SessionPlace& place,
                                 const HelloOptions& options) {
  constexpr std::size_t kMaximum = std::numeric_limits<std::uint32_t>::max();
  wire::GatewayMessage message;
  wire::Hello& hello = *message.mutable_hello();
  hello.set_gateway_id(gateway_id);
  hello.set_session(place.session);
  hello.set_last_seq(place.seq);
  hello.set_last_progress(place.progress);
  hello.set_coalesce(options.allows_coalescing);
  hello.set_max_message_bytes(static_cast<std::uint32_t>(
      std::min(options.max_message_bytes, kMaximum)));
  return message;
}

Result<SubscriptionAnswer> DecodeAnswer(
    const wire::SubscribeResponse& response) {
  if (!response.success()) {
    const bool has_code = response.code() > 0 && response.code() <= kLastCode;
    const auto code = has_code ? static_cast<absl::StatusCode>(response.code())
                               : absl::StatusCode::kInvalidArgument;
    return Status(code, response.error());
  }
  SubscriptionAnswer answer;
  answer.id = response.subscription_id();
  answer.handle = SubscriptionHandle(response.handle());
  answer.progress = response.from_progress();
  if (response.expires_at_ms() != 0) {
    answer.expires_at = FromUnixMillis(response.expires_at_ms());
  }
  return answer;
}

SessionWelcome DecodeWelcome(const wire::Welcome& welcome) {
  return {.session = welcome.session(),
          .continuity = DecodeContinuity(welcome.continuity()),
          .next_seq = welcome.next_seq(),
          .from_progress = welcome.from_progress(),
          .to_progress = welcome.to_progress(),
          .subscription_count = welcome.subscription_count(),
          .subscription_digest = welcome.subscription_digest(),
          .unasked_count = welcome.unasked_count()};
}

SessionEntry DecodeEntry(const wire::EventDelivery& delivery) {
  return {.seq = delivery.seq(),
          .part = delivery.part(),
          .parts = delivery.parts(),
          .progress = delivery.progress(),
          .is_catching_up = delivery.catching_up()};
}

ReceivedGap DecodeResync(const wire::ResyncRequired& resync) {
  ReceivedGap gap;
  gap.subscription_ids.assign(resync.subscription_ids().begin(),
                              resync.subscription_ids().end());
  gap.reason = resync.reason();
  gap.from_progress = resync.from_progress();
  gap.to_progress = resync.to_progress();
  return gap;
}

ReceivedGap DecodeClosed(const wire::SubscriptionClosed& closed) {
  ReceivedGap gap;
  gap.subscription_ids = {closed.subscription_id()};
  switch (closed.reason()) {
    case wire::CLOSE_REASON_EXPIRED:
      gap.end = ReceivedGap::End::kExpired;
      gap.reason = "ended by the service: its time to live passed";
      break;
    case wire::CLOSE_REASON_SUSPENDED:
      gap.end = ReceivedGap::End::kSuspended;
      gap.reason = "ended by the service: its filter cost too much";
      break;
    default:
      gap.end = ReceivedGap::End::kRevoked;
      gap.reason = "ended by the service: it was taken away";
  }
  return gap;
}

Status WithPosition(const Status& refusal, std::string_view expression) {
  if (refusal.code() != absl::StatusCode::kInvalidArgument) return refusal;
  const auto report = ReadReport(MessageOf(refusal));
  if (!report.has_value()) return refusal;
  const cel::SourcePosition position{.offset = OffsetOf(expression, *report),
                                     .line = report->line,
                                     .column = report->column};
  Status rebuilt = cel::ExpressionError(expression, position, report->problem);
  return rebuilt.message() == refusal.message() ? rebuilt : refusal;
}

}  // namespace streamer::client_wire
