// EventBody: the documents of one event, parsed and flattened: what a filter
// sees and what is delivered.
//
// The flattened document is the user fields, then `id`, `collection`,
// `version`, `updatedAt`, `createdAt`, and `deleted` only when true. These six
// names are the system's: a user field that bears one is hidden (and readable
// under data()), also when the system has nothing to put there.
//
// Cost: one parse of each body, one map of pointers.
// Thread-safety: immutable once made.
#ifndef STREAMER_EVENT_BODY_H_
#define STREAMER_EVENT_BODY_H_

#include <memory>
#include <string>

#include "base/arena.h"
#include "base/status.h"
#include "event/change_event.h"
#include "value/value.h"

namespace streamer {

class EventBody {
 public:
  // InvalidArgument when a body is not a JSON object. A delete without user
  // fields has doc() = {id, collection, deleted: true} and data() = {}.
  static Result<std::unique_ptr<const EventBody>> Parse(
      const ChangeEvent& event);

  [[nodiscard]] const Value& doc() const { return doc_; }
  [[nodiscard]] const Value& data() const { return data_; }
  // The flattened document before the change, or null.
  [[nodiscard]] const Value& before() const { return before_; }
  // Its user fields alone, made in `arena`. REQUIRES: before() is not null,
  // and `event` is what the body was parsed from.
  [[nodiscard]] Value BeforeData(const ChangeEvent& event, Arena& arena) const;

 private:
  friend std::string DeliveredJson(const ChangeEvent& event,
                                   const EventBody& body);
  EventBody() = default;
  Status ReadDocument(const ChangeEvent& event);
  Status ReadBefore(const ChangeEvent& event);

  Arena arena_;
  Value root_;  // the body as it came
  Value doc_;
  Value data_;
  Value root_before_;  // the before-image as it came
  Value before_;
};

// The flattened document as JSON, in the source's own spelling of numbers and
// strings: what is delivered. Empty for a delete without user fields.
// REQUIRES: `body` is the body of `event`.
std::string DeliveredJson(const ChangeEvent& event, const EventBody& body);

// The same, parsing the body first.
// REQUIRES: EventBody::Parse accepts the event.
std::string DeliveredJson(const ChangeEvent& event);

}  // namespace streamer

#endif  // STREAMER_EVENT_BODY_H_
