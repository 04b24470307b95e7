// Event and Delivery.
#include <string>
#include <string_view>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/arena.h"
#include "python/bindings.h"
#include "python/conversion.h"
#include "python/errors.h"
#include "python/event_docs.h"
#include "python/event_object.h"
#include "value/json.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

std::string OptionalJson(const py::object& document, std::string_view name) {
  return document.is_none() ? std::string() : JsonText(document, name);
}

EventObject MakeEvent(std::string tenant, std::string collection,
                      std::string id, std::string op,
                      const py::object& document, const py::object& before,
                      std::optional<std::string> event_id,
                      std::optional<std::int64_t> timestamp_ms) {
  EventFields fields;
  fields.event_id = std::move(event_id).value_or("");
  fields.tenant = std::move(tenant);
  fields.collection = std::move(collection);
  fields.id = std::move(id);
  fields.operation = std::move(op);
  fields.document = OptionalJson(document, "document");
  fields.before = OptionalJson(before, "before");
  fields.timestamp_ms = timestamp_ms;
  return EventObject(ValueOrRaise(MakeSourceEvent(fields)));
}

py::bytes Bytes(std::string_view text) {
  return py::bytes(text.data(), text.size());
}

std::string EventText(const EventObject& event) {
  const EventRecord& record = event.record();
  const py::str text =
      py::str(
          "Event(tenant={!r}, collection={!r}, id={!r}, operation={!r}, "
          "document_json={!r})")
          .format(Text(record.tenant()), Text(record.collection()),
                  Text(record.id()), Text(record.operation()),
                  Bytes(record.document()));
  return text;
}

std::string DeliveryText(const DeliveryObject& delivery) {
  const DeliveryRecord& record = delivery.record();
  const py::str text =
      py::str(
          "Delivery(gateway={!r}, sequence={}, subscription_ids={!r}, "
          "operation={!r}, id={!r})")
          .format(Text(record.gateway()), record.sequence(),
                  delivery.subscription_ids(), Text(record.operation()),
                  Text(record.id()));
  return text;
}

using TextField = std::string_view (EventRecord::*)() const;

template <TextField kField>
py::str EventText(const EventObject& event) {
  return Text((event.record().*kField)());
}

void DefineEvent(py::module_& module) {
  py::class_<EventObject>(module, "Event", docs::kEvent)
      .def(py::init(&MakeEvent), py::kw_only(), py::arg("tenant"),
           py::arg("collection"), py::arg("id"), py::arg("op") = "insert",
           py::arg("document") = py::none(), py::arg("before") = py::none(),
           py::arg("event_id") = py::none(),
           py::arg("timestamp_ms") = py::none(), docs::kEventInit)
      .def_property_readonly("event_id", &EventText<&EventRecord::event_id>,
                             docs::kEventId)
      .def_property_readonly("tenant", &EventText<&EventRecord::tenant>,
                             docs::kTenant)
      .def_property_readonly("collection", &EventText<&EventRecord::collection>,
                             docs::kCollection)
      .def_property_readonly("id", &EventText<&EventRecord::id>, docs::kId)
      .def_property_readonly("operation", &EventText<&EventRecord::operation>,
                             docs::kOperation)
      .def_property_readonly("document", &EventObject::document,
                             docs::kDocument)
      .def_property_readonly(
          "document_json",
          [](const EventObject& event) {
            return Bytes(event.record().document());
          },
          docs::kDocumentJson)
      .def_property_readonly("before", &EventObject::before, docs::kBefore)
      .def_property_readonly(
          "timestamp_ms",
          [](const EventObject& event) {
            return event.record().timestamp_ms();
          },
          docs::kTimestampMs)
      .def("__repr__",
           [](const EventObject& event) { return EventText(event); });
}

template <auto kField>
auto FieldOf(const DeliveryObject& delivery) {
  return (delivery.record().*kField)();
}

void DefineDelivery(py::module_& module) {
  py::class_<DeliveryObject>(module, "Delivery", docs::kDelivery)
      .def_property_readonly(
          "gateway",
          [](const DeliveryObject& delivery) {
            return Text(delivery.record().gateway());
          },
          docs::kDeliveryGateway)
      .def_property_readonly(
          "sequence",
          [](const DeliveryObject& delivery) {
            return delivery.record().sequence();
          },
          docs::kSequence)
      .def_property_readonly(
          "session",
          [](const DeliveryObject& delivery) {
            return delivery.record().session();
          },
          docs::kDeliverySession)
      .def_property_readonly("subscription_ids",
                             &DeliveryObject::subscription_ids,
                             docs::kSubscriptionIds)
      .def_property_readonly("handles", &DeliveryObject::handles,
                             docs::kHandles)
      .def_property_readonly("memberships", &DeliveryObject::memberships,
                             docs::kMemberships)
      .def_property_readonly(
          "progress",
          [](const DeliveryObject& delivery) {
            return Text(delivery.record().progress());
          },
          docs::kProgress)
      .def_property_readonly("event", &DeliveryObject::event,
                             docs::kDeliveryEvent)
      .def_property_readonly(
          "received_ns",
          [](const DeliveryObject& delivery) {
            return delivery.record().received_ns();
          },
          docs::kReceivedNs)
      .def_property_readonly("is_redelivered",
                             &FieldOf<&DeliveryRecord::is_redelivered>,
                             docs::kIsRedelivered)
      .def_property_readonly("is_catching_up",
                             &FieldOf<&DeliveryRecord::is_catching_up>,
                             docs::kIsCatchingUp)
      .def_property_readonly("is_document_omitted",
                             &FieldOf<&DeliveryRecord::is_document_omitted>,
                             docs::kIsDocumentOmitted)
      .def_property_readonly("coalesced", &FieldOf<&DeliveryRecord::coalesced>,
                             docs::kCoalesced)
      .def("__repr__", &DeliveryText);
}

EventObject EventFromLine(const std::string& line) {
  return EventObject(ValueOrRaise(SourceEventRecord::FromLine(line)));
}

// The event of a dict or a line.
Result<SourceEvent> SourceFromLine(const std::string& line,
                                   std::int64_t default_ms) {
  STREAMER_ASSIGN_OR_RETURN(const auto record,
                            SourceEventRecord::FromLine(line));
  return SourceOf(*record, default_ms);
}

}  // namespace

void DefineEvents(py::module_& module) {
  DefineEvent(module);
  DefineDelivery(module);
  module.def("event_from_line", &EventFromLine, py::arg("line"), py::pos_only(),
             docs::kFromLine);
}

SourceEvent SourceFromPython(py::handle object, std::size_t index,
                             std::int64_t default_ms) {
  const std::string where = "events[" + std::to_string(index) + "]";
  Result<SourceEvent> event = Internal("not read");
  if (py::isinstance<EventObject>(object)) {
    event = SourceOf(object.cast<const EventObject&>().record(), default_ms);
  } else if (PyDict_Check(object.ptr()) || PyUnicode_Check(object.ptr()) ||
             PyBytes_Check(object.ptr())) {
    event = SourceFromLine(JsonText(object, where), default_ms);
  } else {
    throw py::type_error(
        where + ": expected an Event, a dict or a line of NDJSON, got " +
        std::string(py::str(py::type::handle_of(object).attr("__name__"))));
  }
  if (!event.ok()) RaiseEventError(event.status(), index, where);
  return *std::move(event);
}

}  // namespace streamer::python
