// What Python calls Event and Delivery, wherever they come from: written by a
// user, delivered by a core in process, or received by the client. Fields are
// converted when they are read; a document is parsed once, on first access.
//
// `_core` defines the two Python classes; `_client` makes objects of them.
//
// Thread-safety: records are immutable; the objects need the GIL.
#ifndef STREAMER_PYTHON_EVENT_OBJECT_H_
#define STREAMER_PYTHON_EVENT_OBJECT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <pybind11/pybind11.h>

#include "base/status.h"

namespace streamer::python {

// The fields of an event. Views are valid as long as the record.
class EventRecord {
 public:
  virtual ~EventRecord() = default;

  [[nodiscard]] virtual std::string_view event_id() const = 0;
  [[nodiscard]] virtual std::string_view tenant() const = 0;
  [[nodiscard]] virtual std::string_view collection() const = 0;
  [[nodiscard]] virtual std::string_view id() const = 0;
  [[nodiscard]] virtual std::string_view operation() const = 0;
  // JSON; empty when there is none.
  [[nodiscard]] virtual std::string_view document() const = 0;
  [[nodiscard]] virtual std::string_view before() const = 0;
  // Nothing when no time was given.
  [[nodiscard]] virtual std::optional<std::int64_t> timestamp_ms() const = 0;
};

// The fields of a delivery, its event's included.
class DeliveryRecord : public EventRecord {
 public:
  [[nodiscard]] virtual std::string_view gateway() const = 0;
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;
  [[nodiscard]] virtual std::size_t subscription_count() const = 0;
  [[nodiscard]] virtual std::string_view subscription_id(
      std::size_t index) const = 0;
  [[nodiscard]] virtual std::size_t handle_count() const = 0;
  [[nodiscard]] virtual std::uint64_t handle(std::size_t index) const = 0;
  // What the event did to the documents of each subscription: "entered", …,
  // "" of one that did not ask. 0 when none did.
  [[nodiscard]] virtual std::size_t membership_count() const = 0;
  [[nodiscard]] virtual std::string_view membership(
      std::size_t index) const = 0;
  [[nodiscard]] virtual std::string progress() const = 0;
  // Nothing in process.
  [[nodiscard]] virtual std::optional<std::int64_t> received_ns() const = 0;
  // What only the service tells, in a session.
  [[nodiscard]] virtual std::uint64_t session() const { return 0; }
  [[nodiscard]] virtual bool is_redelivered() const { return false; }
  [[nodiscard]] virtual bool is_catching_up() const { return false; }
  [[nodiscard]] virtual bool is_document_omitted() const { return false; }
  [[nodiscard]] virtual std::uint32_t coalesced() const { return 0; }
};

// The Python class Event.
class EventObject {
 public:
  explicit EventObject(std::shared_ptr<const EventRecord> record)
      : record_(std::move(record)) {}

  [[nodiscard]] const EventRecord& record() const { return *record_; }
  [[nodiscard]] const std::shared_ptr<const EventRecord>& shared() const {
    return record_;
  }

  // The document as a dict, or None; the same object each time.
  pybind11::object document();
  // The document before the change, likewise.
  pybind11::object before();

 private:
  std::shared_ptr<const EventRecord> record_;
  pybind11::object document_;
  pybind11::object before_;
};

// The Python class Delivery.
class DeliveryObject {
 public:
  explicit DeliveryObject(std::shared_ptr<const DeliveryRecord> record)
      : record_(std::move(record)) {}

  [[nodiscard]] const DeliveryRecord& record() const { return *record_; }
  // Its Event; the same object each time.
  pybind11::object event();
  [[nodiscard]] pybind11::tuple subscription_ids() const;
  [[nodiscard]] pybind11::tuple handles() const;
  [[nodiscard]] pybind11::tuple memberships() const;

 private:
  std::shared_ptr<const DeliveryRecord> record_;
  pybind11::object event_;
};

// JSON as a dict; None for none.
pybind11::object ParseDocument(std::string_view json);

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_EVENT_OBJECT_H_
