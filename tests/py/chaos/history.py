"""What a gateway writes down, for `judge` to read.

The records are those of tests/sim/judge/history_reader.h.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

Record = tuple[str, object]


def compact(value: object) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def last_kept(path: Path) -> str:
    """Return the state that was kept last, "" for none."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if '"kept":' in line and line[-1] == "}"]
    return json.loads(kept[-1])["kept"] if kept else ""


class History:
    """The file of one gateway, that its processes add to in turn.

    What is written before a process acknowledges is there after it is killed,
    but for the end of a line.
    """

    def __init__(self, path: Path, gateway_id: str, *, session: bool) -> None:
        begun = path.read_bytes() if path.exists() else b""
        self._file = path.open("a")
        if begun and not begun.endswith(b"\n"):
            self._file.write("\n")
        if b"\n" not in begun:
            self.write(
                (
                    "gateway",
                    {"id": gateway_id, "session": session, "merging": False},
                )
            )

    def write(self, *records: Record) -> None:
        """Add records, in one stroke."""
        at = time.monotonic_ns()
        self._file.write(
            "".join(
                f"{compact({'at': at, name: what})}\n" for name, what in records
            )
        )
        self._file.flush()

    def close(self) -> None:
        """Add no more."""
        self._file.close()


def delivered(**fields: Any) -> Record:
    """Return the record of a delivery, of which the rest is as usual."""
    usual = {
        "stream": 0,
        "session": 0,
        "sequence": 0,
        "progress": "",
        "memberships": [],
        "redelivered": False,
        "catching_up": False,
        "coalesced": 0,
    }
    return "delivered", usual | fields


def answered(**fields: Any) -> Record:
    """Return the record of a subscription, likewise."""
    usual = {"conditions": [], "expression": "", "membership": False}
    return "answered", usual | fields
