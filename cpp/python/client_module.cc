// `_client`: the client of client/ for an event loop.
//
// gRPC's threads never enter Python: what they bring is left in a mailbox or
// in the client's queue, a descriptor becomes readable, and the loop's thread
// takes it from there.
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "client/client.h"
#include "python/client_docs.h"
#include "python/conversion.h"
#include "python/errors.h"
#include "python/event_object.h"
#include "python/filter_trial.h"
#include "python/subscription_object.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

// A delivery that the client received.
class ClientDeliveryRecord final : public DeliveryRecord {
 public:
  ClientDeliveryRecord(std::shared_ptr<const std::string> gateway,
                       std::shared_ptr<const ReceivedDelivery> delivery)
      : gateway_(std::move(gateway)), delivery_(std::move(delivery)) {}

  [[nodiscard]] std::string_view event_id() const override {
    return delivery_->event_id();
  }
  [[nodiscard]] std::string_view tenant() const override {
    return delivery_->tenant();
  }
  [[nodiscard]] std::string_view collection() const override {
    return delivery_->collection();
  }
  [[nodiscard]] std::string_view id() const override {
    return delivery_->document_id();
  }
  [[nodiscard]] std::string_view operation() const override {
    switch (delivery_->operation()) {
      case Operation::kInsert:
        return "insert";
      case Operation::kUpdate:
        return "update";
      case Operation::kDelete:
        break;
    }
    return "delete";
  }
  [[nodiscard]] std::string_view document() const override {
    return delivery_->document();
  }
  [[nodiscard]] std::string_view before() const override { return {}; }
  [[nodiscard]] std::optional<std::int64_t> timestamp_ms() const override {
    return delivery_->timestamp_ms();
  }
  [[nodiscard]] std::string_view gateway() const override { return *gateway_; }
  [[nodiscard]] std::uint64_t sequence() const override {
    return delivery_->sequence();
  }
  [[nodiscard]] std::uint64_t session() const override {
    return delivery_->session();
  }
  [[nodiscard]] std::size_t subscription_count() const override {
    return delivery_->subscription_count();
  }
  [[nodiscard]] std::string_view subscription_id(
      std::size_t index) const override {
    return delivery_->subscription_id(index);
  }
  [[nodiscard]] std::size_t handle_count() const override {
    return delivery_->handle_count();
  }
  [[nodiscard]] std::uint64_t handle(std::size_t index) const override {
    return delivery_->handle(index);
  }
  [[nodiscard]] std::size_t membership_count() const override {
    return delivery_->membership_count();
  }
  [[nodiscard]] std::string_view membership(std::size_t index) const override {
    return delivery_->membership(index);
  }
  [[nodiscard]] std::string progress() const override {
    return std::string(delivery_->progress());
  }
  [[nodiscard]] std::optional<std::int64_t> received_ns() const override {
    return delivery_->received_ns();
  }
  [[nodiscard]] bool is_redelivered() const override {
    return delivery_->is_redelivered();
  }
  [[nodiscard]] bool is_catching_up() const override {
    return delivery_->is_catching_up();
  }
  [[nodiscard]] bool is_document_omitted() const override {
    return delivery_->is_document_omitted();
  }
  [[nodiscard]] std::uint32_t coalesced() const override {
    return delivery_->coalesced();
  }

  [[nodiscard]] EntryNumber number() const { return delivery_->number(); }
  // Whether the client of that label received it.
  [[nodiscard]] bool IsOf(
      const std::shared_ptr<const std::string>& gateway) const {
    return gateway_ == gateway;
  }

 private:
  const std::shared_ptr<const std::string> gateway_;
  const std::shared_ptr<const ReceivedDelivery> delivery_;
};

// What gRPC's threads leave for the loop. Outlives the client.
class Mailbox {
 public:
  struct Contents {
    std::optional<Status> connected;
    std::vector<std::pair<std::int64_t, Result<SubscriptionAnswer>>> answers;
    std::vector<std::pair<std::int64_t, Status>> unsubscribed;
    std::vector<SessionWelcome> welcomes;
  };

