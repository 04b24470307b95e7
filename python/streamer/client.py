"""The client of the service, for asyncio.

The C++ client underneath reads the stream, reconnects and resubscribes.  Here
its descriptor is watched by the event loop: no thread, no polling.
"""

from __future__ import annotations

import asyncio
import atexit
import uuid
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
)

from streamer._core import Delivery, Filter, Subscription
from streamer.errors import ClosedError, ConnectionLost, Error, InvalidArgument

if TYPE_CHECKING:
    from types import TracebackType

    from streamer import _client

__all__ = ["Client", "Gap", "Welcome", "connect"]

_Callback = TypeVar("_Callback", bound=Callable[["Gap"], Any])
_Told = TypeVar("_Told", "Gap", "Welcome")
_WelcomeCallback = TypeVar("_WelcomeCallback", bound=Callable[["Welcome"], Any])

# Deliveries given one by one before other tasks get a turn.
_TURN: Final = 256

# Gaps kept for a callback that has not been registered yet.
_MOST_UNTOLD: Final = 1024

_open_clients: weakref.WeakSet[Client] = weakref.WeakSet()


class Gap(NamedTuple):
    """A notice that subscriptions may have missed events, or were ended.

    Parameters
    ----------
    subscription_ids : tuple of str
        The subscriptions concerned.  What was built on them must be loaded
        again; unless it has ended, a subscription goes on by itself.  Empty:
        every subscription of the session, also those not asked for here; only
        for a client that goes on from another's `Client.session_state` or
        from what was registered over HTTP, or one that called
        `Client.on_gap` when too many gaps had come.
    reason : str
        Why: the stream broke, the service lost continuity, or it ended a
        subscription.
    ended : {"refused", "expired", "suspended", "revoked"} or None
        Why the service ended them: it refused them when they were asked for
        again, their time to live passed, their filters cost too much, or
        whoever may do so took them away.  None: they go on.
    from_progress, to_progress : str
        Positions, comparable with `Delivery.progress`: events after the one,
        up to the other, may be missing.  Empty when that is not known, as it
        is without a session.

    Examples
    --------
    >>> import streamer
    >>> gap = streamer.Gap(("s1",), "the stream broke: connection reset")
    >>> gap.subscription_ids
    ('s1',)
    """

    subscription_ids: tuple[str, ...]
    reason: str
    ended: Literal["refused", "expired", "suspended", "revoked"] | None = None
    from_progress: str = ""
    to_progress: str = ""


class Welcome(NamedTuple):
    """How the service goes on with a session on a new stream.

    Parameters
    ----------
    session : int
        The session's number from here on, as in `Delivery.session`.
    continuity : {"new", "nothing_missed", "complete", "lost"}
        What the client has missed of what it had not processed: there is no
        before; nothing; something, and all of it follows; something that
        cannot be had again, which a `Gap` tells in its place.
    next_sequence : int
        The `Delivery.sequence` of what comes next.
    from_progress, to_progress : str
        Positions, comparable with `Delivery.progress`, between which that was;
        empty when they are not known.

    Examples
    --------
    >>> import streamer
    >>> streamer.Welcome(7, "complete", 12).continuity
    'complete'
    """

    session: int
    continuity: Literal["new", "nothing_missed", "complete", "lost"]
    next_sequence: int
    from_progress: str = ""
    to_progress: str = ""


