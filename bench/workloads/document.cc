#include "workloads/document.h"

#include <string_view>
#include <utility>

#include "workloads/workload.h"

namespace streamer::workloads {

std::string Padded(Document document) {
  static constexpr std::string_view kNote =
      "please ring twice and leave it with the neighbour if nobody answers, "
      "or else bring it back to the counter at the station, where it is kept "
      "for a week; the key is under the third stone from the left, and the "
      "dog is friendly but does not like hats. Thank you, and good night. ";
  document["author"] = {{"full_name", "Ada Lovelace"}, {"since", 1843}};
  document["labels"] = {"new", "gift", "express"};
  document["is_public"] = true;
  document["parent"] = nullptr;
  document["weight"] = 1.25;
  document["note"] = "";
  const std::size_t size = document.dump().size();
  if (size < kDocumentBytes) {
    document["note"] = kNote.substr(0, kDocumentBytes - size);
  }
  return document.dump();
}

FilterSource FilterSourceOf(const Subscription& subscription) {
  if (!subscription.is_expression) return FilterSourceOf(subscription.rule);
  return {.conditions = {}, .expression = CelText(subscription.rule)};
}

ChangeEvent ToChangeEvent(const Event& event, std::size_t index) {
  auto source = std::make_shared<SourceEvent>();
  source->tenant = event.tenant;
  source->collection = event.collection;
  source->document_id = "document-" + std::to_string(index);
  source->document = event.document;
  ChangeEvent change;
  change.operation = Operation::kUpdate;
  change.source = std::move(source);
  return change;
}

}  // namespace streamer::workloads
