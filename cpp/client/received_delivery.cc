#include "client/received_delivery.h"

#include <utility>

#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {
namespace wire = syntrix::streamer::v1;

ReceivedDelivery::ReceivedDelivery(
    std::unique_ptr<wire::EventDelivery> delivery, std::int64_t received_ns,
    EntryNumber number, std::uint64_t session)
    : delivery_(std::move(delivery)),
      received_ns_(received_ns),
      number_(number),
      session_(session),
      size_bytes_(delivery_->ByteSizeLong()) {}

ReceivedDelivery::~ReceivedDelivery() = default;

std::size_t ReceivedDelivery::subscription_count() const {
  return static_cast<std::size_t>(delivery_->subscription_ids_size());
}

std::string_view ReceivedDelivery::subscription_id(std::size_t index) const {
  return delivery_->subscription_ids(static_cast<int>(index));
}

std::uint64_t ReceivedDelivery::sequence() const { return delivery_->seq(); }

std::size_t ReceivedDelivery::handle_count() const {
  return static_cast<std::size_t>(delivery_->handles_size());
}

std::uint64_t ReceivedDelivery::handle(std::size_t index) const {
  return delivery_->handles(static_cast<int>(index));
}

std::size_t ReceivedDelivery::membership_count() const {
  return static_cast<std::size_t>(delivery_->membership_size());
}

std::string_view ReceivedDelivery::membership(std::size_t index) const {
  switch (delivery_->membership(static_cast<int>(index))) {
    case wire::MEMBERSHIP_ENTERED:
      return "entered";
    case wire::MEMBERSHIP_CHANGED:
      return "changed";
    case wire::MEMBERSHIP_LEFT:
      return "left";
    case wire::MEMBERSHIP_UNKNOWN_IN:
      return "unknown_in";
    case wire::MEMBERSHIP_UNKNOWN_OUT:
      return "unknown_out";
    default:
      return "";
  }
}

std::string_view ReceivedDelivery::progress() const {
  return delivery_->progress();
}

std::string_view ReceivedDelivery::event_id() const {
  return delivery_->event().event_id();
}

std::string_view ReceivedDelivery::tenant() const {
  return delivery_->event().tenant();
}

std::string_view ReceivedDelivery::collection() const {
  return delivery_->event().collection();
}

std::string_view ReceivedDelivery::document_id() const {
  return delivery_->event().document_id();
}

// An operation that this version does not know is an update: the document is
// there and may differ.
Operation ReceivedDelivery::operation() const {
  switch (delivery_->event().operation()) {
    case wire::OPERATION_TYPE_INSERT:
      return Operation::kInsert;
    case wire::OPERATION_TYPE_DELETE:
      return Operation::kDelete;
    default:
      return Operation::kUpdate;
  }
}

std::string_view ReceivedDelivery::document() const {
  return delivery_->event().document_data();
}

std::int64_t ReceivedDelivery::timestamp_ms() const {
  return delivery_->event().timestamp();
}

bool ReceivedDelivery::is_redelivered() const {
  return delivery_->redelivered();
}

bool ReceivedDelivery::is_catching_up() const {
  return delivery_->catching_up();
}

bool ReceivedDelivery::is_document_omitted() const {
  return delivery_->document_omitted();
}

std::uint32_t ReceivedDelivery::coalesced() const {
  return delivery_->coalesced();
}

bool ReceivedDelivery::KeepSubscriptions(
    absl::FunctionRef<bool(std::string_view)> is_kept) {
  auto& ids = *delivery_->mutable_subscription_ids();
  auto& handles = *delivery_->mutable_handles();
  auto& memberships = *delivery_->mutable_membership();
  const bool has_handles = handles.size() == ids.size();
  const bool has_memberships = memberships.size() == ids.size();
  int kept = 0;
  for (int index = 0; index < ids.size(); ++index) {
    if (!is_kept(ids.Get(index))) continue;
    ids.SwapElements(kept, index);
    if (has_handles) handles.Set(kept, handles.Get(index));
    if (has_memberships) memberships.Set(kept, memberships.Get(index));
    ++kept;
  }
  ids.DeleteSubrange(kept, ids.size() - kept);
  if (has_handles) handles.Truncate(kept);
  if (has_memberships) memberships.Truncate(kept);
  return kept > 0;
}

bool ReceivedDelivery::RemoveSubscription(std::string_view id) {
  return KeepSubscriptions([id](std::string_view one) { return one != id; });
}

}  // namespace streamer
