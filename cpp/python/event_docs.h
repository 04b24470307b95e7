// Docstrings of Event and Delivery; see filter_docs.h.
#ifndef STREAMER_PYTHON_EVENT_DOCS_H_
#define STREAMER_PYTHON_EVENT_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kEventInit =
    R"(__init__(self, *, tenant, collection, id, op='insert', document=None, before=None, event_id=None, timestamp_ms=None)
--

Make an event; see the class.
)";
inline constexpr const char* kEvent = R"(One change of one document.

Parameters
----------
tenant : str
    The isolation unit that the document belongs to.
collection : str
    Path of its collection, such as ``rooms/room-1/messages``.
id : str
    Its id within the collection.
op : {"insert", "update", "replace", "delete"}, default "insert"
    What the source did.
document : dict, str or bytes, optional
    The document after the change, as a dict or as JSON, which is kept as it
    is written.  Needed but for a delete.
before : dict, str or bytes, optional
    The document before the change, if the source knows it.
event_id : str, optional
    Identity within the source: a second event with the same id and content is
    a duplicate.  Without one there are no duplicates.
timestamp_ms : int, optional
    When it happened, Unix time in milliseconds; without it, when it is
    ingested.

Raises
------
InvalidArgument
    A field is malformed; the message names it.
TypeError
    A document holds what JSON does not have.

Notes
-----
The events of deliveries are of this class, too: there ``operation`` says what
the change meant to users, and ``document`` holds ``id`` and ``collection``.
Fields are converted when they are read.

Examples
--------
>>> import streamer
>>> event = streamer.Event(
...     tenant="t", collection="rooms", id="r1", document={"seats": 4}
... )
>>> event.document["seats"]
4
>>> event.document_json
b'{"seats":4}'
)";
inline constexpr const char* kEventId =
    "str: Identity within the source; empty when none was given.";
inline constexpr const char* kTenant = "str: The tenant of the document.";
inline constexpr const char* kCollection = "str: Path of its collection.";
inline constexpr const char* kId = "str: The id of the document.";
inline constexpr const char* kOperation =
    "str: 'insert', 'update' or 'delete'; of an event not yet ingested also "
    "'replace'.";
inline constexpr const char* kDocument =
    "dict or None: The document, parsed on first access, the same dict each "
    "time; None when there is none.";
inline constexpr const char* kDocumentJson =
    "bytes: The document as JSON, not parsed; empty when there is none.";
inline constexpr const char* kBefore =
    "dict or None: The document before the change, if it is known.";
inline constexpr const char* kTimestampMs =
    "int or None: When it happened, Unix time in milliseconds; None when "
    "nobody said.";

inline constexpr const char* kFromLine = R"(event_from_line(line, /)
--

Read one line of NDJSON.

Parameters
----------
line : str or bytes
    An event, as `read_ndjson` reads it.

Returns
-------
Event
    The event.

Raises
------
InvalidArgument
    The line is malformed.
)";

inline constexpr const char* kDelivery = R"(One event for one gateway.

Notes
-----
Attributes are converted when they are read, so one that is not looked at
costs nothing.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms")
>>> [delivery] = core.ingest(
...     streamer.Event(tenant="t", collection="rooms", id="r1", document={})
... )
>>> delivery.subscription_ids
('s1',)
>>> delivery.event.document
{'id': 'r1', 'collection': 'rooms'}
)";
inline constexpr const char* kDeliveryGateway =
    "str: The gateway that it is for.";
inline constexpr const char* kSequence =
    "int: Dense from 1 for each gateway; 0 when the service does not tell.";
inline constexpr const char* kDeliverySession =
    "int: The number of the session in which `sequence` counts; it has another "
    "after a restart of the service.  0 without a session, and in process, "
    "where `Session.number` is it.";
inline constexpr const char* kSubscriptionIds =
    "tuple of str: The subscriptions that the event matched, ascending by "
    "handle.";
inline constexpr const char* kHandles =
    "tuple of int: Their handles, in the same order; empty when the service "
    "does not tell.";
inline constexpr const char* kMemberships =
    R"(tuple of str or None: What the event did to each one's documents.

In the order of ``subscription_ids``: ``"entered"``, ``"changed"`` or
``"left"``; when it is not known what was before, ``"unknown_in"`` or
``"unknown_out"``; None for one that did not ask for membership.  Empty when
none did.
)";
inline constexpr const char* kProgress =
    "str: The position of the event; empty when the service does not tell.";
inline constexpr const char* kDeliveryEvent =
    "Event: The event; the same object each time.";
inline constexpr const char* kReceivedNs =
    "int or None: When the client received it, on the monotonic clock, in "
    "nanoseconds, comparable with `time.monotonic_ns`; None in process.";
inline constexpr const char* kIsRedelivered =
    "bool: Whether it may have been delivered before, in an earlier epoch of "
    "the session; False without a session.";
inline constexpr const char* kIsCatchingUp =
    "bool: Whether it was read from the log for subscriptions that are "
    "behind; False without a session.";
inline constexpr const char* kIsDocumentOmitted =
    "bool: Whether the document was larger than the client takes and was left "
    "out; False without a session.";
inline constexpr const char* kCoalesced =
    "int: How many earlier events of the document were merged into this one; "
    "0 without a session.";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_EVENT_DOCS_H_
