"""A wall clock that a test throws, for processes under libfaketime.

It adds what a file says to the wall clock, and leaves the monotonic one alone
as the kernel does.
"""

from __future__ import annotations

from pathlib import Path


class WallClock:
    """The wall clock of a process that runs in its environment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.throw(0)

    @property
    def environment(self) -> dict[str, str]:
        """What puts a process under this clock."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def throw(self, hours: int) -> None:
        """Let it say so many hours more than it is."""
        other = self._file.with_suffix(".new")
        other.write_text(f"{hours:+}h")
        other.rename(self._file)
