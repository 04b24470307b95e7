#include "transport/internal/delivery_wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "event/position.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {
namespace {

namespace pb = ::syntrix::streamer::v1;
using google::protobuf::io::CodedOutputStream;

// A field number followed by a length, as the wire writes strings, bytes and
// messages; and a field number followed by a number.
constexpr std::uint32_t LengthTag(int field) {
  return static_cast<std::uint32_t>(field) << 3u | 2u;
}
constexpr std::uint32_t VarintTag(int field) {
  return static_cast<std::uint32_t>(field) << 3u;
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
  EventWriter(const OutgoingEvent& outgoing, std::string_view document)
      : source_(outgoing.event.source.get()),
        document_(document),
        operation_(WireOperation(outgoing.event.operation)),
        timestamp_(
            static_cast<std::uint64_t>(ToUnixMillis(source_->timestamp))) {}

  [[nodiscard]] std::size_t size() const {
    const std::size_t timestamp_size =
        timestamp_ == 0 ? 0 : 1 + CodedOutputStream::VarintSize64(timestamp_);
    return SizeOfNonEmpty(source_->event_id) + SizeOfNonEmpty(source_->tenant) +
           SizeOfNonEmpty(source_->collection) +
           SizeOfNonEmpty(source_->document_id) + kOperationSize +
           SizeOfNonEmpty(document_) + timestamp_size;
  }

  std::uint8_t* Write(std::uint8_t* to) const {
    using Event = pb::StreamerEvent;
    to = WriteNonEmpty(Event::kEventIdFieldNumber, source_->event_id, to);
    to = WriteNonEmpty(Event::kTenantFieldNumber, source_->tenant, to);
    to = WriteNonEmpty(Event::kCollectionFieldNumber, source_->collection, to);
    to = WriteNonEmpty(Event::kDocumentIdFieldNumber, source_->document_id, to);
    to = WriteNumber(Event::kOperationFieldNumber, operation_, to);
    to = WriteNonEmpty(Event::kDocumentDataFieldNumber, document_, to);
    if (timestamp_ == 0) return to;
    return WriteNumber(Event::kTimestampFieldNumber, timestamp_, to);
  }

 private:
  static constexpr std::size_t kOperationSize = 2;
  const SourceEvent* source_;
  std::string_view document_;
  std::uint64_t operation_;
  std::uint64_t timestamp_;
};

std::size_t SizeOfIds(std::span<const std::string> ids) {
  std::size_t size = 0;
  for (const std::string& id : ids) size += SizeOfText(id);
  return size;
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

// How many parts `ids` come in: one when they fit, and when there are none.
std::uint32_t CountParts(std::span<const std::string> ids,
                         std::size_t max_id_bytes) {
  std::uint32_t parts = 1;
  if (ids.empty()) return parts;
  for (ids = ids.subspan(CountForPart(ids, max_id_bytes)); !ids.empty();
       ids = ids.subspan(CountForPart(ids, max_id_bytes))) {
    ++parts;
  }
  return parts;
}

// What a batch of `size` bytes takes before it as the field of a message: two
// bytes of tag, and its length; and at most.
std::size_t SizeOfHead(std::size_t size) {
  return 2 + CodedOutputStream::VarintSize64(size);
}
constexpr std::size_t kMessageHead = 2 + 5;

// What only sessions are told of a delivery.
struct SessionPart {
  std::uint64_t sequence = 0;
  std::string progress;
  std::span<const Membership> memberships;  // of each id, or empty
  bool is_redelivered = false;
  std::uint32_t coalesced = 0;
  std::uint32_t part = 0;   // 0: it is whole
  std::uint32_t parts = 0;  // how many there are; 0: it is whole
  bool is_catching_up = false;
  bool is_document_omitted = false;
};

// Writes one EventDelivery: some ids, the event, and for a session the rest.
class DeliveryWriter {
 public:
  DeliveryWriter(std::span<const std::string> ids, const EventWriter& event,
                 std::optional<SessionPart> session)
      : ids_(ids),
        event_(event),
        event_size_(event.size()),
        session_(std::move(session)),
        size_(SizeOfIds(ids) + 1 +
              CodedOutputStream::VarintSize64(event_size_) + event_size_ +
              (session_ ? SizeOfSession(*session_) : 0)) {}

  // Of the message alone, and as the field of another.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t field_size() const {
    return 1 + CodedOutputStream::VarintSize64(size_) + size_;
  }

  std::uint8_t* WriteField(int field, std::uint8_t* to) const {
    using Message = pb::EventDelivery;
    to = WriteLength(field, size_, to);
    for (const std::string& id : ids_) {
      to = WriteText(Message::kSubscriptionIdsFieldNumber, id, to);
    }
    to = WriteLength(Message::kEventFieldNumber, event_size_, to);
    to = event_.Write(to);
    return session_ ? WriteSession(to) : to;
  }

 private:
  // Their fields have numbers above 15, and so tags of two bytes.
  static constexpr std::size_t kTagSize = 2;

  static std::size_t SizeOfSession(const SessionPart& session) {
    std::size_t size = kTagSize +
                       CodedOutputStream::VarintSize64(session.sequence) + 1 +
                       SizeOfText(session.progress);
    if (!session.memberships.empty()) {
      const std::size_t count = session.memberships.size();
      size += kTagSize + CodedOutputStream::VarintSize64(count) + count;
    }
    for (const std::uint32_t number :
         {session.coalesced, session.part, session.parts}) {
      if (number > 0) {
        size += kTagSize + CodedOutputStream::VarintSize32(number);
      }
    }
    for (const bool flag : {session.is_redelivered, session.is_catching_up,
                            session.is_document_omitted}) {
      if (flag) size += kTagSize + 1;
    }
    return size;
  }

  std::uint8_t* WriteSession(std::uint8_t* to) const {
    using Message = pb::EventDelivery;
    const SessionPart& session = *session_;
    to = WriteNumber(Message::kSeqFieldNumber, session.sequence, to);
    to = WriteText(Message::kProgressFieldNumber, session.progress, to);
    to = WriteMemberships(to);
    to =
        WriteFlag(Message::kRedeliveredFieldNumber, session.is_redelivered, to);
    to = WriteCount(Message::kCoalescedFieldNumber, session.coalesced, to);
    to = WriteCount(Message::kPartFieldNumber, session.part, to);
    to = WriteFlag(Message::kCatchingUpFieldNumber, session.is_catching_up, to);
    to = WriteFlag(Message::kDocumentOmittedFieldNumber,
                   session.is_document_omitted, to);
    return WriteCount(Message::kPartsFieldNumber, session.parts, to);
  }

  // Packed: each is a number of one byte.
  std::uint8_t* WriteMemberships(std::uint8_t* to) const {
    const std::span<const Membership> memberships = session_->memberships;
    if (memberships.empty()) return to;
    to = WriteLength(pb::EventDelivery::kMembershipFieldNumber,
                     memberships.size(), to);
    return std::transform(
        memberships.begin(), memberships.end(), to,
        [](Membership one) { return static_cast<std::uint8_t>(one); });
  }

  static std::uint8_t* WriteCount(int field, std::uint32_t count,
                                  std::uint8_t* to) {
    return count > 0 ? WriteNumber(field, count, to) : to;
  }
  static std::uint8_t* WriteFlag(int field, bool flag, std::uint8_t* to) {
    return WriteCount(field, flag ? 1 : 0, to);
  }

  std::span<const std::string> ids_;
  EventWriter event_;
  std::size_t event_size_;
  std::optional<SessionPart> session_;
  std::size_t size_;
};

std::string EncodeAlone(const DeliveryWriter& delivery) {
  std::string bytes;
  bytes.resize(delivery.field_size());
  delivery.WriteField(pb::StreamerMessage::kDeliveryFieldNumber,
                      reinterpret_cast<std::uint8_t*>(bytes.data()));
  return bytes;
}

// Gathers deliveries into messages of at most so many bytes, each of which is
// allocated and written once.
class BatchWriter {
 public:
  BatchWriter(std::size_t max_message_bytes, std::size_t expected_count)
      : max_bytes_(std::min(max_message_bytes, kMaxBatchBytes) - kMessageHead) {
    deliveries_.reserve(expected_count);
  }

