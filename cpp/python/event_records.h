// The records behind the events and deliveries of `_core`.
//
// Thread-safety: immutable once made.
#ifndef STREAMER_PYTHON_EVENT_RECORDS_H_
#define STREAMER_PYTHON_EVENT_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "core/effects.h"
#include "core/membership.h"
#include "event/change_event.h"
#include "python/event_object.h"

namespace streamer::python {

// Stands for "no time was given" until the event is ingested.
inline constexpr WallTime kNoTime = WallTime::min();

// An event as a source wrote it. Of a stored document it shows what its users
// see.
class SourceEventRecord final : public EventRecord {
 public:
  // Reads a line of NDJSON (event/decoder.h).
  static Result<std::shared_ptr<const SourceEventRecord>> FromLine(
      std::string_view line);

  [[nodiscard]] std::string_view event_id() const override {
    return event_->event_id;
  }
  [[nodiscard]] std::string_view tenant() const override {
    return event_->tenant;
  }
  [[nodiscard]] std::string_view collection() const override {
    return event_->collection;
  }
  [[nodiscard]] std::string_view id() const override {
    return event_->document_id;
  }
  [[nodiscard]] std::string_view operation() const override {
    return NameOf(event_->operation);
  }
  [[nodiscard]] std::string_view document() const override {
    return is_stored() ? flattened_ : event_->document;
  }
  [[nodiscard]] std::string_view before() const override {
    return is_stored() ? flattened_before_ : event_->before;
  }
  [[nodiscard]] std::optional<std::int64_t> timestamp_ms() const override;

  [[nodiscard]] const std::shared_ptr<const SourceEvent>& source() const {
    return event_;
  }

 private:
  explicit SourceEventRecord(SourceEvent event);
  [[nodiscard]] bool is_stored() const {
    return event_->form == BodyForm::kStored;
  }

  const std::shared_ptr<const SourceEvent> event_;
  // Of a stored document only.
  std::string flattened_;
  std::string flattened_before_;
};

// What an event says, to be written as a line. Documents are JSON text, empty
// for none.
struct EventFields {
  std::string event_id;
  std::string tenant;
  std::string collection;
  std::string id;
  std::string operation;
  std::string document;
  std::string before;
  std::optional<std::int64_t> timestamp_ms;
};

// The event that the fields say. InvalidArgument names what is wrong.
Result<std::shared_ptr<const SourceEventRecord>> MakeSourceEvent(
    const EventFields& fields);

// `record` as a source would write it; itself if a source did. A timestamp
// that was not given is `default_ms`.
Result<SourceEvent> SourceOf(const EventRecord& record,
                             std::int64_t default_ms);

// A delivery of a core in process.
class CoreDeliveryRecord final : public DeliveryRecord {
 public:
  CoreDeliveryRecord(std::shared_ptr<const std::string> gateway,
                     SharedDelivery delivery)
      : gateway_(std::move(gateway)), delivery_(std::move(delivery)) {}

  [[nodiscard]] std::string_view event_id() const override {
    return source().event_id;
  }
  [[nodiscard]] std::string_view tenant() const override {
    return source().tenant;
  }
  [[nodiscard]] std::string_view collection() const override {
    return source().collection;
  }
  [[nodiscard]] std::string_view id() const override {
    return source().document_id;
  }
  [[nodiscard]] std::string_view operation() const override {
    return NameOf(delivery_->event->event.operation);
  }
  [[nodiscard]] std::string_view document() const override {
    return delivery_->event->document;
  }
  [[nodiscard]] std::string_view before() const override { return {}; }
  [[nodiscard]] std::optional<std::int64_t> timestamp_ms() const override {
    return ToUnixMillis(source().timestamp);
  }

  [[nodiscard]] std::string_view gateway() const override { return *gateway_; }
  [[nodiscard]] std::uint64_t sequence() const override {
    return delivery_->sequence;
  }
  [[nodiscard]] std::size_t subscription_count() const override {
    return delivery_->subscription_ids.size();
  }
  [[nodiscard]] std::string_view subscription_id(
      std::size_t index) const override {
    return delivery_->subscription_ids[index];
  }
  [[nodiscard]] std::size_t handle_count() const override {
    return delivery_->handles.size();
  }
  [[nodiscard]] std::uint64_t handle(std::size_t index) const override {
    return delivery_->handles[index].value();
  }
  [[nodiscard]] std::size_t membership_count() const override {
    return delivery_->memberships.size();
  }
  [[nodiscard]] std::string_view membership(std::size_t index) const override {
    const Membership membership = delivery_->memberships[index];
    return membership == Membership::kNone ? "" : NameOf(membership);
  }
  [[nodiscard]] std::string progress() const override {
    return FormatProgress(delivery_->progress);
  }
  [[nodiscard]] bool is_redelivered() const override {
    return delivery_->is_redelivered;
  }
  [[nodiscard]] bool is_catching_up() const override {
    return delivery_->is_catching_up;
  }
  [[nodiscard]] std::uint32_t coalesced() const override {
    return delivery_->coalesced;
  }
  [[nodiscard]] Position position() const {
    return delivery_->event->event.position;
  }
  [[nodiscard]] std::optional<std::int64_t> received_ns() const override {
    return std::nullopt;
  }

 private:
  [[nodiscard]] const SourceEvent& source() const {
    return *delivery_->event->event.source;
  }

  const std::shared_ptr<const std::string> gateway_;
  const SharedDelivery delivery_;
};

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_EVENT_RECORDS_H_
