// Docstrings of Core and what it answers; see filter_docs.h.
#ifndef STREAMER_PYTHON_CORE_DOCS_H_
#define STREAMER_PYTHON_CORE_DOCS_H_

namespace streamer::python::docs {

inline constexpr const char* kCoreInit =
    R"(__init__(self, *, quota_per_gateway=10000, quota_per_tenant=50000, quota_total=100000, quota_memberships=1000, duplicate_window_seconds=180.0, duplicate_window_events=1000000, remembered_deletes=100000, remembered_documents=100000, evaluation_budget=50000, start_ms=0, session_ttl_seconds=60.0, retained_events=10000)
--

Make a core; see the class.
)";
inline constexpr const char* kCore =
    R"(The real core, in process: no socket, no thread, time under control.

Parameters
----------
quota_per_gateway : int, default 10000
    Most subscriptions of one gateway.
quota_per_tenant : int, default 50000
    Most subscriptions of one tenant.
quota_total : int, default 100000
    Most subscriptions in all.
quota_memberships : int, default 1000
    Most subscriptions of one collection that ask for membership, while its
    events come without before-images.
duplicate_window_seconds : float, default 180.0
    How long an event id is remembered.
duplicate_window_events : int, default 1000000
    How many event ids are remembered.
remembered_deletes : int, default 100000
    How many deleted documents are remembered, to tell recreations.
remembered_documents : int, default 100000
    Of how many events is remembered what they made of their documents, for
    subscriptions that ask for membership.
evaluation_budget : int, default 50000
    What a filter may cost on one event, in units of about 10 ns, before its
    subscriptions are suspended.
start_ms : int, default 0
    The time at which it starts, Unix time in milliseconds.
session_ttl_seconds : float, default 60.0
    For how long a `Session` without a stream is kept.
retained_events : int, default 10000
    How many events that went out are kept for sessions that are behind, and
    for subscriptions that begin in the past (``resume_after``).

Raises
------
InvalidArgument
    A bound is negative.

Notes
-----
Everything happens within the call that asks for it, in the calling thread,
with the GIL released.  Calls on one core are serialised, so use one core per
thread.  Time stands still until `advance`.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> subscription = core.subscribe(
...     "s1", tenant="t", collection="flights", expression="doc.delay > 30"
... )
>>> event = streamer.Event(
...     tenant="t", collection="flights", id="UA1", document={"delay": 45}
... )
>>> [delivery.subscription_ids for delivery in core.ingest(event)]
[('s1',)]
)";

inline constexpr const char* kSubscribe =
    R"(subscribe(self, id, /, *, tenant, collection, filter=None, expression=None, where=None, gateway='default', ttl_seconds=None, membership=False)
--

Register a subscription.

Parameters
----------
id : str
    Its id, unique within its gateway.
tenant : str
    The tenant whose events are meant.
collection : str
    Path of the collection.
filter : Filter, optional
    What is asked of each event.  Without any of the three, every event of the
    collection matches; of several, all must hold.
expression : str, optional
    The same as CEL.
where : sequence of (str, str, object), optional
    The same as conditions (field, op, value).
gateway : str, default "default"
    Its gateway, which exists from its first subscription on.
ttl_seconds : float, optional
    When it expires unless renewed.  Without it, it lives as long as its
    gateway.
membership : bool, default False
    Have each delivery say whether the document entered the filter, changed in
    it or left it; the last comes although the filter holds no more.

Returns
-------
Subscription
    Deliveries are promised for events after its ``progress``.  Asking again
    for the same subscription changes nothing and gives the same handle.

Raises
------
FilterError
    The filter is malformed.
InvalidArgument
    The id, tenant, collection or time to live is malformed.
AlreadyExists
    The gateway has another subscription under this id: another filter, or
    one that did not ask for membership alike.
QuotaExceeded
    A quota is used up; ``scope`` says which.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> subscription = core.subscribe(
...     "s1", tenant="t", collection="rooms", where=[("seats", ">=", 4)]
... )
>>> subscription.handle
1

A live list, which hears also of what leaves it:

>>> _ = core.subscribe(
...     "s2", tenant="t", collection="rooms", where=[("seats", ">", 9)],
...     membership=True,
... )
>>> def change(op, seats):
...     event = streamer.Event(
...         tenant="t", collection="rooms", id="r1", op=op,
...         document={"seats": seats},
...     )
...     return [delivery.memberships for delivery in core.ingest(event)]
>>> change("insert", 12)
[(None, 'entered')]
>>> change("update", 5)
[(None, 'left')]
)";

inline constexpr const char* kUnsubscribe =
    R"(unsubscribe(self, id, /, *, gateway='default')
--

Remove a subscription.

Parameters
----------
id : str
    Its id.
gateway : str, default "default"
    Its gateway.

Raises
------
NotFound
    There is none under this id.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms")
>>> core.unsubscribe("s1")
>>> core.subscriptions()
[]
)";

inline constexpr const char* kRenew =
    R"(renew(self, id, /, *, gateway='default', ttl_seconds=None)
--

Let a subscription live for another time to live from now.

Parameters
----------
id : str
    Its id.
gateway : str, default "default"
    Its gateway.
ttl_seconds : float, optional
    The new time to live; without it, its own.

Returns
-------
int or None
    When it expires, Unix time in milliseconds; None when it does not.

Raises
------
NotFound
    There is none under this id.
