#include "client/received_delivery.h"

#include <utility>

#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {
namespace wire = syntrix::streamer::v1;

ReceivedDelivery::ReceivedDelivery(
    std::unique_ptr<wire::StreamerMessage> message, std::int64_t received_ns)
    : message_(std::move(message)),
      received_ns_(received_ns),
      size_bytes_(message_->ByteSizeLong()) {}

ReceivedDelivery::~ReceivedDelivery() = default;

const wire::EventDelivery& ReceivedDelivery::wire() const {
  return message_->delivery();
}

std::size_t ReceivedDelivery::subscription_count() const {
  return static_cast<std::size_t>(wire().subscription_ids_size());
}

std::string_view ReceivedDelivery::subscription_id(std::size_t index) const {
  return wire().subscription_ids(static_cast<int>(index));
}

std::uint64_t ReceivedDelivery::sequence() const { return wire().seq(); }

std::size_t ReceivedDelivery::handle_count() const {
  return static_cast<std::size_t>(wire().handles_size());
}

std::uint64_t ReceivedDelivery::handle(std::size_t index) const {
  return wire().handles(static_cast<int>(index));
}

std::string_view ReceivedDelivery::progress() const {
  return wire().progress();
}

std::string_view ReceivedDelivery::event_id() const {
  return wire().event().event_id();
}

std::string_view ReceivedDelivery::tenant() const {
  return wire().event().tenant();
}

std::string_view ReceivedDelivery::collection() const {
  return wire().event().collection();
}

std::string_view ReceivedDelivery::document_id() const {
  return wire().event().document_id();
}

// An operation that this version does not know is an update: the document is
// there and may differ.
Operation ReceivedDelivery::operation() const {
  switch (wire().event().operation()) {
    case wire::OPERATION_TYPE_INSERT:
      return Operation::kInsert;
    case wire::OPERATION_TYPE_DELETE:
      return Operation::kDelete;
    default:
      return Operation::kUpdate;
  }
}

std::string_view ReceivedDelivery::document() const {
  return wire().event().document_data();
}

std::int64_t ReceivedDelivery::timestamp_ms() const {
  return wire().event().timestamp();
}

bool ReceivedDelivery::RemoveSubscription(std::string_view id) {
  auto* ids = message_->mutable_delivery()->mutable_subscription_ids();
  auto* handles = message_->mutable_delivery()->mutable_handles();
  const bool has_handles = handles->size() == ids->size();
  for (int index = ids->size() - 1; index >= 0; --index) {
    if (ids->Get(index) != id) continue;
    ids->DeleteSubrange(index, 1);
    if (has_handles) handles->erase(handles->begin() + index);
  }
  return !ids->empty();
}

}  // namespace streamer
