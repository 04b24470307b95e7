"""The wall clock is thrown by hours while everything runs."""

from __future__ import annotations

import datetime
import itertools
import json
import random
import time
from contextlib import ExitStack

import pytest
from gateways import OldGateway, finish, start_sessions
from judge import assert_kept
from numbered_events import Writer
from rounds import ROUNDS, SEED, patient
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


class World:
    """A service under a clock, two sessions, an old gateway and a writer."""

    def __init__(self, ends, folder, wire) -> None:
        self.clock = WallClock(folder / "clock")
        self.service = Streamerd(
            folder / "streamerd.log",
            f"--log.path={folder}/log",
            "--logging.level=info",
            "--state.save_interval=1s",
            "--state.save_events=50",
            environment=self.clock.environment,
        )
        ends.callback(self.service.kill)
        self.service.start()
        self.writer = Writer(self.service)
        self.sessions = start_sessions(
            ends,
            self.service.target,
            folder,
            g1={"all": 1},
            g2={"a": 2, "b": 3},
        )
        self.stays, self.away = self.sessions
        self.plain = OldGateway(wire, self.service.target, folder, "old")
        self._log = folder / "log"
        ends.callback(self.plain.stop)
        self.plain.start()
        wait_until(
            lambda: self.plain.is_subscribed, "the old gateway to subscribe"
        )
        ends.callback(self.writer.abandon)
        self.writer.start()
        self.await_events()

    def await_events(self) -> None:
        """Wait until more events came to who stays."""
        target = self.writer.accepted + 300
        wait_until(
            lambda: self.writer.accepted >= target, "events to be written"
        )
        wait_until(lambda: self.stays.has_seen(f"e{target}"), "them to come")

    def end(self) -> None:
        """Let everybody get the last event; nothing may be wrong."""
        histories = finish(self.writer, self.sessions, [self.plain])
        self.service.kill()
        assert_kept(self._log, histories)


@pytest.fixture
def world(ends, tmp_path, wire):
    """All of it, running."""
    return World(ends, tmp_path, wire)


def throws(fewest: int) -> list[int]:
    """Draw by how many hours the clock is thrown, at least so many times."""
    dice = random.Random(SEED)
    more = max(0, ROUNDS // 3 - fewest)
    return [
        *itertools.islice(itertools.cycle((HOURS, -HOURS, 0)), fewest),
        *(dice.randint(-HOURS, HOURS) for _ in range(more)),
    ]


@patient
def test_nothing_is_disturbed_by_hours_forth_and_back(world):
    for hours in throws(3):
        # Its session waits for 60 s, its subscriptions live for an hour.
        world.away.kill()
        world.clock.throw(hours)
        world.await_events()
        world.away.start()
        world.away.wait_subscribed()
        assert abs(hours_off(world.service) - hours) < 0.1
        world.await_events()
    world.end()
    # To the old gateway nothing happened at all.
    assert world.plain.streams == 1


@patient
def test_nothing_is_lost_by_restarts_hours_forth_and_back(world):
    service = world.service
    ends = itertools.cycle((service.kill, service.stop))
    for hours, end in zip(throws(4), ends, strict=False):
        # Both sessions, with what they have not acknowledged, and all their
        # subscriptions are found again, whatever time it is then.
        world.away.kill()
        end()
        world.clock.throw(hours)
        service.start()
        assert abs(hours_off(service) - hours) < 0.1
        world.await_events()
        world.away.start()
        world.away.wait_subscribed()
        world.await_events()
    world.end()
