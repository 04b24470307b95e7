"""Puller, streamer and gateways as processes, killed and stopped at random.

What the gateways wrote down is judged by the checker of the simulation, from
the logs of streamer and puller; no resync is excused. Beside the sessions there
are gateways that know the plain wire only. STREAMER_CHAOS_ROUNDS and
STREAMER_CHAOS_SEED choose how long and which; a failure names both.
"""

from __future__ import annotations

import random
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from gateways import (
    OldGateway,
    SessionGateway,
    finish,
    start_sessions,
)
from judge import assert_kept
from numbered_events import Writer
from rounds import ROUNDS, SEED, patient
from streamerd import Streamerd


@dataclass
class World:
    """All that runs."""

    puller: Streamerd
    streamer: Streamerd
    sessions: list[SessionGateway]
    plain: list[OldGateway]
    writer: Writer


@pytest.fixture
def world(tmp_path, wire):
    """Start a puller, a streamer and five gateways; end them."""
    with ExitStack() as ends:
        puller = Streamerd(
            tmp_path / "puller.log",
            "--roles=puller",
            f"--log.path={tmp_path}/p",
        )
        ends.callback(puller.kill)
        puller.start()
        streamer = Streamerd(
            tmp_path / "streamer.log",
            "--roles=streamer",
            f"--puller.address={puller.target}",
            "--puller.reconnect_backoff_max=200ms",
            f"--log.path={tmp_path}/s",
            "--outbox.max_deliveries=300",
            "--state.save_interval=1s",
            "--state.save_events=50",
        )
        ends.callback(streamer.kill)
        streamer.start()
        writer = Writer(puller)
        sessions = start_sessions(
            ends,
            streamer.target,
            tmp_path,
            g1={"all": 1, "third": 3},
            g2={"even": 2},
            g3={"a": 5, "b": 7, "c": 11},
        )
        plain = [
            OldGateway(wire, streamer.target, tmp_path, name)
            for name in ("old1", "old2")
        ]
        for gateway in plain:
            ends.callback(gateway.stop)
            gateway.start()
        ends.callback(writer.abandon)
        yield World(puller, streamer, sessions, plain, writer)


def hurt(dice, world):
    """Do one thing that happens to processes."""
    gateway = dice.choice(world.sessions)
    what = dice.randrange(6)
    if what == 0:
        world.puller.kill()
        time.sleep(dice.random() / 4)
        world.puller.start()
    elif what in (1, 2):
        world.streamer.kill()
        time.sleep(dice.random() / 4)
        world.streamer.start()
    elif what == 3:
        gateway.kill()
        time.sleep(dice.random() / 4)
        gateway.start()
    elif what == 4:
        gateway.signal(signal.SIGSTOP)
        time.sleep(dice.random())
        gateway.signal(signal.SIGCONT)
    else:
        dice.choice(world.plain).break_stream()


@patient
def test_nothing_is_lost_whatever_is_killed(world, tmp_path):
    dice = random.Random(SEED)
    world.writer.start()
    for _ in range(ROUNDS):
        time.sleep(dice.random() / 2)
        hurt(dice, world)
    histories = finish(world.writer, world.sessions, world.plain)
    world.streamer.kill()
    world.puller.kill()
    assert_kept(
        tmp_path / "s",
        histories,
        *("--source", tmp_path / "p"),
    )
