"""What one gateway received, as columns: cheap to append to, quick to compare.

A gateway appends and never looks; the parent looks and never appends.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1  # an event or a subscription that nobody asked for


class Recorder:
    """Collects deliveries.  One `add` costs about two microseconds.

    Parameters
    ----------
    subscription_ids : list of str
        The gateway's subscriptions; their order gives them their numbers.
    """

    def __init__(self, subscription_ids: list[str]) -> None:
        self._numbers = {name: i for i, name in enumerate(subscription_ids)}
        self._events = array("i")
        self._operations = array("b")
        self._checksums = array("I")
        self._received_ns = array("q")
        self._id_counts = array("i")
        self._matched = array("i")

    def __len__(self) -> int:
        return len(self._events)

    def add(
        self,
        event: int,
        operation: int,
        checksum: int,
        received_ns: int,
        subscription_ids: tuple[str, ...],
    ) -> None:
        """Append one delivery."""
        self._events.append(event)
        self._operations.append(operation)
        self._checksums.append(checksum)
        self._received_ns.append(received_ns)
        self._id_counts.append(len(subscription_ids))
        numbers = self._numbers
        matched = self._matched
        for name in subscription_ids:
            matched.append(numbers.get(name, UNKNOWN))

    def finish(self) -> Recording:
        """Return everything that was added."""
        ends = np.cumsum(np.asarray(self._id_counts, np.int64))
        return Recording(
            events=np.asarray(self._events, np.int32),
            operations=np.asarray(self._operations, np.int8),
            checksums=np.asarray(self._checksums, np.uint32),
            received_ns=np.asarray(self._received_ns, np.int64),
            offsets=np.concatenate([np.zeros(1, np.int64), ends]),
            matched=np.asarray(self._matched, np.int32),
        )


@dataclass(frozen=True)
class Recording:
    """The deliveries of one gateway, in the order in which they came.

    Attributes
    ----------
    events : ndarray of int32, shape (n_deliveries,)
        Index of the event in the stream, or `UNKNOWN`.
    operations : ndarray of int8, shape (n_deliveries,)
    checksums : ndarray of uint32, shape (n_deliveries,)
    received_ns : ndarray of int64, shape (n_deliveries,)
        Monotonic clock.
    offsets : ndarray of int64, shape (n_deliveries + 1,)
        Delivery i matched ``matched[offsets[i]:offsets[i + 1]]``.
    matched : ndarray of int32, shape (n_matched,)
        Numbers of subscriptions, or `UNKNOWN`.
    """

    events: NDArray[np.int32]
    operations: NDArray[np.int8]
    checksums: NDArray[np.uint32]
    received_ns: NDArray[np.int64]
    offsets: NDArray[np.int64]
    matched: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.events)

    def save(self, path: Path) -> None:
        """Write to ``path``, uncompressed."""
        np.savez(path, allow_pickle=False, **vars(self))

    @staticmethod
    def load(path: Path) -> Recording:
        """Read what `save` wrote."""
        with np.load(path) as columns:
            return Recording(**columns)
