// Docstrings of sessions of a core in process.
#ifndef STREAMER_PYTHON_SESSION_DOCS_H_
#define STREAMER_PYTHON_SESSION_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kOpenSession =
    R"(session(self, gateway, /, *, session=0, last_sequence=0, last_progress='', credential='', coalesce=False, max_deliveries=65536, max_bytes=268435456)
--

Open a session, or go on with one, as a gateway over the wire does with Hello.

Parameters
----------
gateway : str
    Its identity.  A second stream of the same gateway and credential takes
    the session over: the first ends.
session : int, default 0
    The `Session.number` to go on with; 0 starts afresh and drops what an older
    session of the gateway had.
last_sequence : int, default 0
    Up to here nothing need be sent again: it counts as acknowledged.
last_progress : str, default ""
    `Delivery.progress` of the newest delivery up to there that was not
    catching up.
credential : str, default ""
    Whoever opens a session of a live gateway must have the same.
coalesce : bool, default False
    Allow that changes of one document come as one while the session is slow.
max_deliveries : int, default 65536
    How many deliveries wait, or are kept until they are acknowledged, before
    the session is behind and is caught up from the log later on.
max_bytes : int, default 268435456
    … and how many bytes of documents and ids.

Returns
-------
Session
    With the stream open.

Raises
------
InvalidArgument
    The gateway is no name, or the progress none of this core.
PermissionDenied
    Another credential holds the session.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> session = core.session("g1")
>>> _ = session.subscribe("s1", tenant="t", collection="c")
>>> _ = core.ingest(
...     streamer.Event(tenant="t", collection="c", id="d", document={"n": 1})
... )
>>> session.close()
>>> again = core.session("g1", session=session.number)
>>> again.continuity, [delivery.sequence for delivery in again.take()]
('complete', [1])
)";

inline constexpr const char* kSession =
    R"(A session of a core in process, with one stream of it.

The contract is that of a gateway over the wire: deliveries and notices are
numbered from 1, are kept until they are acknowledged, and are sent again to the
next stream; a session lives on for ``session_ttl_seconds`` without one.  Made
by `Core.session`.

Examples
--------
>>> import streamer
>>> session = streamer.Core().session("g1")
>>> session.continuity, session.next_sequence
('new', 1)
)";
inline constexpr const char* kSessionGateway = "str: The gateway.";
inline constexpr const char* kSessionNumber =
    "int: Its number, by which the next stream goes on.";
inline constexpr const char* kSessionContinuity =
    "str: What a stream that came back has missed: 'new': there is no before; "
    "'nothing_missed'; 'complete': something, and all of it follows; 'lost': "
    "something that cannot be had again: load anew.";
inline constexpr const char* kSessionNextSequence =
    "int: The number of what comes next.";
inline constexpr const char* kSessionEndReason =
    "str or None: Why the stream has ended; None while it has not.";

inline constexpr const char* kSessionSubscribe =
    R"(subscribe(self, id, /, *, tenant, collection, filter=None, expression=None, where=None, ttl_seconds=None, membership=False, resume_after=None)
--

Add a subscription.  Asking again for the same changes nothing.

Parameters
----------
id : str
    Its id, unique within the session.
tenant : str
    Its tenant.
collection : str
    Its collection.
filter : Filter, optional
    What is asked of each event.  Without any of the three, every event of the
    collection matches; of several, all must hold.
expression : str, optional
    The same as CEL.
where : sequence of (str, str, object), optional
    The same as conditions (field, op, value).
ttl_seconds : float, optional
    For how long it lives unless it is renewed; None: as long as the session.
membership : bool, default False
    Say of each delivery whether the document entered, changed or left.
resume_after : str, optional
    A `Delivery.progress`: what came after it is delivered from the log.  A
    notice ('resync') tells what the log no longer has.

Returns
-------
Subscription
    With the position after which deliveries are promised.

Raises
------
AlreadyExists
    Another filter has this id.
InvalidArgument, FilterError, QuotaExceeded
    As of `Core.subscribe`; or `resume_after` is no position of this core.
ClosedError
    The stream has ended.

Examples
--------
>>> import streamer
>>> session = streamer.Core().session("g1")
>>> session.subscribe("s1", tenant="t", collection="c").gateway
'g1'
)";

inline constexpr const char* kSessionUnsubscribe = R"(unsubscribe(self, id, /)
--

Remove a subscription.

Parameters
----------
id : str
    Its id.

Raises
------
NotFound
    There is none under this id.
ClosedError
    The stream has ended.

Examples
--------
>>> import streamer
>>> session = streamer.Core().session("g1")
>>> _ = session.subscribe("s1", tenant="t", collection="c")
>>> session.unsubscribe("s1")
)";

inline constexpr const char* kSessionTake = R"(take(self, limit=None)
--

Take what has come, in order.

Parameters
----------
limit : int, optional
    At most so many; None: all there is.

Returns
-------
list of Delivery or Notice
    Each once to each stream; what is not acknowledged comes again to the next.

Raises
------
InvalidArgument
    The limit is negative.

Examples
--------
>>> import streamer
>>> streamer.Core().session("g1").take()
[]
)";

inline constexpr const char* kSessionAcknowledge =
    R"(acknowledge(self, sequence, /)
--

Say that everything up to a number is processed.

Parameters
----------
sequence : int
    `Delivery.sequence` or `Notice.sequence`.

Raises
------
InvalidArgument
    So many were not sent.  The stream ends.
ClosedError
    The stream has ended.

Examples
--------
>>> import streamer
>>> streamer.Core().session("g1").acknowledge(0)
)";

inline constexpr const char* kSessionClose = R"(close(self, /)
--

Break the stream.  The session waits for the next one.

Examples
--------
>>> import streamer
>>> session = streamer.Core().session("g1")
>>> session.close()
>>> session.end_reason
'it was closed'
)";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_SESSION_DOCS_H_