  void PutConnected(const Status& status) {
    const std::lock_guard lock(mutex_);
    contents_.connected = status;
  }
  void PutAnswer(std::int64_t number, Result<SubscriptionAnswer> answer) {
    const std::lock_guard lock(mutex_);
    contents_.answers.emplace_back(number, std::move(answer));
  }
  void PutUnsubscribed(std::int64_t number, const Status& status) {
    const std::lock_guard lock(mutex_);
    contents_.unsubscribed.emplace_back(number, status);
  }
  void PutWelcome(const SessionWelcome& welcome) {
    const std::lock_guard lock(mutex_);
    contents_.welcomes.push_back(welcome);
  }
  Contents Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(contents_, {});
  }

 private:
  std::mutex mutex_;
  Contents contents_;
};

Duration Seconds(double seconds) {
  return Duration(std::llround(seconds * 1e9));
}

py::object EndText(ReceivedGap::End end) {
  switch (end) {
    case ReceivedGap::End::kNone:
      break;
    case ReceivedGap::End::kRefused:
      return py::str("refused");
    case ReceivedGap::End::kExpired:
      return py::str("expired");
    case ReceivedGap::End::kSuspended:
      return py::str("suspended");
    case ReceivedGap::End::kRevoked:
      return py::str("revoked");
  }
  return py::none();
}

py::list GapList(const std::vector<ReceivedGap>& gaps) {
  py::list list;
  for (const ReceivedGap& gap : gaps) {
    list.append(py::make_tuple(py::tuple(py::cast(gap.subscription_ids)),
                               Text(gap.reason), EndText(gap.end),
                               Text(gap.from_progress), Text(gap.to_progress)));
  }
  return list;
}

const char* ContinuityText(SessionWelcome::Continuity continuity) {
  switch (continuity) {
    case SessionWelcome::Continuity::kNew:
      return "new";
    case SessionWelcome::Continuity::kNothingMissed:
      return "nothing_missed";
    case SessionWelcome::Continuity::kComplete:
      return "complete";
    case SessionWelcome::Continuity::kLost:
      break;
  }
  return "lost";
}

py::list WelcomeList(const std::vector<SessionWelcome>& welcomes) {
  py::list list;
  for (const SessionWelcome& welcome : welcomes) {
    list.append(py::make_tuple(
        welcome.session, ContinuityText(welcome.continuity), welcome.next_seq,
        Text(welcome.from_progress), Text(welcome.to_progress)));
  }
  return list;
}

class ClientObject {
 public:
  ClientObject(std::string target, std::string gateway_id, bool session,
               std::string credential, std::string resume, bool coalesce,
               bool acknowledges_itself, double connect_timeout,
               double heartbeat_interval, double heartbeat_timeout,
               double backoff_minimum, double backoff_maximum,
               std::size_t queue_deliveries, std::size_t queue_bytes,
               std::size_t max_message_bytes)
      : gateway_(std::make_shared<const std::string>(gateway_id)),
        has_session_(session) {
    ClientOptions options;
    options.target = std::move(target);
    options.gateway_id = std::move(gateway_id);
    if (session) {
      options.session = {
          .credential = std::move(credential),
          .resume = std::move(resume),
          .allows_coalescing = coalesce,
          .acknowledges_itself = acknowledges_itself,
          .welcomed = [mailbox = mailbox_](const SessionWelcome& welcome) {
            mailbox->PutWelcome(welcome);
          }};
    }
    options.connect_timeout = Seconds(connect_timeout);
    options.heartbeat_interval = Seconds(heartbeat_interval);
    options.heartbeat_timeout = Seconds(heartbeat_timeout);
    options.backoff = {.minimum = Seconds(backoff_minimum),
                       .maximum = Seconds(backoff_maximum)};
    options.queue = {.deliveries = queue_deliveries, .bytes = queue_bytes};
    options.max_message_bytes = max_message_bytes;
    const py::gil_scoped_release release;
    client_ = std::make_unique<Client>(
        options, [mailbox = mailbox_](const Status& status) {
          mailbox->PutConnected(status);
        });
  }

  Client& client() { return *client_; }

  std::int64_t Subscribe(std::string id, std::string tenant,
                         std::string collection, const SourcedFilter* filter,
                         std::string expression, bool membership,
                         std::string resume_after,
                         std::optional<std::int64_t> ttl) {
    const std::int64_t number = ++last_number_;
    SubscriptionRequest request{.id = std::move(id),
                                .tenant = std::move(tenant),
                                .collection = std::move(collection),
                                .conditions = {},
                                .expression = std::move(expression),
                                .membership = membership,
                                .resume_after = std::move(resume_after),
                                .ttl = std::nullopt};
    if (ttl.has_value()) request.ttl = std::chrono::seconds(*ttl);
    if (filter != nullptr) {
      request.conditions = filter->source.conditions;
      request.expression = filter->source.expression;
    }
    const py::gil_scoped_release release;
    const SubscribeTicket ticket = client_->Subscribe(
        std::move(request),
        [mailbox = mailbox_, number](Result<SubscriptionAnswer> answer) {
          mailbox->PutAnswer(number, std::move(answer));
        });
    const std::lock_guard lock(mutex_);
    tickets_.emplace(number, ticket);
    return number;
  }

