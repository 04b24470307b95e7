// Core, and what it answers.
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "event/decoder.h"
#include "event/position.h"
#include "python/bindings.h"
#include "python/core_arguments.h"
#include "python/core_docs.h"
#include "python/errors.h"
#include "python/event_object.h"
#include "python/in_process_core.h"
#include "python/subscription_object.h"

namespace streamer::python {
namespace {

namespace py = pybind11;

// For sessions that are behind: little, for those who open none.
constexpr std::int64_t kRetainedEvents = 10'000;

std::unique_ptr<InProcessCore> MakeCore(
    std::int64_t quota_per_gateway, std::int64_t quota_per_tenant,
    std::int64_t quota_total, std::int64_t quota_memberships,
    double duplicate_window_seconds, std::int64_t duplicate_window_events,
    std::int64_t remembered_deletes, std::int64_t remembered_documents,
    std::int64_t evaluation_budget, std::int64_t start_ms,
    double session_ttl_seconds, std::int64_t retained_events) {
  CoreOptions options;
  options.quota.per_gateway = Bound("quota_per_gateway", quota_per_gateway);
  options.quota.per_tenant = Bound("quota_per_tenant", quota_per_tenant);
  options.quota.total = Bound("quota_total", quota_total);
  options.quota.memberships = Bound("quota_memberships", quota_memberships);
  options.duplicates.age =
      Seconds("duplicate_window_seconds", duplicate_window_seconds);
  options.duplicates.count =
      Bound("duplicate_window_events", duplicate_window_events);
  options.normalizer.remembered_deletes =
      Bound("remembered_deletes", remembered_deletes);
  options.membership.remembered_documents =
      Bound("remembered_documents", remembered_documents);
  options.evaluation_budget = Bound("evaluation_budget", evaluation_budget);
  options.session.ttl = Seconds("session_ttl_seconds", session_ttl_seconds);
  return std::make_unique<InProcessCore>(
      options, FromUnixMillis(start_ms),
      Bound("retained_events", retained_events));
}

SubscriptionObject AddSubscription(
    InProcessCore& core, const std::string& id, const std::string& tenant,
    const std::string& collection, const SourcedFilter* filter,
    const std::optional<std::string>& expression, const py::object& where,
    const std::string& gateway, std::optional<double> ttl_seconds,
    bool membership) {
  Subscribe subscribe =
      SubscribeFromArguments(id, tenant, collection, filter, expression, where,
                             ttl_seconds, membership);
  return ToObject(ValueOrRaise(WithoutGil([&] {
                    return core.AddSubscription(gateway, std::move(subscribe));
                  })),
                  gateway);
}

void RemoveSubscription(InProcessCore& core, const std::string& id,
                        const std::string& gateway) {
  const UnsubscribeResponse response = ValueOrRaise(
      WithoutGil([&] { return core.RemoveSubscription(gateway, id); }));
  RaiseIfError(response.status);
}

std::optional<std::int64_t> RenewSubscription(
    InProcessCore& core, const std::string& id, const std::string& gateway,
    std::optional<double> ttl_seconds) {
  const std::optional<Duration> ttl = TimeToLive(ttl_seconds);
  const RenewResponse response = ValueOrRaise(
      WithoutGil([&] { return core.RenewSubscription(gateway, id, ttl); }));
  RaiseIfError(response.status);
  return ToMillis(response.expires_at);
}

std::int64_t NowMillis(const InProcessCore& core) {
  return WithoutGil([&] { return ToUnixMillis(core.now()); });
}

Deliveries IngestBatch(InProcessCore& core, std::vector<SourceEvent> events) {
  return ValueOrRaise(
      WithoutGil([&] { return core.Ingest(std::move(events)); }));
}

// Deliveries of events that are taken from an iterator batch by batch, while
// this is iterated over.
class Ingestion {
 public:
  Ingestion(py::object core, py::iterator events)
      : core_(std::move(core)), events_(std::move(events)) {}

  DeliveryObject Next() {
    while (next_ == deliveries_.size()) {
      RaiseFailure();
      TakeBatch();
    }
    return DeliveryObject(std::move(deliveries_[next_++]));
  }

 private:
  static constexpr std::size_t kBatch = 256;

