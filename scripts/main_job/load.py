"""The load generator: every event through the service's own HTTP interface.

Closed loop: at most ``window`` batches are under way, from the socket to the
last gateway, so the rate it reports is the rate of the slowest part and the
latency it causes is bounded by what is under way (see `barriers`).
"""

from __future__ import annotations

import http.client
import json
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from main_job.barriers import encode_barrier
from main_job.events import EventStream
from main_job.processes import GatewayProcess, ProcessFailed

_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Pace:
    """How much is under way at once."""

    batch: int = 250  # events
    window: int = 4  # batches


@dataclass(frozen=True)
class Progress:
    """Where the run stands."""

    events_sent: int
    events_delivered: int  # all before the last barrier of the slowest gateway
    deliveries: int
    elapsed_s: float


@dataclass(frozen=True)
class LoadResult:
    """What the generator saw.

    Attributes
    ----------
    sent_ns : ndarray of int64, shape (n_batches,)
        Monotonic clock when a batch was handed to the socket.
    batch : int
        Events in a batch: event i left in batch ``i // batch``.
    elapsed_s : float
        From the first batch handed over to the last barrier received.
    """

    sent_ns: NDArray[np.int64]
    batch: int
    elapsed_s: float


class IngestRefused(Exception):  # noqa: N818  (it names what happened)
    """The service did not accept a batch."""


class IngestConnection:
    """One kept-alive connection to ``POST /v1/events``."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=_PATIENCE_S
        )

    def post(self, parts: Sequence[memoryview | bytes], lines: int) -> None:
        """Send ``lines`` lines; return once the service has accepted all.

        Raises
        ------
        IngestRefused
            The answer is not 202 for every line.
        """
        length = sum(len(part) for part in parts)
        self._http.request(
            "POST",
            "/v1/events",
            body=iter(parts),
            headers={
                "Content-Type": "application/x-ndjson",
                "Content-Length": str(length),
            },
        )
        response = self._http.getresponse()
        body = response.read()
        if response.status != 202 or json.loads(body)["accepted"] != lines:
            raise IngestRefused(
                f"POST /v1/events: expected 202 for {lines} lines, got "
                f"{response.status} {body.decode(errors='replace')}"
            )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def batch_count(events: int, pace: Pace) -> int:
    """Return how many batches ``events`` events make."""
    return -(-events // pace.batch)


def send_events(
    stream: EventStream,
    connection: IngestConnection,
    gateways: Sequence[GatewayProcess],
    pace: Pace,
    report: Callable[[Progress], None],
) -> LoadResult:
    """Send every event, and wait until every gateway has received its part.

    Raises ProcessFailed when a gateway ends or falls silent, IngestRefused
    when the service refuses a batch.
    """
    batches = batch_count(len(stream), pace)
    sent_ns = np.zeros(batches, np.int64)
    starts = stream.line_offsets[:: pace.batch].tolist()[:batches]
    ends = [*starts[1:], int(stream.line_offsets[-1])]
    began = time.monotonic()

    def tell(sent: int) -> None:
        delivered = min(g.barrier for g in gateways) + 1
        report(
            Progress(
                events_sent=min(sent * pace.batch, len(stream)),
                events_delivered=min(delivered * pace.batch, len(stream)),
                deliveries=sum(g.deliveries for g in gateways),
                elapsed_s=time.monotonic() - began,
            )
        )

    for number in range(batches):
        _wait_for_barrier(gateways, number - pace.window)
        lines = min(pace.batch, len(stream) - number * pace.batch) + 1
        body = stream.lines[starts[number] : ends[number]]
        sent_ns[number] = time.monotonic_ns()
        connection.post([body, encode_barrier(number)], lines)
        tell(number + 1)
    _wait_for_barrier(gateways, batches - 1)
    elapsed_s = time.monotonic() - began
    tell(batches)
    return LoadResult(sent_ns, pace.batch, elapsed_s)


def _wait_for_barrier(gateways: Sequence[GatewayProcess], number: int) -> None:
    """Wait until barrier ``number`` has reached every gateway."""
    while waiting := [g for g in gateways if g.barrier < number]:
        readable, _, _ = select.select(waiting, [], [], _PATIENCE_S)
        if not readable:
            slow = waiting[0]
            raise ProcessFailed(
                f"{slow.name}: expected barrier {number} within "
                f"{_PATIENCE_S:.0f} s, got no further than {slow.barrier}"
            )
        for gateway in readable:
            gateway.read_barriers()
