// Deliveries as the wire would bring them.
#ifndef STREAMER_TESTS_CLIENT_WIRE_DELIVERIES_H_
#define STREAMER_TESTS_CLIENT_WIRE_DELIVERIES_H_

#include <memory>
#include <string>
#include <vector>

#include "client/received_delivery.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer {

inline syntrix::streamer::v1::StreamerMessage DeliveryMessage(
    const std::string& event_id, const std::vector<std::string>& ids,
    const std::string& document = "{}") {
  syntrix::streamer::v1::StreamerMessage message;
  auto& delivery = *message.mutable_delivery();
  for (const std::string& id : ids) delivery.add_subscription_ids(id);
  delivery.mutable_event()->set_event_id(event_id);
  delivery.mutable_event()->set_document_data(document);
  return message;
}

inline std::shared_ptr<ReceivedDelivery> MakeDelivery(
    const std::string& event_id, const std::vector<std::string>& ids,
    const std::string& document = "{}", EntryNumber number = {}) {
  return std::make_shared<ReceivedDelivery>(
      std::make_unique<syntrix::streamer::v1::EventDelivery>(
          DeliveryMessage(event_id, ids, document).delivery()),
      1, number);
}

}  // namespace streamer

#endif  // STREAMER_TESTS_CLIENT_WIRE_DELIVERIES_H_