def connect(
    target: str,
    /,
    *,
    gateway_id: str = "",
    session: bool = False,
    credential: str = "",
    resume: str = "",
    coalesce: bool = False,
    acknowledgement: Literal["automatic", "manual"] = "automatic",
    connect_timeout: float = 5.0,
    heartbeat_interval: float = 10.0,
    heartbeat_timeout: float = 30.0,
    backoff_minimum: float = 0.1,
    backoff_maximum: float = 30.0,
    queue_deliveries: int = 8192,
    queue_bytes: int = 64 << 20,
    max_message_bytes: int = 8 << 20,
) -> Client:
    """Connect to the service.

    Parameters
    ----------
    target : str
        ``host:port`` of the service's gRPC port, or any gRPC target.
    gateway_id : str, default ""
        A label for the service's logs.  For a session, whose it is: at most
        one client at a time, the newest one wins.
    session : bool, default False
        Whether subscriptions and what was not processed outlive a broken
        stream, so that nothing is missed; see `Client`.
    credential : str, default ""
        Printable ASCII, sent as ``authorization``.  A session is only given
        to a client with the credential of the one that began it.
    resume : str, default ""
        The `Client.session_state` of another client, to go on from there.
        What was missed since is told in a `Gap`, which waits for a callback
        of `Client.on_gap` when there is none yet.
    coalesce : bool, default False
        Whether the service may merge updates of one document while this
        client is slow.
    acknowledgement : {"automatic", "manual"}, default "automatic"
        When a delivery of a session counts as processed: when the next one or
        the next batch is asked for, which suits a single task; or when
        `Client.acknowledge` says so.
    connect_timeout : float, default 5.0
        Seconds that the first connection may take.
    heartbeat_interval : float, default 10.0
        Seconds between heartbeats.
    heartbeat_timeout : float, default 30.0
        Seconds of silence after a heartbeat that count as a broken stream.
    backoff_minimum : float, default 0.1
        Fewest seconds before an attempt to connect again; a bound of twice
        as many doubles with each, and they are drawn at random from its
        upper half.
    backoff_maximum : float, default 30.0
        Seconds that they never exceed.
    queue_deliveries : int, default 8192
        Most deliveries received and not yet taken.  When the queue is full
        the stream is not read, which slows the service down; nothing is lost.
    queue_bytes : int, default 67108864
        The same in bytes.
    max_message_bytes : int, default 8388608
        Largest message that is accepted.  With a session the service sends no
        larger ones, and none above 64 MiB: a document that does not fit is
        left out.  Without, it sends none above 4 MiB.

    Returns
    -------
    Client
        To be entered with ``async with``, which is what connects.

    Raises
    ------
    InvalidArgument
        An option is out of its range, or only for sessions; on entering:
        ``gateway_id``, ``credential`` or ``resume`` is malformed.
    Unavailable
        On entering: nobody answered at ``target`` within ``connect_timeout``.
    PermissionDenied
        On entering: the service does not let this client in, or the session
        was begun with another credential.

    Examples
    --------
    >>> import asyncio, streamer
    >>> async def main():
    ...     try:
    ...         async with streamer.connect(
    ...             "127.0.0.1:1", connect_timeout=0.05
    ...         ):
    ...             pass
    ...     except streamer.Unavailable:
    ...         print("nobody there")
    >>> asyncio.run(main())
    nobody there
    """
    options: dict[str, float] = {
        "connect_timeout": connect_timeout,
        "heartbeat_interval": heartbeat_interval,
        "heartbeat_timeout": heartbeat_timeout,
        "backoff_minimum": backoff_minimum,
        "backoff_maximum": backoff_maximum,
        "queue_deliveries": queue_deliveries,
        "queue_bytes": queue_bytes,
        "max_message_bytes": max_message_bytes,
    }
    for name, value in options.items():
        if not 0 < value < 2**31:
            raise InvalidArgument(f"{name}: expected more than 0, got {value}")
    if acknowledgement not in ("automatic", "manual"):
        raise InvalidArgument(
            'acknowledgement: expected "automatic" or "manual", got '
            f'"{acknowledgement}"'
        )
    of_session = {
        "credential": credential,
        "resume": resume,
        "coalesce": coalesce,
        "acknowledges_itself": acknowledgement == "manual",
    }
    if not session and any(of_session.values()):
        raise InvalidArgument(
            "credential, resume, coalesce and acknowledgement: expected only "
            "with session=True"
        )
    return Client(
        target,
        {"gateway_id": gateway_id, "session": session, **of_session, **options},
    )


