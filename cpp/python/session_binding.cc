// Session: a session of a Core.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "event/decoder.h"
#include "event/position.h"
#include "python/bindings.h"
#include "python/core_arguments.h"
#include "python/errors.h"
#include "python/event_object.h"
#include "python/in_process_core.h"
#include "python/in_process_session.h"
#include "python/session_docs.h"
#include "python/subscription_object.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

// A session, and the core that it needs.
class SessionObject {
 public:
  SessionObject(py::object core, std::shared_ptr<InProcessSession> session)
      : core_(std::move(core)), session_(std::move(session)) {}
  // The last one breaks the stream, for which it takes the core's mutex.
  ~SessionObject() {
    const py::gil_scoped_release release;
    session_.reset();
  }
  SessionObject(const SessionObject&) = delete;
  SessionObject& operator=(const SessionObject&) = delete;

  InProcessSession* operator->() const { return session_.get(); }

 private:
  const py::object core_;
  std::shared_ptr<InProcessSession> session_;
};

std::unique_ptr<SessionObject> OpenSession(
    const py::object& self, const std::string& gateway, std::uint64_t session,
    std::uint64_t last_sequence, const std::string& last_progress,
    const std::string& credential, bool coalesce, std::int64_t max_deliveries,
    std::int64_t max_bytes) {
  auto& core = self.cast<InProcessCore&>();
  RaiseIfError(CheckName("gateway", gateway));
  SessionRequest request{
      .gateway_id = gateway,
      .credential = credential,
      .session = SessionNumber(session),
      .last_sequence = last_sequence,
      .last_progress = last_progress,
      .limits = {.deliveries = Bound("max_deliveries", max_deliveries),
                 .bytes = Bound("max_bytes", max_bytes)},
      .coalesces = coalesce};
  auto opened = ValueOrRaise(
      WithoutGil([&] { return core.OpenSession(std::move(request)); }));
  return std::make_unique<SessionObject>(self, std::move(opened));
}

SubscriptionObject AddSubscription(
    const SessionObject& session, const std::string& id,
    const std::string& tenant, const std::string& collection,
    const SourcedFilter* filter, const std::optional<std::string>& expression,
    const py::object& where, std::optional<double> ttl_seconds, bool membership,
    const std::optional<std::string>& resume_after) {
  Subscribe subscribe =
      SubscribeFromArguments(id, tenant, collection, filter, expression, where,
                             ttl_seconds, membership);
  return ToObject(ValueOrRaise(WithoutGil([&] {
                    return session->AddSubscription(std::move(subscribe),
                                                    resume_after.value_or(""));
                  })),
                  session->gateway());
}

void RemoveSubscription(const SessionObject& session, const std::string& id) {
  const UnsubscribeResponse response =
      ValueOrRaise(WithoutGil([&] { return session->RemoveSubscription(id); }));
  RaiseIfError(response.status);
}

py::list Take(const SessionObject& session, std::optional<std::int64_t> limit) {
  const std::size_t most = limit.has_value()
                               ? Bound("limit", *limit)
                               : std::numeric_limits<std::size_t>::max();
  auto entries = WithoutGil([&] { return session->Take(most); });
  py::list taken;
  for (InProcessSession::Entry& entry : entries) {
    if (auto* notice = std::get_if<Notice>(&entry)) {
      taken.append(std::move(*notice));
    } else {
      taken.append(DeliveryObject(
          std::get<std::shared_ptr<const CoreDeliveryRecord>>(entry)));
    }
  }
  return taken;
}

const char* NameOf(Continuity continuity) {
  switch (continuity) {
    case Continuity::kNew:
      return "new";
    case Continuity::kNothingMissed:
      return "nothing_missed";
    case Continuity::kComplete:
      return "complete";
    case Continuity::kLost:
      break;
  }
  return "lost";
}

std::string ReasonOf(const Status& status) {
  return std::string(MessageOf(status));
}

}  // namespace

void DefineSession(py::module_& module) {
  using py::literals::operator""_a;
  using Object = SessionObject;
  py::class_<Object>(module, "Session", docs::kSession)
      .def_property_readonly(
          "gateway", [](const Object& self) { return self->gateway(); },
          docs::kSessionGateway)
      .def_property_readonly(
          "number",
          [](const Object& self) { return self->opened().session.value(); },
          docs::kSessionNumber)
      .def_property_readonly(
          "continuity",
          [](const Object& self) { return NameOf(self->opened().continuity); },
          docs::kSessionContinuity)
      .def_property_readonly(
          "next_sequence",
          [](const Object& self) { return self->opened().next_sequence; },
          docs::kSessionNextSequence)
      .def_property_readonly(
          "end_reason",
          [](const Object& self) {
            const Status end = WithoutGil([&] { return self->end(); });
            return end.ok() ? std::nullopt : std::optional(ReasonOf(end));
          },
          docs::kSessionEndReason)
      .def("subscribe", &AddSubscription, "id"_a, py::pos_only(), py::kw_only(),
           "tenant"_a, "collection"_a, "filter"_a = py::none(),
           "expression"_a = py::none(), "where"_a = py::none(),
           "ttl_seconds"_a = py::none(), "membership"_a = false,
           "resume_after"_a = py::none(), docs::kSessionSubscribe)
      .def("unsubscribe", &RemoveSubscription, "id"_a, py::pos_only(),
           docs::kSessionUnsubscribe)
      .def("take", &Take, "limit"_a = py::none(), docs::kSessionTake)
      .def(
          "acknowledge",
          [](const Object& self, std::uint64_t sequence) {
            RaiseIfError(
                WithoutGil([&] { return self->Acknowledge(sequence); }));
          },
          "sequence"_a, py::pos_only(), docs::kSessionAcknowledge)
      .def(
          "close",
          [](const Object& self) { WithoutGil([&] { self->Close(); }); },
          docs::kSessionClose)
      .def("__repr__", [](const Object& self) {
        return std::string(
            py::str("Session(gateway={!r}, number={}, continuity={!r})")
                .format(self->gateway(), self->opened().session.value(),
                        NameOf(self->opened().continuity)));
      });
}

void DefineOpenSession(py::module_& module) {
  using py::literals::operator""_a;
  const OutboxLimits limits;
  const py::object core = module.attr("Core");
  core.attr("session") = py::cpp_function(
      &OpenSession, py::name("session"), py::is_method(core), "gateway"_a,
      py::pos_only(), py::kw_only(), "session"_a = 0, "last_sequence"_a = 0,
      "last_progress"_a = "", "credential"_a = "", "coalesce"_a = false,
      "max_deliveries"_a = limits.deliveries, "max_bytes"_a = limits.bytes,
      docs::kOpenSession);
}

}  // namespace streamer::python