  void Cancel(std::int64_t number) {
    const py::gil_scoped_release release;
    std::unique_lock lock(mutex_);
    const auto found = tickets_.find(number);
    if (found == tickets_.end()) return;
    const SubscribeTicket ticket = found->second;
    tickets_.erase(found);
    lock.unlock();
    client_->CancelSubscribe(ticket);
  }

  // The number under which Poll says that it is done; 0 when it is done now.
  std::int64_t Unsubscribe(const std::string& id) {
    const std::int64_t number = has_session_ ? ++last_number_ : 0;
    Status status;
    {
      const py::gil_scoped_release release;
      Client::Unsubscribed unsubscribed;
      if (has_session_) {
        unsubscribed = [mailbox = mailbox_, number](const Status& done) {
          mailbox->PutUnsubscribed(number, done);
        };
      }
      status = client_->Unsubscribe(id, std::move(unsubscribed));
    }
    RaiseIfError(status);
    return number;
  }

  void Acknowledge(const DeliveryObject& delivery) {
    const EntryNumber number = NumberOf(delivery, "delivery");
    const py::gil_scoped_release release;
    client_->Acknowledge(number);
  }

  std::string SessionState(const DeliveryObject* after, bool has_untold_gaps) {
    return client_->session_state(
        after == nullptr ? EntryNumber() : NumberOf(*after, "after"),
        has_untold_gaps);
  }

  py::tuple Poll() {
    Mailbox::Contents contents;
    std::vector<ReceivedGap> gaps;
    {
      const py::gil_scoped_release release;
      client_->ClearWake();
      contents = mailbox_->Take();
      gaps = client_->TakeGaps();
      const std::lock_guard lock(mutex_);
      for (const auto& [number, answer] : contents.answers) {
        tickets_.erase(number);
      }
    }
    return py::make_tuple(ConnectedOf(contents), AnswersOf(contents),
                          GapList(gaps), WelcomeList(contents.welcomes));
  }

  py::tuple Take(std::size_t limit) {
    DeliveryBatch batch;
    {
      const py::gil_scoped_release release;
      batch = client_->TakeBatch(limit);
    }
    py::list deliveries(batch.deliveries.size());
    for (std::size_t i = 0; i < batch.deliveries.size(); ++i) {
      deliveries[i] = DeliveryObject(std::make_shared<ClientDeliveryRecord>(
          gateway_, std::move(batch.deliveries[i])));
    }
    return py::make_tuple(GapList(batch.gaps), std::move(deliveries));
  }

 private:
  EntryNumber NumberOf(const DeliveryObject& delivery, const char* name) const {
    const auto* received =
        dynamic_cast<const ClientDeliveryRecord*>(&delivery.record());
    if (received == nullptr || !received->IsOf(gateway_)) {
      Raise(InvalidArgument(std::string(name) +
                            ": expected a delivery that this client received, "
                            "got another"));
    }
    return received->number();
  }

  static py::object ConnectedOf(const Mailbox::Contents& contents) {
    if (!contents.connected.has_value()) return py::none();
    if (contents.connected->ok()) return py::bool_(true);
    return ToException(*contents.connected);
  }

  py::list AnswersOf(const Mailbox::Contents& contents) const {
    py::list answers;
    for (const auto& [number, answer] : contents.answers) {
      answers.append(py::make_tuple(number, ToObject(answer)));
    }
    for (const auto& [number, status] : contents.unsubscribed) {
      answers.append(py::make_tuple(
          number, status.ok() ? py::none() : ToException(status)));
    }
    return answers;
  }

  py::object ToObject(const Result<SubscriptionAnswer>& answer) const {
    if (!answer.ok()) return ToException(answer.status());
    SubscriptionObject subscription{.id = answer->id,
                                    .handle = answer->handle.value(),
                                    .gateway = *gateway_,
                                    .progress = answer->progress,
                                    .expires_at_ms = std::nullopt};
    if (answer->expires_at.has_value()) {
      subscription.expires_at_ms = ToUnixMillis(*answer->expires_at);
    }
    return py::cast(std::move(subscription));
  }

