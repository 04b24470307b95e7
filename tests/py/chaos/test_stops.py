"""Gateways stop reading for longer than the service waits for them.

What was theirs is kept in the log; to the others nothing happens.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest
from calls import active_subscriptions, samples
from gateways import OldGateway, SessionGateway, finish, start_sessions
from judge import assert_kept
from numbered_events import Writer
from rounds import ROUNDS, patient
from streamerd import Streamerd, wait_until

BEHIND = 'streamer_sessions{state="behind"}'
OF_SESSIONS = 3
# A multiple of all divisors of the sessions, so all get such an event.
COMMON = 6


@pytest.fixture
def ends():
    """Ends in reverse order what was begun."""
    with ExitStack() as stack:
        yield stack


@patient
def test_nothing_is_lost_by_gateways_that_stop_reading(ends, tmp_path, wire):
    service = Streamerd(
        tmp_path / "streamerd.log",
        f"--log.path={tmp_path}/log",
        "--outbox.max_deliveries=300",
        "--gateway.stall_timeout=1s",
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
    ends.callback(writer.abandon)
    writer.start()

    def await_newest(gateway: SessionGateway) -> None:
        newest = (writer.accepted // COMMON + 1) * COMMON
        wait_until(lambda: gateway.has_seen(f"e{newest}"), "events to come")

    for round_number in range(max(1, ROUNDS // 3)):
        wait_until(lambda: plain.is_subscribed, "the old gateway to subscribe")
        stopped, stays = sessions[:: -1 if round_number % 2 else 1]
        streams = plain.streams
        stopped.signal(signal.SIGSTOP)
        plain.stop_reading()
        wait_until(lambda: samples(service)[BEHIND] == 1, "it to be behind")
        wait_until(
            lambda: active_subscriptions(service) == OF_SESSIONS,
            "the old gateway to be cut off",
        )
        await_newest(stays)
        if round_number % 3 == 2:
            stopped.kill()
            stopped.start()
        else:
            stopped.signal(signal.SIGCONT)
        plain.go_on_reading()
        await_newest(stopped)
        wait_until(
            lambda many=streams: plain.streams > many,
            "the old gateway to begin again",
        )
    histories = finish(writer, sessions, [plain])
    service.kill()
    assert_kept(tmp_path / "log", histories)