  void Add(DeliveryWriter delivery) {
    if (!deliveries_.empty() && bytes_ + delivery.field_size() > max_bytes_) {
      Flush();
    }
    bytes_ += delivery.field_size();
    deliveries_.push_back(std::move(delivery));
  }

  // Counts what was added without its document.
  void NoteOmitted() { ++written_.documents_omitted; }

  SessionMessages Take() {
    if (!deliveries_.empty()) Flush();
    return std::move(written_);
  }

 private:
  void Flush() {
    std::string message;
    message.resize(SizeOfHead(bytes_) + bytes_);
    auto* to =
        WriteLength(pb::StreamerMessage::kDeliveryBatchFieldNumber, bytes_,
                    reinterpret_cast<std::uint8_t*>(message.data()));
    for (const DeliveryWriter& delivery : deliveries_) {
      to = delivery.WriteField(pb::DeliveryBatch::kDeliveriesFieldNumber, to);
    }
    written_.messages.push_back(std::move(message));
    deliveries_.clear();
    bytes_ = 0;
  }

  const std::size_t max_bytes_;
  std::vector<DeliveryWriter> deliveries_;
  std::size_t bytes_ = 0;  // of deliveries_, as fields
  SessionMessages written_;
};

// Adds `delivery`, in as many parts as its ids need.
void AddToBatch(const Delivery& delivery, std::size_t max_message_bytes,
                BatchWriter& batch) {
  SessionPart session{.sequence = delivery.sequence,
                      .progress = FormatProgress(delivery.progress),
                      .is_redelivered = delivery.is_redelivered,
                      .coalesced = delivery.coalesced,
                      .is_catching_up = delivery.is_catching_up};
  // Half is left to the event without its document, which is far smaller.
  const std::size_t max_id_bytes = std::min(kMaxIdBytes, max_message_bytes / 2);
  std::span<const std::string> left = delivery.subscription_ids;
  std::span<const Membership> memberships_left = delivery.memberships;
  const std::uint32_t parts = CountParts(left, max_id_bytes);
  if (parts > 1) session.parts = parts;
  bool is_any_omitted = false;
  do {
    const std::size_t count =
        left.empty() ? 0 : CountForPart(left, max_id_bytes);
    if (parts > 1) ++session.part;
    if (!memberships_left.empty()) {
      session.memberships = memberships_left.first(count);
      memberships_left = memberships_left.subspan(count);
    }
    session.is_document_omitted = false;
    const EventWriter whole(*delivery.event, delivery.event->document);
    DeliveryWriter writer(left.first(count), whole, session);
    if (writer.field_size() + kMessageHead > max_message_bytes) {
      is_any_omitted = session.is_document_omitted = true;
      const EventWriter bare(*delivery.event, {});
      writer = DeliveryWriter(left.first(count), bare, session);
    }
    batch.Add(std::move(writer));
    left = left.subspan(count);
  } while (!left.empty());
  if (is_any_omitted) batch.NoteOmitted();
}

// Asks for all that writing `event` will read: if it waited long, that is in no
// cache, and what is asked for together comes together.
void Fetch(const OutgoingEvent& event) {
  const SourceEvent& source = *event.event.source;
  __builtin_prefetch(&source.event_id);
  __builtin_prefetch(&source.collection);
  __builtin_prefetch(&source.document_id);
  __builtin_prefetch(&source.timestamp);
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kMost = 8 * kLine;  // the rest follows by itself
  const std::size_t size = std::min(event.document.size(), kMost);
  for (std::size_t at = 0; at < size; at += kLine) {
    __builtin_prefetch(event.document.data() + at);
  }
}

}  // namespace

std::vector<std::string> EncodeDelivery(const Delivery& delivery,
                                        std::size_t max_id_bytes) {
  const EventWriter event(*delivery.event, delivery.event->document);
  std::vector<std::string> messages;
  std::span<const std::string> left = delivery.subscription_ids;
  while (!left.empty()) {
    const std::size_t count = CountForPart(left, max_id_bytes);
    messages.push_back(
        EncodeAlone(DeliveryWriter(left.first(count), event, std::nullopt)));
    left = left.subspan(count);
  }
  return messages;
}

SessionMessages EncodeSessionDeliveries(
    std::span<const SharedDelivery> deliveries, std::size_t max_message_bytes) {
  for (const SharedDelivery& delivery : deliveries) Fetch(*delivery->event);
  BatchWriter batch(max_message_bytes, deliveries.size());
  for (const SharedDelivery& delivery : deliveries) {
    AddToBatch(*delivery, max_message_bytes, batch);
  }
  return batch.Take();
}

}  // namespace streamer