class Client:
    """A connection to the service; made by `connect`.

    Notes
    -----
    It stays connected: when the stream breaks it is opened again.  What may
    have been missed meanwhile is told to the callbacks of `on_gap`, in its
    place between the deliveries.

    By itself its subscriptions live as long as the stream and are asked for
    again on the next one, each with a gap.  With ``session=True`` the service
    keeps them, and every delivery until it was processed: after a broken
    stream, or a restart of the service, it goes on where it was, without a
    gap; when the service cannot, it says so.  A process that is killed goes on
    with ``resume``; what it had not processed comes again.

    It belongs to the event loop in which it was entered.  Deliveries are taken
    with `next_batch` or with ``async for``; several tasks may take, each
    delivery goes to one of them.

    Examples
    --------
    >>> import streamer
    >>> client = streamer.connect("127.0.0.1:8084", gateway_id="g1")
    >>> client.state
    'connecting'
    """

    def __init__(self, target: str, options: dict[str, Any]) -> None:
        self._target = target
        self._options = options
        self._core: _client.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connected: asyncio.Future[None] | None = None
        self._answers: dict[int, asyncio.Future[Subscription | None]] = {}
        self._gap_callbacks: list[Callable[[Gap], object]] = []
        self._untold_gaps: deque[Gap] = deque()
        self._welcome_callbacks: list[Callable[[Welcome], object]] = []
        self._welcome: Welcome | None = None
        self._has_forgotten_gaps = False
        self._news = asyncio.Event()
        self._given = 0
        self._is_closed = False

    def __repr__(self) -> str:
        return f"Client({self._target!r}, state={self.state!r})"

    async def __aenter__(self) -> Client:
        """Connect."""
        # Loads gRPC, which nobody needs who only works in process.
        from streamer import _client

        if self._core is not None or self._is_closed:
            raise ClosedError("a client can be entered once")
        self._loop = asyncio.get_running_loop()
        self._connected = self._loop.create_future()
        self._core = _client.Client(self._target, **self._options)
        _open_clients.add(self)
        self._loop.add_reader(self._core.fileno(), self._on_readable)
        try:
            await self._connected
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End the connection and, without a session, every subscription.

        The service keeps a session for a while, for who goes on with it; what
        was processed is acknowledged.  Subscriptions that it is not to keep
        must be unsubscribed before.

        Who waits for deliveries or answers gets `ClosedError`, and ``async
        for`` ends.  Closing again does nothing.

        Examples
        --------
        >>> import streamer
        >>> client = streamer.connect("127.0.0.1:8084")
        >>> client.close()
        >>> client.state
        'closed'
        """
        self._end()

    def _end(self) -> None:
        self._is_closed = True
        _open_clients.discard(self)
        core, loop = self._core, self._loop
        if core is None or loop is None:
            return
        core.close()
        if loop.is_closed():
            return
        loop.remove_reader(core.fileno())
        self._on_readable()
        # Answers that were on their way find nobody who polls for them.
        closed = ClosedError("the client is closed")
        self._settle_connected(closed)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(closed)
        self._answers.clear()

    def _shut_down(self) -> None:
        if self._core is not None:
            self._core.close()
            self._core.await_quiet()

    async def subscribe(
        self,
        *,
        tenant: str,
        collection: str,
        id: str | None = None,  # noqa: A002
        filter: Filter | None = None,  # noqa: A002
        expression: str | None = None,
        membership: bool = False,
        resume_after: str | None = None,
        ttl: int | None = None,
    ) -> Subscription:
        """Ask the service for a subscription.

        Parameters
        ----------
        tenant : str
            The tenant whose events are meant.
        collection : str
            Path of the collection.
        id : str, optional
            Its id, unique within this client; without one, a UUID.
        filter : Filter, optional
            What is asked of each event.  Without it and ``expression``, every
            event of the collection matches; of both, both must hold.
        expression : str, optional
            The same as CEL.
        membership : bool, default False
            Have each delivery say in ``memberships`` whether the document
            entered the filter, changed in it or left it; the last comes
            although the filter holds no more.  Only in a session.
        resume_after : str, optional
            The ``progress`` of a delivery or subscription: events after it
            are delivered first, read from the log.  Without it, events from
            now on.  It counts until the first answer: asked for again after
            a broken stream, the subscription does not begin there again.  A
            subscription that the session holds already goes on as it was.
        ttl : int, optional
            Seconds after which a session's subscription ends, 60 to 3600;
            a `Gap` with ``ended="expired"`` says so.  Asking again for one
            that lives does not prolong it.  Without it, and without a
            session, it lives as said below.

        Returns
        -------
        Subscription
            Its deliveries come after this answer, unless a stream broke
            before it came.  It lives as long as the client or its session,
            over broken streams, until `unsubscribe`.

        Raises
        ------
        FilterError
            The service refuses the filter; ``position`` says where.
        InvalidArgument
            The service refuses the id, the tenant, the collection, the form
            of ``resume_after`` or the time to live.
        AlreadyExists
            The id is in use with another filter or another ``membership``, or
            being asked for.
        QuotaExceeded
            A quota of the service is used up; ``scope`` says which.
        Error
            ``membership`` is asked for without a session.
        Unavailable
            The service cannot do it now.
        ClosedError
            The client is closed.

        Notes
        -----
        Cancelling takes the request back.  Answers come behind deliveries
        that were sent before: when the queue is full, somebody must take.
        """
        core = self._entered()
        # On the wire empty text says that there is no expression.
        if expression is not None and (filter is not None or not expression):
            filter = filter or Filter.match_all()  # noqa: A001
            filter = filter & Filter.cel(expression)  # noqa: A001
        number = core.subscribe(
            str(uuid.uuid4()) if id is None else id,
            tenant,
            collection,
            filter,
            expression or "",
            membership,
            resume_after or "",
            ttl,
        )
        try:
            subscription = await self._answer(number)
        except asyncio.CancelledError:
            core.cancel(number)
            raise
        assert subscription is not None
        return subscription

    async def _answer(self, number: int) -> Subscription | None:
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            result: Subscription | None = await answer
        finally:
            self._answers.pop(number, None)
        return result

    async def unsubscribe(self, subscription: Subscription | str, /) -> None:
        """End a subscription.

        Nothing taken from now on names it.  Of a session, waits until the
        service has ended it, too; cancelling only stops the waiting.

        Parameters
        ----------
        subscription : Subscription or str
            The subscription or its id.

        Raises
        ------
        NotFound
            This client has no such subscription.
        ClosedError
            The client is closed, or was before the service answered.
        """
        if isinstance(subscription, Subscription):
            subscription = subscription.id
        number = self._entered().unsubscribe(subscription)
        if number != 0:
            await self._answer(number)

    def acknowledge(self, delivery: Delivery, /) -> None:
        """Count a delivery of a session, and all before it, as processed.

        The service forgets what is processed.  Acknowledgements are gathered:
        one goes out when everything received is processed, every 256
        deliveries, and with each heartbeat.

        Parameters
        ----------
        delivery : Delivery
            One that this client gave.

        Raises
        ------
        InvalidArgument
            It is not of this client, or the client has no session.
        ClosedError
            The client was never entered.  Of a closed one, what is
            acknowledged counts for `session_state` only.
        """
        if not self._options["session"]:
            raise InvalidArgument(
                "acknowledge: expected a client with session=True"
            )
        self._entered(even_closed=True).acknowledge(delivery)

    def session_state(self, *, after: Delivery | None = None) -> str:
        """Give what another client needs to go on with the session.

        Handed to `connect` as ``resume``, with the same ``gateway_id`` and
        ``credential``, it makes that client begin with what was not processed.

        Parameters
        ----------
        after : Delivery, optional
            Count it, and everything before it, as processed.  Who keeps this
            state together with what was made of the delivery, and only then
            acknowledges it or asks for the next one, can be killed at any
            moment: nothing is missed, and nothing is made twice.

        Returns
        -------
        str
            Opaque, short, printable ASCII.  Empty without a session, and
            before it is open.  One that is older than what was acknowledged
            since leads to a gap; one that is older than the service keeps
            sessions, too; and so does one that was taken while a gap was still
            to be given or told.  One that is older than the answer to a
            `subscribe` with ``resume_after`` knows nothing of it: whoever goes
            on from there asks for the same again.

        Raises
        ------
        InvalidArgument
            ``after`` is not of this client.
        ClosedError
            The client was never entered.
        """
        core = self._entered(even_closed=True)
        has_untold = bool(self._untold_gaps) or self._has_forgotten_gaps
        return core.session_state(after, has_untold)

    async def next_batch(self, *, limit: int = 1024) -> list[Delivery]:
        """Take deliveries, as many as there are, at least one.

        Parameters
        ----------
        limit : int, default 1024
            Most to take, at least 1.

        Returns
        -------
        list of Delivery
            In order.  Other tasks get a turn before anything is taken, and
            cancelling loses nothing.  With automatic acknowledgement, what
            was given before counts as processed from the call on.

        Raises
        ------
        ClosedError
            The client was closed, and everything received was taken.
        ConnectionLost
            The connection ended for good, and everything received was taken.
        InvalidArgument
            ``limit`` is below 1.
        """
        if limit < 1:
            raise InvalidArgument(f"limit: expected at least 1, got {limit}")
        await asyncio.sleep(0)
        return await self._take_some(limit)

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Iterate over deliveries until the client is closed."""
        return self

    async def __anext__(self) -> Delivery:
        """Take the next delivery."""
        self._given += 1
        if self._given % _TURN == 0:
            await asyncio.sleep(0)
        try:
            return (await self._take_some(1))[0]
        except ClosedError:
            raise StopAsyncIteration from None

    def on_gap(self, callback: _Callback, /) -> _Callback:
        """Call back when subscriptions may have missed events.

        Parameters
        ----------
        callback : callable
            Called with a `Gap`, in the event loop, after the last delivery
            before the gap was taken and before the first one after it.  What
            it raises goes to the loop's exception handler.

        Returns
        -------
        callable
            The callback, so that this can be used as a decorator.

        Notes
        -----
        Gaps that came before any callback was registered wait for the first
        one, which is called with them at once.  The newest 1,024 are kept;
        if there were more, one without subscription ids stands for them:
        load everything again.

        Examples
        --------
        >>> import streamer
        >>> client = streamer.connect("127.0.0.1:8084")
        >>> @client.on_gap
        ... def reload(gap):
        ...     print("loading again", gap.subscription_ids)
        """
        self._gap_callbacks.append(callback)
        untold, self._untold_gaps = self._untold_gaps, deque()
        if self._has_forgotten_gaps:
            self._has_forgotten_gaps = False
            untold.appendleft(
                Gap((), f"more than {_MOST_UNTOLD} gaps came before on_gap")
            )
        self._tell(untold)
        return callback

    def on_welcome(self, callback: _WelcomeCallback, /) -> _WelcomeCallback:
        """Call back when the service goes on with the session.

        Parameters
        ----------
        callback : callable
            Called with a `Welcome`, in the event loop, once for each stream,
            soon after it was opened: deliveries that came before may still
            be taken after.  The newest so far, if any, is told at once.  What
            it raises goes to the loop's exception handler.

        Returns
        -------
        callable
            The callback, so that this can be used as a decorator.

        Examples
        --------
        >>> import streamer
        >>> client = streamer.connect(
        ...     "127.0.0.1:8084", gateway_id="g1", session=True
        ... )
        >>> @client.on_welcome
        ... def note(welcome):
        ...     print("session", welcome.session, welcome.continuity)
        """
        self._welcome_callbacks.append(callback)
        if self._welcome is not None:
            self._call(callback, self._welcome, "on_welcome")
        return callback

    @property
    def state(
        self,
    ) -> Literal["connecting", "connected", "reconnecting", "closed"]:
        """str: 'connecting', 'connected', 'reconnecting' or 'closed'."""
        if self._core is None:
            return "closed" if self._is_closed else "connecting"
        return self._core.state

    def statistics(self) -> dict[str, int]:
        """Count what happened so far.

        Returns
        -------
        dict of str to int
            ``deliveries_received``, ``deliveries_taken``, ``reconnects``,
            ``reading_pauses`` (how often the queue was full),
            ``duplicates_dropped`` (what a session sent again), and now:
            ``queued_deliveries``, ``queued_bytes``, ``subscriptions``.

        Raises
        ------
        ClosedError
            The client was never entered.
        """
        return self._entered(even_closed=True).statistics()

    def _entered(self, *, even_closed: bool = False) -> _client.Client:
        if self._core is None:
            raise ClosedError('the client is not connected: use "async with"')
        if not even_closed:
            self._raise_if_closed()
        return self._core

    def _raise_if_closed(self) -> None:
        if (reason := self._end_reason()) is not None:
            raise reason

    def _end_reason(self) -> Error | None:
        """Say why nothing more comes; None while something may."""
        core = self._core
        if core is None:
            return ClosedError('the client is not connected: use "async with"')
        if core.state != "closed":
            return None
        reason = core.close_reason
        if reason is None:
            return ClosedError("the client is closed")
        return ConnectionLost(str(reason))

    async def _take_some(self, limit: int) -> list[Delivery]:
        while True:
            self._news.clear()
            # Asked before: what came with the end is given first.
            reason = self._end_reason()
            if batch := self._take(limit):
                return batch
            if reason is not None:
                raise reason
            await self._news.wait()

    def _take(self, limit: int) -> list[Delivery]:
        if self._core is None:
            return []
        gaps, deliveries = self._core.take(limit)
        self._tell(gaps)
        return deliveries

    def _on_readable(self) -> None:
        assert self._core is not None
        connected, answers, gaps, welcomes = self._core.poll()
        for welcome in welcomes:
            self._welcome = Welcome(*welcome)
            for callback in self._welcome_callbacks:
                self._call(callback, self._welcome, "on_welcome")
        if connected is not None:
            self._settle_connected(connected)
        for number, answer in answers:
            future = self._answers.pop(number, None)
            if future is None or future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._tell(gaps)
        self._news.set()

    def _settle_connected(self, connected: Literal[True] | Exception) -> None:
        future = self._connected
        if future is None or future.done():
            return
        if isinstance(connected, Exception):
            future.set_exception(connected)
        else:
            future.set_result(None)

    def _tell(self, told: Iterable[_client._Gap]) -> None:
        gaps = [Gap(*gap) for gap in told]
        if not gaps:
            return
        if not self._gap_callbacks:
            self._keep(gaps)
            return
        for gap in gaps:
            for callback in self._gap_callbacks:
                self._call(callback, gap, "on_gap")
        assert self._core is not None
        self._core.gaps_told()

    def _keep(self, gaps: Iterable[Gap]) -> None:
        self._untold_gaps.extend(gaps)
        while len(self._untold_gaps) > _MOST_UNTOLD:
            self._untold_gaps.popleft()
            self._has_forgotten_gaps = True

    def _call(
        self, callback: Callable[[_Told], object], told: _Told, name: str
    ) -> None:
        try:
            callback(told)
        except Exception as error:
            assert self._loop is not None
            self._loop.call_exception_handler(
                {
                    "message": f"a callback of {name} failed",
                    "exception": error,
                }
            )


@atexit.register
def _close_all() -> None:
    """Leave no thread of gRPC at work while the interpreter goes down."""
    for client in list(_open_clients):
        client._shut_down()
