"""A disk of a few megabytes fills up under the log, and is emptied again.

Something else on the disk takes the room: the service can do nothing about it
but refuse events, say that it is not ready, and go on once it can write.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from gateways import OldGateway, finish, start_sessions
from judge import assert_kept
from numbered_events import Writer
from rounds import ROUNDS, patient
from streamerd import Streamerd, wait_until


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


class Disk:
    """A file system in memory, of fixed size."""

    def __init__(self, ends: ExitStack, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir()
        self._run(
            *("mount", "-t", "tmpfs", "-o", f"size={size}"),
            *("streamer", str(folder)),
        )
        # Lazily: a process that was killed may still be going.
        ends.callback(self._run, "umount", "--lazy", str(folder))
        self._other = folder / "other"

    @staticmethod
    def _run(*command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"

    def fill(self) -> None:
        """Take all the room that is left, to the last byte."""
        with self._other.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                while self._takes(file.fileno(), b"x" * size):
                    pass

    @staticmethod
    def _takes(file: int, data: bytes) -> bool:
        try:
            return os.write(file, data) == len(data)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False

    def empty(self) -> None:
        """Give the room back."""
        self._other.unlink()


@patient
@pytest.mark.parametrize("state", ["disk", "elsewhere"])
def test_nothing_is_lost_on_a_full_disk(ends, tmp_path, wire, state):
    disk = Disk(ends, tmp_path / "disk", "64m")
    (tmp_path / "elsewhere").mkdir()
    service = Streamerd(
        tmp_path / "streamerd.log",
        f"--log.path={disk.folder}/log",
        f"--state.path={tmp_path / state}/state",
        "--logging.level=info",
        "--state.save_interval=1s",
        "--state.save_events=50",
    )
    ends.callback(service.kill)
    service.start()
    writer = Writer(service)
    sessions = start_sessions(
        ends, service.target, tmp_path, g1={"all": 1}, g2={"a": 2, "b": 3}
    )
    plain = OldGateway(wire, service.target, tmp_path, "old")
    ends.callback(plain.stop)
    plain.start()
    wait_until(lambda: plain.is_subscribed, "the old gateway to subscribe")
    ends.callback(writer.abandon)
    writer.start()

    def await_change(count: Callable[[], int], more: int, what: str) -> None:
        before = count()
        wait_until(lambda: count() >= before + more, what)

    for hurt in (None, sessions[0], service) * max(1, ROUNDS // 10):
        await_change(lambda: writer.accepted, 300, "events to be written")
        disk.fill()
        await_change(lambda: writer.statuses[503], 40, "events to be refused")
        wait_until(lambda: service.get("/health/ready") == 503, "unready")
        if hurt is not None:
            hurt.kill()
        disk.empty()
        if hurt is not None:
            hurt.start()
        wait_until(lambda: service.get("/health/ready") == 200, "ready")
    histories = finish(writer, sessions, [plain])
    service.kill()
    assert_kept(disk.folder / "log", histories)
