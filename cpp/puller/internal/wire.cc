#include "puller/internal/wire.h"

#include <string>

#include "event/stored_form.h"

namespace streamer::internal {
namespace {

namespace wire = syntrix::puller::v1;

constexpr char kDeletedCleared[] = R"({"updatedFields":{"deleted":false}})";

// `stored` is in the stored form.
void EncodeStored(const SourceEvent& stored, wire::ChangeEvent& change) {
  change.set_event_id(stored.event_id);
  change.set_tenant(stored.tenant);
  change.set_mgo_doc_id(stored.stored_key);
  change.set_op_type(std::string(NameOf(stored.operation)));
  change.set_full_doc(stored.document);
  change.set_before_doc(stored.before);
  // Where there is a before-image it is told by that, too.
  if (stored.was_deleted) change.set_update_desc(kDeletedCleared);
  if (stored.cluster_time.has_value()) {
    change.mutable_cluster_time()->set_t(stored.cluster_time->seconds);
    change.mutable_cluster_time()->set_i(stored.cluster_time->increment);
  }
  change.set_timestamp(ToUnixMillis(stored.timestamp));
  change.set_backend(stored.backend);
}

// Markers of this server: those of its own source say nothing to others.
void EncodeLoss(const PullerMessage& message, wire::Gap& gap) {
  // Nothing is joined across it, so all before it was sent.
  const Position& at = message.progress.sent;
  const Position before{at.epoch, at.offset - 1};
  gap.set_backend(message.event->backend);
  gap.set_from(FormatProgress(before));
  gap.set_to(FormatProgress(at));
  gap.set_reason(message.event->loss->reason);
}

}  // namespace

void EncodeMessage(const PullerMessage& message, wire::PullerEvent& wire) {
  wire.Clear();
  wire.set_progress(FormatPullerMarker(message.progress));
  if (message.event == nullptr) return;
  if (message.event->loss != nullptr) {
    return EncodeLoss(message, *wire.mutable_gap());
  }
  if (message.event->form == BodyForm::kStored) {
    EncodeStored(*message.event, *wire.mutable_change_event());
  } else {
    EncodeStored(ToStoredForm(*message.event), *wire.mutable_change_event());
  }
}

}  // namespace streamer::internal
