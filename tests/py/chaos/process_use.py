"""What a process takes of the machine, as its kernel says."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path


def descriptors(pid: int, folder: Path) -> Counter[str]:
    """Count open descriptors by what they are; files in `folder` are none.

    A database opens and closes its tables whenever it tidies up.
    """
    found: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            what = str(entry.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        if not Path(what).is_relative_to(folder):
            found[what.partition(":[")[0]] += 1
    return found


def threads(pid: int) -> Counter[str]:
    """Count threads by name."""
    found: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[(task / "comm").read_text().strip()] += 1
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
    return found


def resident_bytes(pid: int, *, most: bool = False) -> int:
    """Return how much memory it has, or had at most, in bytes."""
    name = "VmHWM" if most else "VmRSS"
    status = Path(f"/proc/{pid}/status").read_text()
    (kib,) = (
        int(line.split()[1])
        for line in status.splitlines()
        if line.startswith(f"{name}:")
    )
    return kib << 10


def configured_processors() -> int:
    """Return how many processors gRPC takes the machine to have."""
    return os.sysconf("SC_NPROCESSORS_CONF")
