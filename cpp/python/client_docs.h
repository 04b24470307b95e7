// Docstrings of `_client`. Its only user is streamer/client.py, so they say
// how to use it right rather than by example.
#ifndef STREAMER_PYTHON_CLIENT_DOCS_H_
#define STREAMER_PYTHON_CLIENT_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kClientInit =
    R"(__init__(self, target, /, *, gateway_id, session, credential, resume, coalesce, acknowledges_itself, connect_timeout, heartbeat_interval, heartbeat_timeout, backoff_minimum, backoff_maximum, queue_deliveries, queue_bytes, max_message_bytes)
--

Begin to connect; see the class.
)";
inline constexpr const char* kClient =
    R"(A gateway's connection, begun at once; see client/client.h.

Parameters
----------
target : str
    ``host:port``, or any gRPC target.
gateway_id : str
    A label for the service's logs, or whose session it is.
session : bool
    Whether it is a session; the next four count only then.
credential : str
    What the service compares when the session is opened again.
resume : str
    The state of another client to go on from, or nothing.
coalesce : bool
    Whether the service may merge updates.
acknowledges_itself : bool
    Whether `acknowledge` says what is processed, rather than `take`.
connect_timeout, heartbeat_interval, heartbeat_timeout : float
    Seconds.
backoff_minimum, backoff_maximum : float
    Seconds between attempts to connect again.
queue_deliveries, queue_bytes : int
    Bounds of what is received and not yet taken.
max_message_bytes : int
    Largest message that is accepted; see client/client.h.

Notes
-----
Never calls Python: `fileno` becomes readable, and `poll` and `take` tell.
)";

inline constexpr const char* kFileno = R"(fileno(self, /)
--

Give the descriptor that is readable when there is something new.

Returns
-------
int
    Valid as long as the object.
)";

inline constexpr const char* kSubscribe =
    R"(subscribe(self, id, tenant, collection, filter, expression, membership, resume_after, ttl, /)
--

Ask for a subscription.

Parameters
----------
id, tenant, collection : str
    As for `streamer.Client.subscribe`.
filter : Filter or None
    What is asked of each event.
expression : str
    The same as CEL, when there is no filter: the service compiles it.
membership : bool
    Whether deliveries say what the event did to the filter's documents.
resume_after : str
    The progress to begin after, or nothing.
ttl : int or None
    Seconds to live.

Returns
-------
int
    The number under which `poll` brings the answer.
)";

inline constexpr const char* kCancel = R"(cancel(self, number, /)
--

Give up waiting for an answer.

Parameters
----------
number : int
    As given by `subscribe`; one that was answered is ignored.
)";

inline constexpr const char* kUnsubscribe = R"(unsubscribe(self, id, /)
--

End a subscription at once.

Parameters
----------
id : str
    Its id.

Returns
-------
int
    The number under which `poll` says that the service has ended it; 0
    without a session.

Raises
------
NotFound
    There is none.
)";

inline constexpr const char* kAcknowledge = R"(acknowledge(self, delivery, /)
--

Count everything up to a delivery as processed.

Parameters
----------
delivery : Delivery
    One that this client received.

Raises
------
InvalidArgument
    It is another's.
)";

inline constexpr const char* kGapsTold = R"(gaps_told(self, /)
--

Count the gaps given so far as processed.
)";

inline constexpr const char* kSessionState =
    R"(session_state(self, after, has_untold_gaps, /)
--

Give what another client needs to go on.

Parameters
----------
after : Delivery or None
    Count it, and everything before, as processed.
has_untold_gaps : bool
    Gaps were taken of which nobody was told.

Returns
-------
str
    Empty without a session, and before it is open.

Raises
------
InvalidArgument
    It is another's.
)";

inline constexpr const char* kPoll = R"(poll(self, /)
--

Take what happened, deliveries apart, and make `fileno` unreadable.

Returns
-------
connected : bool or Exception or None
    True once, when the first connection stands, or why there is none.
answers : list of (int, Subscription or Exception or None)
    Answers to `subscribe`; None and exceptions to `unsubscribe`.
gaps : list of (tuple of str, str, str or None, str, str)
    The fields of `streamer.Gap`, of the gaps before the next delivery.
welcomes : list of (int, str, int, str, str)
    The fields of `streamer.Welcome`, of the streams opened since.
)";

inline constexpr const char* kTake = R"(take(self, limit, /)
--

Take gaps, and deliveries behind them; what was taken before is processed.

Parameters
----------
limit : int
    Most deliveries, at least 1.

Returns
-------
gaps : list of (tuple of str, str, str or None, str, str)
    As for `poll`.
deliveries : list of Delivery
    Up to the next gap.
)";

inline constexpr const char* kClose = R"(close(self, /)
--

End the connection; what was received can still be taken.
)";

inline constexpr const char* kAwaitQuiet = R"(await_quiet(self, /)
--

Wait until nothing runs in the background; after `close`.
)";

inline constexpr const char* kState =
    "str: 'connecting', 'connected', 'reconnecting' or 'closed'.";
inline constexpr const char* kCloseReason =
    "Exception or None: Why it is closed, unless by `close`.";

inline constexpr const char* kStatistics = R"(statistics(self, /)
--

Count what happened so far.

Returns
-------
dict of str to int
    Counters and gauges.
)";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_CLIENT_DOCS_H_
