"""What came out, against what should have: subscription by subscription.

The expected side is computed from the table of events by polars and knows
nothing of Streamer.  A subscription is right when it received exactly the
events expected of it, each once, in the order of the log, with the right
operation and a document that is right to the byte.  Everything else counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from main_job.events import EventStream
from main_job.recording import UNKNOWN, Recording
from main_job.subscriptions import Subscription

_EVALUATED_AT_ONCE = 25

Indexes = NDArray[np.int64]


@dataclass(frozen=True)
class Outcome:
    """How one subscription fared."""

    subscription: Subscription
    expected: int  # events
    received: int
    missing: int  # expected, not received
    surplus: int  # not expected, or received again
    misplaced: int  # right events, wrong order
    altered: int  # wrong operation or document

    @property
    def mismatches(self) -> int:
        """How often it was not as it should be."""
        return self.missing + self.surplus + self.misplaced + self.altered


@dataclass(frozen=True)
class GatewayOutcome:
    """How one gateway fared."""

    subscriptions: list[Outcome]
    # Deliveries that break a promise to the gateway as a whole: not in the
    # order of the log, an event handed over twice, a subscription or an event
    # that nobody knows, or no subscription at all.
    strays: int

    @property
    def mismatches(self) -> int:
        """How often anything was not as it should be."""
        return self.strays + sum(o.mismatches for o in self.subscriptions)


def compare_gateway(
    stream: EventStream,
    subscriptions: Sequence[Subscription],
    recording: Recording,
) -> GatewayOutcome:
    """Compare what a gateway recorded with what it should have received."""
    altered = _altered_deliveries(stream, recording)
    outcomes = [
        _compare(subscription, expected, recording.events[rows], altered[rows])
        for subscription, expected, rows in zip(
            subscriptions,
            expected_events(stream.table, subscriptions),
            _deliveries_of(recording, len(subscriptions)),
            strict=True,
        )
    ]
    return GatewayOutcome(outcomes, _count_strays(recording))


def expected_events(
    table: pl.DataFrame, subscriptions: Sequence[Subscription]
) -> Iterator[Indexes]:
    """Yield, for each subscription, the events that match it, ascending."""
    for start in range(0, len(subscriptions), _EVALUATED_AT_ONCE):
        some = subscriptions[start : start + _EVALUATED_AT_ONCE]
        columns = table.select(
            s.expected.fill_null(value=False).alias(str(i))
            for i, s in enumerate(some)
        )
        for column in columns:
            yield column.arg_true().to_numpy().astype(np.int64)


def _altered_deliveries(
    stream: EventStream, recording: Recording
) -> NDArray[np.bool_]:
    """Tell of each delivery whether its content is wrong."""
    is_known = (recording.events >= 0) & (recording.events < len(stream))
    events = np.where(is_known, recording.events, 0)
    is_wrong = (recording.checksums != stream.checksums[events]) | (
        recording.operations != stream.operations[events]
    )
    return np.asarray(is_wrong | ~is_known, np.bool_)


def _deliveries_of(recording: Recording, count: int) -> Iterator[Indexes]:
    """Yield, for each subscription, its deliveries as they came."""
    deliveries = np.repeat(
        np.arange(len(recording)), np.diff(recording.offsets)
    )
    order = np.argsort(recording.matched, kind="stable")
    bounds = np.searchsorted(recording.matched[order], np.arange(count + 1))
    for start, end in pairwise(bounds):
        yield deliveries[order[start:end]]


def _compare(
    subscription: Subscription,
    expected: Indexes,
    received: NDArray[np.int32],
    altered: NDArray[np.bool_],
) -> Outcome:
    missing = surplus = misplaced = 0
    if not np.array_equal(expected, received):
        distinct, times = np.unique(received, return_counts=True)
        wanted = np.isin(distinct, expected)
        missing = int(np.isin(expected, distinct, invert=True).sum())
        surplus = int(times[~wanted].sum() + (times[wanted] - 1).sum())
        misplaced = int((np.diff(received) < 0).sum())
    return Outcome(
        subscription,
        expected=len(expected),
        received=len(received),
        missing=missing,
        surplus=surplus,
        misplaced=misplaced,
        altered=int(altered.sum()),
    )


def _count_strays(recording: Recording) -> int:
    known = recording.events[recording.events != UNKNOWN]
    return int(
        (len(recording) - len(known))
        + (np.diff(known) <= 0).sum()
        + (recording.matched == UNKNOWN).sum()
        + (np.diff(recording.offsets) == 0).sum()
    )


def latencies_ms(
    recordings: Sequence[Recording], sent_ns: NDArray[np.int64], batch: int
) -> NDArray[np.float64]:
    """Return how long each delivery took, from ingest to its gateway."""
    return np.concatenate(
        [
            (r.received_ns[known] - sent_ns[r.events[known] // batch]) / 1e6
            for r in recordings
            for known in [(r.events >= 0) & (r.events < batch * len(sent_ns))]
        ]
    )