InvalidArgument
    The time to live is not positive.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms", ttl_seconds=60)
>>> core.advance(seconds=50)
>>> core.renew("s1")
110000
)";

inline constexpr const char* kDisconnect = R"(disconnect(self, gateway, /)
--

End a gateway and all of its subscriptions.

Parameters
----------
gateway : str
    Its name.

Raises
------
NotFound
    There is none of this name.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms", gateway="g1")
>>> core.disconnect("g1")
>>> core.subscriptions()
[]
)";

inline constexpr const char* kIngest = R"(ingest(self, events, /)
--

Take events in order and give their deliveries.

Parameters
----------
events : Event, dict, str or bytes, or an iterable of these
    A dict or a text is read like a line of NDJSON, see `read_ndjson`.

Returns
-------
list of Delivery, or iterator of Delivery
    In the order of the events; of one event, in the order in which its
    gateways came.  What has a length, like a list, is taken at once.  An
    iterator, like `read_ndjson`, is taken in batches while the result is
    iterated over, and no further than that.

Raises
------
EventError
    An event is malformed; ``index`` says which.  Given at once: nothing was
    taken.  Given by an iterator: all before it were taken and delivered.
TypeError
    An event has another type; the same holds.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms")
>>> line = '{"tenant": "t", "collection": "rooms", "id": "r1", "op": "delete"}'
>>> [delivery.event.operation for delivery in core.ingest([line])]
['delete']
)";

inline constexpr const char* kAdvance = R"(advance(self, /, *, seconds)
--

Move time forward and expire what is due.

Parameters
----------
seconds : float
    How far.

Raises
------
InvalidArgument
    It is negative.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms", ttl_seconds=60)
>>> core.advance(seconds=60)
>>> [(notice.kind, notice.subscription_ids) for notice in core.notices()]
[('closed', ('s1',))]
)";

inline constexpr const char* kNowMs =
    "int: Its time, Unix time in milliseconds.";

inline constexpr const char* kSubscriptions = R"(subscriptions(self, /)
--

List the live subscriptions.

Returns
-------
list of SubscriptionInfo
    Ascending by handle.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="rooms")
>>> [info.id for info in core.subscriptions()]
['s1']
)";

inline constexpr const char* kNotices = R"(notices(self, /)
--

Take what gateways were told without having asked, deliveries apart.

Returns
-------
list of Notice
    In order, each once.  At most the newest 10,000 wait to be taken; older
    ones are counted as ``notices_dropped`` of `statistics`.

Examples
--------
>>> import streamer
>>> streamer.Core().notices()
[]
)";

inline constexpr const char* kStatistics = R"(statistics(self, /)
--

Count what happened so far.

Returns
-------
dict of str to int
    Counters, which only grow, and gauges, such as ``distinct_filters``.

Examples
--------
>>> import streamer
>>> streamer.Core().statistics()["events_ingested"]
0
)";

inline constexpr const char* kSubscription = R"(A subscription as it was made.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> core.subscribe("s1", tenant="t", collection="rooms").gateway
'default'
)";
inline constexpr const char* kSubscriptionInfo =
    R"(A subscription as it is listed.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="c", expression="doc.a")
>>> core.subscriptions()[0].filter
'doc.a'
)";
inline constexpr const char* kSubscriptionId =
    "str: Its id, unique within its gateway.";
inline constexpr const char* kHandle =
    "int: Its handle, never used twice; 0 when the service does not tell.";
inline constexpr const char* kGateway = "str: Its gateway.";
inline constexpr const char* kSubscriptionProgress =
    "str: The position after which deliveries are promised; empty when the "
    "service does not tell.";
inline constexpr const char* kExpiresAtMs =
    "int or None: When it expires unless renewed, Unix time in milliseconds; "
    "None when it lives as long as its gateway.";
inline constexpr const char* kFilterText = "str: Its filter as CEL.";

inline constexpr const char* kNotice =
    R"(What a gateway was told without having asked.

Examples
--------
>>> import streamer
>>> core = streamer.Core()
>>> _ = core.subscribe("s1", tenant="t", collection="c", ttl_seconds=1)
>>> core.advance(seconds=1)
>>> core.notices()[0].reason
'expired'
)";
inline constexpr const char* kNoticeKind =
    "str: 'closed': subscriptions ended; 'resync': they may have missed "
    "something; 'gateway_closed': the gateway and all of them ended.";
inline constexpr const char* kNoticeGateway = "str: The gateway told.";
inline constexpr const char* kNoticeIds =
    "tuple of str: The subscriptions concerned; empty: all of the gateway.";
inline constexpr const char* kNoticeReason = "str: Why.";
inline constexpr const char* kNoticeSequence =
    "int: Its number, counted together with deliveries; 0 for "
    "'gateway_closed'.";
inline constexpr const char* kNoticeFrom =
    "str: Of a 'resync': events after this position may be missing; else "
    "empty.";
inline constexpr const char* kNoticeTo =
    "str: Of a 'resync': … up to this one; else empty.";

inline constexpr const char* kIngestion =
    R"(Deliveries of events that are taken while it is iterated over.

Examples
--------
>>> import streamer
>>> next(iter(streamer.Core().ingest(iter([]))), "nothing")
'nothing'
)";

}  // namespace streamer::python::docs

#endif  // STREAMER_PYTHON_CORE_DOCS_H_