  void RaiseFailure() {
    if (failure_.has_value()) {
      has_ended_ = true;
      throw py::error_already_set(*std::exchange(failure_, std::nullopt));
    }
    if (has_ended_) throw py::stop_iteration();
  }

  // What fails within a batch waits until the deliveries before it were given.
  void TakeBatch() {
    auto& core = core_.cast<InProcessCore&>();
    std::vector<SourceEvent> batch;
    try {
      ReadBatch(NowMillis(core), batch);
    } catch (py::error_already_set& failure) {
      failure_.emplace(std::move(failure));
    } catch (const py::type_error& failure) {
      failure.set_error();
      failure_.emplace();
    }
    deliveries_ = IngestBatch(core, std::move(batch));
    next_ = 0;
  }

  void ReadBatch(std::int64_t now_ms, std::vector<SourceEvent>& batch) {
    for (; batch.size() < kBatch; ++events_, ++taken_) {
      if (events_ == py::iterator::sentinel()) {
        has_ended_ = true;
        return;
      }
      batch.push_back(SourceFromPython(*events_, taken_, now_ms));
    }
  }

  py::object core_;
  py::iterator events_;
  std::size_t taken_ = 0;
  bool has_ended_ = false;
  std::optional<py::error_already_set> failure_;
  Deliveries deliveries_;
  std::size_t next_ = 0;
};

bool IsOneEvent(const py::object& events) {
  return py::isinstance<EventObject>(events) || PyDict_Check(events.ptr()) ||
         PyUnicode_Check(events.ptr()) || PyBytes_Check(events.ptr());
}

py::list IngestAtOnce(InProcessCore& core, const py::iterable& events) {
  const std::int64_t now_ms = NowMillis(core);
  std::vector<SourceEvent> batch;
  for (const py::handle event : events) {
    batch.push_back(SourceFromPython(event, batch.size(), now_ms));
  }
  py::list deliveries;
  for (auto& record : IngestBatch(core, std::move(batch))) {
    deliveries.append(DeliveryObject(std::move(record)));
  }
  return deliveries;
}

py::object Ingest(const py::object& self, const py::object& events) {
  auto& core = self.cast<InProcessCore&>();
  if (IsOneEvent(events)) return IngestAtOnce(core, py::make_tuple(events));
  if (py::hasattr(events, "__len__")) return IngestAtOnce(core, events);
  return py::cast(Ingestion(self, py::iter(events)));
}

// The parts of a notice, whatever it is about.
struct NoticeText {
  const char* operator()(const SubscriptionClosed&) const { return "closed"; }
  const char* operator()(const ResyncRequired&) const { return "resync"; }
  const char* operator()(const GatewayClosed&) const {
    return "gateway_closed";
  }
};

struct NoticeIds {
  std::vector<std::string> operator()(const SubscriptionClosed& closed) const {
    return {closed.subscription_id};
  }
  std::vector<std::string> operator()(const ResyncRequired& resync) const {
    return resync.subscription_ids;
  }
  std::vector<std::string> operator()(const GatewayClosed&) const { return {}; }
};

struct NoticeReason {
  std::string operator()(const SubscriptionClosed& closed) const {
    switch (closed.reason) {
      case CloseReason::kExpired:
        return "expired";
      case CloseReason::kSuspended:
        return "suspended: " + closed.detail;
      case CloseReason::kRevoked:
        break;
    }
    return "revoked";
  }
  std::string operator()(const ResyncRequired& resync) const {
    return resync.reason;
  }
  std::string operator()(const GatewayClosed& closed) const {
    return std::string(MessageOf(closed.status));
  }
};

struct NoticeSequence {
  std::uint64_t operator()(const GatewayClosed&) const { return 0; }
  template <typename Numbered>
  std::uint64_t operator()(const Numbered& notice) const {
    return notice.sequence;
  }
};

std::pair<std::string, std::string> RangeOf(const Notice& notice) {
  const auto* resync = std::get_if<ResyncRequired>(&notice.what);
  if (resync == nullptr) return {};
  return {FormatProgress(resync->from), FormatProgress(resync->to)};
}

py::dict StatisticsOf(const InProcessCore& core) {
  const EngineStatistics counts = WithoutGil([&] { return core.Statistics(); });
  using py::literals::operator""_a;
  return py::dict(
      "events_ingested"_a = counts.events_ingested,
      "events_processed"_a = counts.events_processed,
      "events_skipped_malformed"_a = counts.events_skipped_malformed,
      "events_skipped_delete_unresolved"_a =
          counts.events_skipped_delete_unresolved,
      "events_skipped_deleted_again"_a = counts.events_skipped_deleted_again,
      "duplicate_events"_a = counts.duplicate_events,
      "gaps_detected"_a = counts.gaps_detected,
      "past_events"_a = counts.past_events,
      "memberships_unknown"_a = counts.memberships_unknown,
      "subscriptions_active"_a = counts.subscriptions_active_match_all +
                                 counts.subscriptions_active_document +
                                 counts.subscriptions_active_filter,
      "subscriptions_registered"_a = counts.subscriptions_registered,
      "subscriptions_unregistered"_a = counts.subscriptions_unregistered,
      "subscriptions_expired"_a = counts.subscriptions_expired,
      "subscriptions_suspended"_a = counts.subscriptions_suspended,
      "quota_exceeded"_a =
          counts.quota_exceeded_gateway + counts.quota_exceeded_tenant +
          counts.quota_exceeded_total + counts.quota_exceeded_collection,
      "distinct_filters"_a = counts.distinct_filters,
      "gateways_connected"_a = counts.gateways_connected,
      "deliveries"_a = counts.deliveries, "matches"_a = counts.match.matches,
      "candidates"_a = counts.match.candidates,
      "notices_dropped"_a = core.dropped_notices());
}

void DefineSubscription(py::module_& module) {
  using Object = SubscriptionObject;
  py::class_<Object>(module, "Subscription", docs::kSubscription)
      .def_readonly("id", &Object::id, docs::kSubscriptionId)
      .def_readonly("handle", &Object::handle, docs::kHandle)
      .def_readonly("gateway", &Object::gateway, docs::kGateway)
      .def_readonly("progress", &Object::progress, docs::kSubscriptionProgress)
      .def_readonly("expires_at_ms", &Object::expires_at_ms, docs::kExpiresAtMs)
      .def("__repr__", [](const Object& subscription) {
        return std::string(
            py::str("Subscription(id={!r}, handle={}, gateway={!r}, "
                    "progress={!r}, expires_at_ms={})")
                .format(subscription.id, subscription.handle,
                        subscription.gateway, subscription.progress,
                        subscription.expires_at_ms));
      });
}

void DefineSubscriptionInfo(py::module_& module) {
  using Info = SubscriptionInfo;
  py::class_<Info>(module, "SubscriptionInfo", docs::kSubscriptionInfo)
      .def_readonly("id", &Info::subscription_id, docs::kSubscriptionId)
      .def_property_readonly(
          "handle", [](const Info& info) { return info.handle.value(); },
          docs::kHandle)
      .def_readonly("gateway", &Info::gateway_id, docs::kGateway)
      .def_readonly("tenant", &Info::tenant, "str: Its tenant.")
      .def_readonly("collection", &Info::collection, "str: Its collection.")
      .def_readonly("filter", &Info::filter, docs::kFilterText)
      .def_property_readonly(
          "expires_at_ms",
          [](const Info& info) { return ToMillis(info.expires_at); },
          docs::kExpiresAtMs)
      .def("__repr__", [](const Info& info) {
        return std::string(
            py::str("SubscriptionInfo(id={!r}, gateway={!r}, tenant={!r}, "
                    "collection={!r}, filter={!r})")
                .format(info.subscription_id, info.gateway_id, info.tenant,
                        info.collection, info.filter));
      });
}

void DefineNotice(py::module_& module) {
  py::class_<Notice>(module, "Notice", docs::kNotice)
      .def_property_readonly(
          "kind",
          [](const Notice& notice) {
            return std::visit(NoticeText(), notice.what);
          },
          docs::kNoticeKind)
      .def_readonly("gateway", &Notice::gateway, docs::kNoticeGateway)
      .def_property_readonly(
          "subscription_ids",
          [](const Notice& notice) {
            return py::tuple(py::cast(std::visit(NoticeIds(), notice.what)));
          },
          docs::kNoticeIds)
      .def_property_readonly(
          "reason",
          [](const Notice& notice) {
            return std::visit(NoticeReason(), notice.what);
          },
          docs::kNoticeReason)
      .def_property_readonly(
          "sequence",
          [](const Notice& notice) {
            return std::visit(NoticeSequence(), notice.what);
          },
          docs::kNoticeSequence)
      .def_property_readonly(
          "from_progress",
          [](const Notice& notice) { return RangeOf(notice).first; },
          docs::kNoticeFrom)
      .def_property_readonly(
          "to_progress",
          [](const Notice& notice) { return RangeOf(notice).second; },
          docs::kNoticeTo)
      .def("__repr__", [](const py::object& notice) {
        return py::str(
                   "Notice(kind={!r}, gateway={!r}, "
                   "subscription_ids={!r}, reason={!r})")
            .format(notice.attr("kind"), notice.attr("gateway"),
                    notice.attr("subscription_ids"), notice.attr("reason"));
      });
}

void DefineCoreClass(py::module_& module) {
  const CoreOptions defaults;
  using py::literals::operator""_a;
  py::class_<InProcessCore>(module, "Core", docs::kCore)
      .def(py::init(&MakeCore), py::kw_only(),
           "quota_per_gateway"_a = defaults.quota.per_gateway,
           "quota_per_tenant"_a = defaults.quota.per_tenant,
           "quota_total"_a = defaults.quota.total,
           "quota_memberships"_a = defaults.quota.memberships,
           "duplicate_window_seconds"_a =
               std::chrono::duration<double>(defaults.duplicates.age).count(),
           "duplicate_window_events"_a = defaults.duplicates.count,
           "remembered_deletes"_a = defaults.normalizer.remembered_deletes,
           "remembered_documents"_a = defaults.membership.remembered_documents,
           "evaluation_budget"_a = defaults.evaluation_budget, "start_ms"_a = 0,
           "session_ttl_seconds"_a =
               std::chrono::duration<double>(defaults.session.ttl).count(),
           "retained_events"_a = kRetainedEvents, docs::kCoreInit)
      .def("subscribe", &AddSubscription, "id"_a, py::pos_only(), py::kw_only(),
           "tenant"_a, "collection"_a, "filter"_a = py::none(),
           "expression"_a = py::none(), "where"_a = py::none(),
           "gateway"_a = "default", "ttl_seconds"_a = py::none(),
           "membership"_a = false, docs::kSubscribe)
      .def("unsubscribe", &RemoveSubscription, "id"_a, py::pos_only(),
           py::kw_only(), "gateway"_a = "default", docs::kUnsubscribe)
      .def("renew", &RenewSubscription, "id"_a, py::pos_only(), py::kw_only(),
           "gateway"_a = "default", "ttl_seconds"_a = py::none(), docs::kRenew)
      .def(
          "disconnect",
          [](InProcessCore& core, const std::string& gateway) {
            RaiseIfError(
                WithoutGil([&] { return core.DisconnectGateway(gateway); }));
          },
          "gateway"_a, py::pos_only(), docs::kDisconnect)
      .def("ingest", &Ingest, "events"_a, py::pos_only(), docs::kIngest)
      .def(
          "advance",
          [](InProcessCore& core, double seconds) {
            const Duration duration = Seconds("seconds", seconds);
            WithoutGil([&] { core.Advance(duration); });
          },
          py::kw_only(), "seconds"_a, docs::kAdvance)
      .def_property_readonly("now_ms", &NowMillis, docs::kNowMs)
      .def(
          "subscriptions",
          [](const InProcessCore& core) {
            return WithoutGil([&] { return core.List(); });
          },
          docs::kSubscriptions)
      .def(
          "notices",
          [](InProcessCore& core) {
            return WithoutGil([&] { return core.TakeNotices(); });
          },
          docs::kNotices)
      .def("statistics", &StatisticsOf, docs::kStatistics);
}

}  // namespace

void DefineCore(py::module_& module) {
  DefineSubscription(module);
  DefineSubscriptionInfo(module);
  DefineNotice(module);
  py::class_<Ingestion>(module, "Ingestion", docs::kIngestion)
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &Ingestion::Next);
  DefineSession(module);
  DefineCoreClass(module);
  DefineOpenSession(module);
}

}  // namespace streamer::python
