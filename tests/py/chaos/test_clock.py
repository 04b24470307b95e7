"""The wall clock is thrown by hours while everything runs."""

from __future__ import annotations

import datetime
import json
import time
from contextlib import ExitStack

import pytest
from gateways import OldGateway, problems_at_the_end, start_sessions
from numbered_events import Writer
from streamerd import Streamerd, wait_until
from wall_clock import WallClock

HOURS = 9


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


def hours_off(service: Streamerd) -> float:
    """Return how many hours off the last line of its log is."""
    said = json.loads(service.log.splitlines()[-1])["time"]
    moment = datetime.datetime.fromisoformat(said).timestamp()
    return (moment - time.time()) / 3600


def test_nothing_is_disturbed_by_hours_forth_and_back(ends, tmp_path, wire):
    clock = WallClock(tmp_path / "clock")
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
