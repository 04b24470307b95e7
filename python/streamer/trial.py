"""Trying a filter on recorded events before subscribing it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from streamer._core import DryRun, Event, Filter

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

__all__ = ["dry_run"]

_COLUMNS = [
    "tenant",
    "collection",
    "id",
    "operation",
    "timestamp",
    "outcome",
    "error",
]
_BATCH = 1024


def dry_run(
    filter: Filter,  # noqa: A002
    events: Iterable[Event | dict[str, Any] | str | bytes],
    /,
) -> pd.DataFrame:
    """Tell of each recorded event what a filter would have said.

    Parameters
    ----------
    filter : Filter
        The filter to try.  Tenant and collection are not looked at: give the
        events of the collection that is meant.
    events : iterable of Event, dict, str or bytes
        As for `Core.ingest`, in the order in which they happened.

    Returns
    -------
    pandas.DataFrame
        One row for each event, indexed by its ``position`` from 0:
        ``tenant``, ``collection``, ``id``; ``operation``, what the event meant
        to users; ``timestamp``, datetime64[ms, UTC], NaT when nobody said;
        ``outcome``, a category of ``match``, ``no match``, ``error`` and
        ``skipped`` (a document deleted twice); ``error``, why the filter
        failed, empty otherwise.

    Raises
    ------
    EventError
        An event is malformed; ``index`` says which.
    ImportError
        pandas is not installed.

    Notes
    -----
    An error is no match.  It is shown apart because it often is a mistake: a
    misspelt field, a number compared with text.

    Examples
    --------
    >>> import streamer
    >>> frame = streamer.dry_run(
    ...     streamer.Filter.cel("doc.seats > 2"),
    ...     [
    ...         streamer.Event(
    ...             tenant="t", collection="rooms", id=id, document=document
    ...         )
    ...         for id, document in [("r1", {"seats": 4}), ("r2", {})]
    ...     ],
    ... )
    >>> list(frame["outcome"])
    ['match', 'error']
    """
    import pandas as pd

    run = DryRun(filter)
    rows: list[tuple[object, ...]] = []
    remaining = iter(events)
    while batch := list(islice(remaining, _BATCH)):
        rows.extend(run.try_events(batch))
    frame = pd.DataFrame.from_records(rows, columns=_COLUMNS)
    frame["timestamp"] = pd.to_datetime(
        frame["timestamp"].astype("Int64"), unit="ms", utc=True
    )
    frame["outcome"] = pd.Categorical(
        frame["outcome"],
        categories=["match", "no match", "error", "skipped"],
    )
    frame.index.name = "position"
    return frame
