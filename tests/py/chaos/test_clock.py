"""The wall clock is thrown by hours while everything runs.

The service runs under libfaketime, which adds what a file says to the wall
clock, and leaves the monotonic one alone as the kernel does.
"""

from __future__ import annotations

import datetime
import json
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from gateways import OldGateway, problems_at_the_end, start_sessions
from numbered_events import Writer
from streamerd import Streamerd, wait_until

HOURS = 9


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


class Clock:
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


def hours_off(service: Streamerd) -> float:
    """Return how many hours off the last line of its log is."""
    said = json.loads(service.log.splitlines()[-1])["time"]
    moment = datetime.datetime.fromisoformat(said).timestamp()
    return (moment - time.time()) / 3600


def test_nothing_is_disturbed_by_hours_forth_and_back(ends, tmp_path, wire):
    clock = Clock(tmp_path / "clock")
    service = Streamerd(
        tmp_path / "streamerd.log",
        f"--log.path={tmp_path}/log",
        "--logging.level=info",
        "--state.save_interval=1s",
        "--state.save_events=50",
        environment=clock.environment,
    )
    ends.callback(service.kill)
    service.start()
    writer = Writer(service)
    sessions = start_sessions(
        ends, service.target, tmp_path, g1={"all": 1}, g2={"a": 2, "b": 3}
    )
    stays, away = sessions
    plain = OldGateway(wire, service.target, lambda: writer.begun)
    ends.callback(plain.stop)
    plain.start()
    wait_until(lambda: plain.is_subscribed, "the old gateway to subscribe")
    ends.callback(writer.abandon)
    writer.start()

    def await_events() -> None:
        target = writer.accepted + 300
        wait_until(lambda: writer.accepted >= target, "events to be written")
        wait_until(lambda: stays.has_seen(f"e{target}"), "them to come")

    await_events()
    for hours in (HOURS, -HOURS, 0):
        # Its session waits for 60 s, its subscriptions live for an hour.
        away.kill()
        clock.throw(hours)
        await_events()
        away.start()
        away.wait_subscribed()
        assert abs(hours_off(service) - hours) < 0.1
        await_events()
    problems = problems_at_the_end(writer, sessions, [plain])
    assert not problems, problems
    # To the old gateway nothing happened at all.
    assert len(plain.streams) == 1
