"""What a gateway process is told to do, as a file between it and its parent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from main_job.subscriptions import Condition


@dataclass(frozen=True)
class PlannedSubscription:
    """The part of a subscription that concerns Streamer."""

    id: str
    conditions: tuple[Condition, ...]
    expression: str


@dataclass(frozen=True)
class Plan:
    """What a gateway is to do."""

    name: str
    address: str  # of the service's gRPC port
    subscriptions: list[PlannedSubscription]
    last_barrier: int
    recording: str  # path of the file to write

    def save(self, path: Path) -> None:
        """Write to ``path`` as JSON."""
        path.write_text(json.dumps(asdict(self)))

    @staticmethod
    def load(path: Path) -> Plan:
        """Read what `save` wrote."""
        fields = json.loads(path.read_text())
        planned = [PlannedSubscription(**s) for s in fields["subscriptions"]]
        return Plan(**{**fields, "subscriptions": planned})