  const std::shared_ptr<const std::string> gateway_;
  const bool has_session_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::int64_t last_number_ = 0;  // guarded by the GIL

  std::mutex mutex_;
  std::map<std::int64_t, SubscribeTicket> tickets_;  // guarded by mutex_
  std::unique_ptr<Client> client_;
};

py::object CloseReason(ClientObject& object) {
  const Status reason = object.client().close_reason();
  if (reason.ok()) return py::none();
  return ToException(reason);
}

py::dict StatisticsOf(ClientObject& object) {
  const ClientStatistics counts = object.client().Statistics();
  using py::literals::operator""_a;
  return py::dict("deliveries_received"_a = counts.deliveries_received,
                  "deliveries_taken"_a = counts.deliveries_taken,
                  "reconnects"_a = counts.reconnects,
                  "reading_pauses"_a = counts.reading_pauses,
                  "duplicates_dropped"_a = counts.duplicates_dropped,
                  "queued_deliveries"_a = counts.queued_deliveries,
                  "queued_bytes"_a = counts.queued_bytes,
                  "subscriptions"_a = counts.subscriptions);
}

using ReleaseGil = py::call_guard<py::gil_scoped_release>;

void DefineClient(py::module_& module) {
  py::class_<ClientObject>(module, "Client", docs::kClient,
                           py::release_gil_before_calling_cpp_dtor())
      .def(py::init<std::string, std::string, bool, std::string, std::string,
                    bool, bool, double, double, double, double, double,
                    std::size_t, std::size_t, std::size_t>(),
           py::arg("target"), py::pos_only(), py::kw_only(),
           py::arg("gateway_id"), py::arg("session"), py::arg("credential"),
           py::arg("resume"), py::arg("coalesce"),
           py::arg("acknowledges_itself"), py::arg("connect_timeout"),
           py::arg("heartbeat_interval"), py::arg("heartbeat_timeout"),
           py::arg("backoff_minimum"), py::arg("backoff_maximum"),
           py::arg("queue_deliveries"), py::arg("queue_bytes"),
           py::arg("max_message_bytes"), docs::kClientInit)
      .def(
          "fileno",
          [](ClientObject& object) {
            return object.client().wake_descriptor();
          },
          docs::kFileno)
      .def("subscribe", &ClientObject::Subscribe, py::arg("id"),
           py::arg("tenant"), py::arg("collection"), py::arg("filter"),
           py::arg("expression"), py::arg("membership"),
           py::arg("resume_after"), py::arg("ttl"), py::pos_only(),
           docs::kSubscribe)
      .def("cancel", &ClientObject::Cancel, py::arg("number"), py::pos_only(),
           docs::kCancel)
      .def("unsubscribe", &ClientObject::Unsubscribe, py::arg("id"),
           py::pos_only(), docs::kUnsubscribe)
      .def("acknowledge", &ClientObject::Acknowledge, py::arg("delivery"),
           py::pos_only(), docs::kAcknowledge)
      .def(
          "gaps_told",
          [](ClientObject& object) { object.client().GapsProcessed(); },
          ReleaseGil(), docs::kGapsTold)
      .def("session_state", &ClientObject::SessionState, py::arg("after"),
           py::arg("has_untold_gaps"), py::pos_only(), docs::kSessionState)
      .def("poll", &ClientObject::Poll, docs::kPoll)
      .def("take", &ClientObject::Take, py::arg("limit"), py::pos_only(),
           docs::kTake)
      .def(
          "close", [](ClientObject& object) { object.client().Close(); },
          ReleaseGil(), docs::kClose)
      .def(
          "await_quiet",
          [](ClientObject& object) { object.client().AwaitQuiet(); },
          ReleaseGil(), docs::kAwaitQuiet)
      .def_property_readonly(
          "state",
          [](ClientObject& object) {
            return Text(NameOf(object.client().state()));
          },
          docs::kState)
      .def_property_readonly("close_reason", &CloseReason, docs::kCloseReason)
      .def("statistics", &StatisticsOf, docs::kStatistics);
}

}  // namespace
}  // namespace streamer::python

PYBIND11_MODULE(_client, module) {
  // Defines the classes that the objects made here belong to.
  pybind11::module_::import("streamer._core");
  pybind11::options options;
  options.disable_function_signatures();
  module.doc() = "The client of the service, for an event loop.";
  streamer::python::DefineClient(module);
}
