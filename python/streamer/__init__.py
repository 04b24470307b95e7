"""Streamer: which subscriptions does a change event match, and in what order.

The core in process (`Core`), filters to try out (`Filter`, `dry_run`), their
language alone (`cel`), and the client of the service (`connect`).
"""

from streamer import cel
from streamer._core import (
    Core,
    Delivery,
    Event,
    ExplainedNode,
    Explanation,
    Filter,
    Notice,
    Session,
    Subscription,
    SubscriptionInfo,
    __version__,
)
from streamer.client import Client, Gap, Welcome, connect
from streamer.errors import (
    AlreadyExists,
    ClosedError,
    ConnectionLost,
    Error,
    EvaluationError,
    EventError,
    FilterError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Position,
    QuotaExceeded,
    Unavailable,
)
from streamer.ndjson import read_ndjson
from streamer.trial import dry_run

__all__ = [
    "AlreadyExists",
    "Client",
    "ClosedError",
    "ConnectionLost",
    "Core",
    "Delivery",
    "Error",
    "EvaluationError",
    "Event",
    "EventError",
    "ExplainedNode",
    "Explanation",
    "Filter",
    "FilterError",
    "Gap",
    "InvalidArgument",
    "NotFound",
    "Notice",
    "PermissionDenied",
    "Position",
    "QuotaExceeded",
    "Session",
    "Subscription",
    "SubscriptionInfo",
    "Unavailable",
    "Welcome",
    "__version__",
    "cel",
    "connect",
    "dry_run",
    "read_ndjson",
]
