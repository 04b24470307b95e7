#include "python/event_object.h"

#include "base/arena.h"
#include "python/conversion.h"
#include "python/errors.h"
#include "value/json.h"

namespace streamer::python {

namespace py = pybind11;

py::object ParseDocument(std::string_view json) {
  if (json.empty()) return py::none();
  Arena arena;
  return ToPython(ValueOrRaise(ParseJson(json, arena)));
}

py::object EventObject::document() {
  if (!document_) document_ = ParseDocument(record_->document());
  return document_;
}

py::object EventObject::before() {
  if (!before_) before_ = ParseDocument(record_->before());
  return before_;
}

py::object DeliveryObject::event() {
  if (!event_) event_ = py::cast(EventObject(record_));
  return event_;
}

py::tuple DeliveryObject::subscription_ids() const {
  py::tuple ids(record_->subscription_count());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = Text(record_->subscription_id(i));
  }
  return ids;
}

py::tuple DeliveryObject::handles() const {
  py::tuple handles(record_->handle_count());
  for (std::size_t i = 0; i < handles.size(); ++i) {
    handles[i] = py::int_(record_->handle(i));
  }
  return handles;
}

py::tuple DeliveryObject::memberships() const {
  py::tuple memberships(record_->membership_count());
  for (std::size_t i = 0; i < memberships.size(); ++i) {
    const std::string_view membership = record_->membership(i);
    memberships[i] = membership.empty() ? py::object(py::none())
                                        : py::object(Text(membership));
  }
  return memberships;
}

}  // namespace streamer::python
