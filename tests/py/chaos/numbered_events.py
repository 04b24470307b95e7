"""Events numbered from 1, written over and over until each is accepted."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from history import compact
from streamerd import PATIENCE, Streamerd

# A multiple of all divisors that subscriptions ask for: everybody gets it.
EVERYBODYS = 2310


def numbered_event(number: int) -> dict[str, Any]:
    """Return event `number`."""
    return {
        "event_id": f"e{number}",
        "tenant": "t",
        "collection": "c",
        "id": f"d{number}",
        "op": "insert",
        # The judge knows events by "n" as well.
        "doc": {"n": number, "remainder": number % 3},
    }


def ingest(service: Streamerd, events: Iterable[dict[str, Any]]) -> None:
    """Ingest events in the form that deliveries have, which the judge reads."""
    service.ingest_lines([compact(event) for event in events])


class Writer:
    """Ingests batches of numbered events, each until it is accepted."""

    def __init__(self, service: Streamerd) -> None:
        self._service = service
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._abandoned = threading.Event()
        # Up to which number events may be in the log, and surely are.
        self.begun = 0
        self.accepted = 0
        # How often each status was answered.
        self.statuses: Counter[int] = Counter()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> int:
        """End after what is under way; return the last number."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        is_stuck = self._thread.is_alive()
        self.abandon()
        assert not is_stuck, f"not accepted: events up to {self.begun}"
        return self.accepted

    def abandon(self) -> None:
        """End, whether what is under way is accepted or not."""
        self._stop.set()
        self._abandoned.set()
        if self._thread.is_alive():
            self._thread.join()

    def finish(self) -> int:
        """Write up to an event that is everybody's; return its number."""
        last = self.stop()
        final = (last // EVERYBODYS + 1) * EVERYBODYS
        self.begun = final
        ingest(self._service, map(numbered_event, range(last + 1, final + 1)))
        return final

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = [next(self._numbers) for _ in range(20)]
            self.begun = batch[-1]
            body = "\n".join(
                compact(numbered_event(number)) for number in batch
            ).encode()
            while not self._post(body):
                if self._abandoned.wait(0.01):
                    return
            self.accepted = batch[-1]
            # Others test beside this, on the same processors.
            self._stop.wait(0.01)

    def _post(self, body: bytes) -> bool:
        try:
            status, _ = self._service.post("/v1/events", body)
        except (OSError, EOFError, ValueError, http.client.HTTPException):
            return False
        self.statuses[status] += 1
        return status == 202
