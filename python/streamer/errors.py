"""What can go wrong, as one hierarchy.

Every exception raised by this package derives from `Error`, wrong argument
types apart, which are `TypeError` as everywhere in Python.
"""

# ruff: noqa: N818  # the names are those of the Status codes, on every interface

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from streamer.cel import Problem

__all__ = [
    "AlreadyExists",
    "ClosedError",
    "ConnectionLost",
    "Error",
    "EvaluationError",
    "EventError",
    "FilterError",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "Position",
    "QuotaExceeded",
    "Unavailable",
]


class Position(NamedTuple):
    """A place in the text of an expression.

    Parameters
    ----------
    offset : int
        Bytes of UTF-8 before it.
    line : int
        Counted from 1.
    column : int
        In code points, counted from 1.

    Examples
    --------
    >>> import streamer
    >>> try:
    ...     streamer.Filter.cel("doc.price >=")
    ... except streamer.FilterError as error:
    ...     error.position
    Position(offset=12, line=1, column=13)
    """

    offset: int
    line: int
    column: int


class Error(Exception):
    """Base of every exception of this package.

    Examples
    --------
    >>> import streamer
    >>> issubclass(streamer.QuotaExceeded, streamer.Error)
    True
    """


class InvalidArgument(Error, ValueError):
    """What was given is wrong, whatever the state of the system.

    Examples
    --------
    >>> import streamer
    >>> streamer.Core().advance(seconds=-1)
    Traceback (most recent call last):
    streamer.errors.InvalidArgument: seconds: expected at least 0, got -1.0
    """


class FilterError(InvalidArgument):
    """A filter is malformed, or over a limit.

    Parameters
    ----------
    message : str
        What was expected, what was got, and where.
    position : Position, optional
        Where in the expression the problem lies.  ``None`` when it lies in a
        structured condition, which the message then names.

    Examples
    --------
    >>> import streamer
    >>> streamer.Filter.where("price", "=>", 10)
    Traceback (most recent call last):
    streamer.errors.FilterError: ...
    """

    #: Each problem for itself, from `streamer.cel`: of the types, all at once.
    problems: tuple[Problem, ...] = ()

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.position = position


class EvaluationError(Error, ValueError):
    """An expression failed on the values that it was given.

    Parameters
    ----------
    message : str
        What was expected, and what was got.
    code : str
        ``no_such_field``, ``no_such_overload``, ``unknown_variable``,
        ``overflow``, ``division_by_zero``, ``invalid_argument`` or
        ``over_budget``.

    Examples
    --------
    >>> import streamer
    >>> from streamer import cel
    >>> try:
    ...     cel.compile("doc.a / 0").eval({"doc": {"a": 1}})
    ... except streamer.EvaluationError as error:
    ...     error.code
    'division_by_zero'
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class EventError(InvalidArgument):
    """An event is malformed.

    Parameters
    ----------
    message : str
        Which event, what was expected, what was got, and where.
    index : int
        Its index among the events given, from 0.

    Examples
    --------
    >>> import streamer
    >>> try:
    ...     streamer.Core().ingest([{"tenant": "t"}])
    ... except streamer.EventError as error:
    ...     error.index
    0
    """

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class QuotaExceeded(Error):
    """A quota or a bound is used up.

    Parameters
    ----------
    message : str
        Which quota, of what, and its size.
    scope : {"gateway", "tenant", "node"}, optional
        Whose quota it is.  ``None`` when it is another bound.

    Examples
    --------
    >>> import streamer
    >>> core = streamer.Core(quota_total=0)
    >>> try:
    ...     core.subscribe("s1", tenant="t", collection="rooms")
    ... except streamer.QuotaExceeded as error:
    ...     error.scope
    'node'
    """

    def __init__(
        self,
        message: str,
        scope: Literal["gateway", "tenant", "node"] | None = None,
    ) -> None:
        super().__init__(message)
        self.scope = scope


class NotFound(Error, LookupError):
    """The thing named does not exist.

    Examples
    --------
    >>> import streamer
    >>> try:
    ...     streamer.Core().unsubscribe("s1")
    ... except streamer.NotFound:
    ...     print("never was")
    never was
    """


class AlreadyExists(Error):
    """The thing to be made exists already, and differs.

    Examples
    --------
    >>> import streamer
    >>> core = streamer.Core()
    >>> options = {"tenant": "t", "collection": "rooms"}
    >>> _ = core.subscribe("s1", **options)
    >>> try:
    ...     core.subscribe("s1", **options, expression="doc.open")
    ... except streamer.AlreadyExists:
    ...     print("another filter")
    another filter
    """


class PermissionDenied(Error):
    """The service does not let this client in."""


class Unavailable(Error):
    """The service cannot be reached, or cannot do this now."""


class ConnectionLost(Unavailable):
    """The connection ended and is not made again; the message says why."""


class ClosedError(Error):
    """The client was closed."""
